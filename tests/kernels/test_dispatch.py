"""The choice of kernel variants, and that each variant is compiled for its instruction set."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from einkorn import kernels
from einkorn.kernels import _core

# A register that only code for the instruction set names.
REGISTERS = {"neon": r"v\d+\.(4s|2d)", "avx2": r"%ymm\d", "avx512": r"%zmm\d"}


def disassemble(symbol_pattern):
    listing = subprocess.run(
        ["objdump", "-d", "--no-show-raw-insn", _core.__file__],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    bodies = {}
    for body in listing.split("\n\n"):
        name = re.search(r"<([^>]+)>:$", body, re.MULTILINE)
        if name and re.search(symbol_pattern, name[1]):
            bodies[name[1]] = body
    return bodies


@pytest.mark.skipif(shutil.which("objdump") is None, reason="objdump is not installed")
@pytest.mark.parametrize("isa", kernels.isa_variants()[1:])
def test_variant_is_compiled_for_its_instruction_set(isa):
    bodies = disassemble(rf"tile_6_whole_f(32|64)_{isa}")
    assert len(bodies) == 2
    for name, body in bodies.items():
        assert re.search(REGISTERS[isa], body), name


@pytest.mark.skipif(shutil.which("objdump") is None, reason="objdump is not installed")
def test_scalar_variant_needs_no_extension():
    bodies = disassemble(r"_scalar(\.|$)")
    assert bodies
    for name, body in bodies.items():
        assert not re.search(r"%[yz]mm\d", body), name


def test_variants_begin_with_the_oracle_and_include_the_one_in_use():
    variants = kernels.isa_variants()
    assert variants[0] == "scalar"
    assert kernels.isa() in variants


def test_force_isa_switches_and_reports_the_previous_one():
    before = kernels.isa()
    try:
        assert _core.force_isa("scalar") == before
        assert kernels.isa() == "scalar"
    finally:
        _core.force_isa(before)


def test_force_isa_names_the_choices():
    with pytest.raises(ValueError, match="scalar"):
        _core.force_isa("sse9")


def test_environment_forces_a_variant():
    code = "from einkorn import kernels; print(kernels.isa())"
    result = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"EINKORN_ISA": "scalar", "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
    )
    assert result.stdout.strip() == "scalar", result.stderr


needs_pool = pytest.mark.skipif(
    "EINKORN_SANITIZE" in os.environ, reason="sanitizer builds allocate each array by itself"
)


@needs_pool
def test_cache_serves_a_repeated_request_and_can_be_emptied():
    kernels.empty_cache()
    a = np.ones((256, 256), dtype=np.float32)
    kernels.matmul(a, a)
    before = kernels.memory_statistics()
    kernels.matmul(a, a)
    after = kernels.memory_statistics()
    assert after["hits"] > before["hits"]
    assert after["misses"] == before["misses"]
    assert after["cached"] > 0
    kernels.empty_cache()
    assert kernels.memory_statistics()["cached"] == 0


def test_cache_is_bounded():
    limit = kernels.memory_statistics()["limit"]
    a = np.ones((512, 512), dtype=np.float32)
    try:
        kernels.set_cache_limit(0)
        kernels.matmul(a, a)
        assert kernels.memory_statistics()["cached"] == 0
    finally:
        kernels.set_cache_limit(limit)


@needs_pool
def test_a_full_cache_gives_up_what_waited_longest():
    limit = kernels.memory_statistics()["limit"]
    once, often = np.ones(3 << 18, np.float32), np.ones(1 << 18, np.float32)
    try:
        kernels.empty_cache()
        kernels.set_cache_limit(4 << 20)
        kernels.relu(once)
        for _ in range(2):
            kernels.relu(often)
        before = kernels.memory_statistics()
        kernels.relu(often)
        after = kernels.memory_statistics()
        assert after["misses"] == before["misses"]
        assert 0 < after["cached"] <= 4 << 20
        kernels.set_cache_limit(1 << 20)
        assert kernels.memory_statistics()["cached"] == 0
    finally:
        kernels.set_cache_limit(limit)


@pytest.mark.skipif(
    not Path("/sys/kernel/mm/transparent_hugepage").exists(), reason="no large pages to ask for"
)
def test_large_blocks_ask_for_large_pages():
    kernels.empty_cache()
    y = kernels.relu(np.ones(3 << 20, np.float32))
    ranges = re.compile("([0-9a-f]+)-([0-9a-f]+) ")
    holds = False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        if found := ranges.match(line):
            first, last = (int(end, 16) for end in found.groups())
            holds = first <= y.ctypes.data + y.nbytes // 2 < last
        elif holds and line.startswith("VmFlags:"):
            assert "hg" in line.split()
            return
    pytest.fail("the result lies in no range of memory")


@pytest.mark.parametrize("bad", [-1, 2**63, 1.5, "1"])
def test_cache_limit_out_of_range(bad):
    with pytest.raises(ValueError, match="n: expected"):
        kernels.set_cache_limit(bad)


def test_results_outlive_the_scratch_they_share_the_allocator_with():
    a = np.random.default_rng(0).standard_normal((200, 200))
    first = kernels.matmul(a, a)
    copy = first.copy()
    for _ in range(3):
        kernels.matmul(a, a)
    np.testing.assert_array_equal(first, copy)
