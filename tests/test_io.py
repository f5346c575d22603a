"""Weight files: what goes in comes out, and hostile files do no harm."""

from __future__ import annotations

import io
import json
import os
import pickle
import struct
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from einkorn import io as ekio
from einkorn.io import WeightFileError, atomic_path, load, load_with_metadata, save

SUFFIXES = (".safetensors", ".npz")
DTYPES = ("?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8", "c8")


@pytest.fixture(params=SUFFIXES)
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / f"weights{request.param}"


def awkward_layouts() -> st.SearchStrategy[np.ndarray]:
    """Arrays of every dtype, transposed, strided, reversed, broadcast, of either byte order."""
    dtypes = st.sampled_from(DTYPES).flatmap(
        lambda code: st.sampled_from([np.dtype(code), np.dtype(code).newbyteorder(">")])
    )
    shapes = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5)
    arrays = dtypes.flatmap(lambda dtype: hnp.arrays(dtype, shapes))

    def view(array: np.ndarray, draw: st.DrawFn) -> np.ndarray:
        array = array.transpose(draw(st.permutations(range(array.ndim))))
        steps = [draw(st.sampled_from([1, 2, -1, -2])) for _ in range(array.ndim)]
        array = array[tuple(slice(None, None, step) for step in steps)]
        if draw(st.booleans()):
            array = np.broadcast_to(array, (2, *array.shape))
        return array

    @st.composite
    def viewed(draw: st.DrawFn) -> np.ndarray:
        return view(draw(arrays), draw)

    return viewed()


@pytest.mark.parametrize("suffix", SUFFIXES)
@given(array=awkward_layouts())
def test_any_layout_survives(suffix: str, array: np.ndarray) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, f"weights{suffix}")
        save({"array": array}, file)
        loaded = load(file)["array"]
    assert loaded.shape == array.shape
    assert loaded.dtype == array.dtype.newbyteorder("=")
    assert loaded.flags.c_contiguous and loaded.flags.writeable and loaded.dtype.isnative
    assert loaded.tobytes() == np.array(array, loaded.dtype, order="C").tobytes()


def test_names_and_metadata_survive(path: Path) -> None:
    arrays = {"conv.weight": np.ones((2, 3), np.float32), "ä/b c": np.arange(3), "": np.array(2.0)}
    save(arrays, path, metadata={"epoch": "3", "größe": "ß\n"})
    loaded, metadata = load_with_metadata(path)
    assert metadata == {"epoch": "3", "größe": "ß\n"}
    assert loaded.keys() == arrays.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(loaded[name], array)


def test_no_metadata_is_an_empty_dictionary(path: Path) -> None:
    save({"a": np.zeros(1)}, path)
    assert load_with_metadata(path)[1] == {}


def test_tensors_are_saved_by_their_array(path: Path) -> None:
    torch = pytest.importorskip("torch")
    value = torch.arange(6.0).reshape(2, 3).t().requires_grad_()
    save({"t": value}, path)
    np.testing.assert_array_equal(load(path)["t"], value.detach().numpy())


def test_equal_weights_give_equal_files(path: Path) -> None:
    arrays = {"a": np.arange(5.0), "b": np.zeros((2, 2), np.int64)}
    save(arrays, path)
    first = path.read_bytes()
    save(arrays, path)
    assert path.read_bytes() == first


def test_numpy_reads_our_npz_and_we_read_numpys(tmp_path: Path) -> None:
    save({"file": np.eye(3)}, tmp_path / "ours.npz")
    with np.load(tmp_path / "ours.npz", allow_pickle=False) as archive:
        np.testing.assert_array_equal(archive["file"], np.eye(3))
    np.savez_compressed(tmp_path / "theirs.npz", f=np.asfortranarray(np.ones((2, 3))))
    loaded = load(tmp_path / "theirs.npz")
    np.testing.assert_array_equal(loaded["f"], np.ones((2, 3)))
    assert loaded["f"].flags.c_contiguous


def test_other_packages_read_our_safetensors(tmp_path: Path) -> None:
    from safetensors.numpy import load_file

    save({"a": np.arange(6.0).reshape(2, 3).T}, tmp_path / "a.safetensors")
    np.testing.assert_array_equal(
        load_file(tmp_path / "a.safetensors")["a"], np.arange(6.0).reshape(2, 3).T
    )


@pytest.mark.parametrize(
    ("arrays", "error", "message"),
    [
        ({"a": np.array([None])}, TypeError, r"arrays\['a'\]: dtype object"),
        ({"a": np.array(["text"])}, TypeError, r"arrays\['a'\]: dtype <U4"),
        ({"a": np.zeros(2, np.longdouble)}, TypeError, "cannot be saved"),
        ({"a": np.zeros(2, "f4,i4")}, TypeError, "cannot be saved"),
        ({1: np.zeros(2)}, TypeError, "names must be str, got 1"),
        ([np.zeros(2)], TypeError, "arrays: expected a mapping of names, got list"),
        ({"__metadata__": np.zeros(2)}, ValueError, "reserved"),
        ({"a\0b": np.zeros(2)}, ValueError, "NUL"),
    ],
)
def test_what_cannot_be_saved_is_refused(
    path: Path, arrays: dict, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        save(arrays, path)
    assert list(path.parent.iterdir()) == []


def test_metadata_must_be_text(path: Path) -> None:
    with pytest.raises(TypeError, match="metadata: expected str to str, got 'epoch': 3"):
        save({}, path, metadata={"epoch": 3})


def test_metadata_too_long_to_be_read_again_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="too much metadata"):
        save({}, tmp_path / "a.safetensors", metadata={"a": "x" * ekio.MAX_HEADER_BYTES})
    assert list(tmp_path.iterdir()) == []


def test_complex128_is_refused_by_safetensors_and_held_by_npz(tmp_path: Path) -> None:
    value = {"a": np.array([1 + 2j])}
    with pytest.raises(TypeError, match="safetensors cannot hold"):
        save(value, tmp_path / "a.safetensors")
    save(value, tmp_path / "a.npz")
    assert load(tmp_path / "a.npz")["a"] == 1 + 2j


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_text("old")
    with pytest.raises(RuntimeError), atomic_path(target) as temporary:
        Path(temporary).write_text("half")
        raise RuntimeError
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.npz").touch()
    (tmp_path / "link.npz").symlink_to(tmp_path / "real.npz")
    save({"a": np.ones(1)}, tmp_path / "link.npz")
    assert (tmp_path / "link.npz").is_symlink()
    assert load(tmp_path / "real.npz")["a"] == 1


def test_file_mode_follows_the_umask(path: Path) -> None:
    old = os.umask(0o027)
    try:
        save({"a": np.ones(1)}, path)
    finally:
        os.umask(old)
    assert path.stat().st_mode & 0o777 == 0o640


def test_without_safetensors_the_error_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    with pytest.raises(ImportError, match=r'pip install "einkorn\[run\]"'):
        save({}, tmp_path / "a.safetensors")


# --- hostile files ------------------------------------------------------------------------------


def safetensors_bytes(header: object, data: bytes = b"") -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def entry(dtype: str, shape: list[int], start: int, stop: int) -> dict:
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, stop]}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x01\x02",
        struct.pack("<Q", 2**63) + b"{}",
        struct.pack("<Q", 100) + b"{}",
        safetensors_bytes([]),
        safetensors_bytes({"a": entry("F32", [2**40], 0, 2**42)}),
        safetensors_bytes({"a": entry("F32", [2**62, 2**62], 0, 0)}),
        safetensors_bytes({"a": entry("F32", [0, 2**62], 0, 0)}),
        safetensors_bytes({"a": entry("F32", [1] * 100, 0, 4)}, bytes(4)),
        safetensors_bytes({"a": entry("F32", [2], 0, 8), "b": entry("F32", [2], 0, 8)}, bytes(8)),
        safetensors_bytes({"a": entry("F32", [-1], 0, 4)}, bytes(4)),
        safetensors_bytes({"a": entry("O", [1], 0, 8)}, bytes(8)),
        safetensors_bytes({"a": entry("BF16", [2], 0, 4)}, bytes(4)),
        safetensors_bytes({"a": entry("F8_E4M3", [2], 0, 2)}, bytes(2)),
        safetensors_bytes({"__metadata__": {"a": 1}}),
    ],
)
def test_forged_safetensors(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "forged.safetensors"
    path.write_bytes(content)
    with pytest.raises(WeightFileError, match=r"forged\.safetensors"):
        load(path)


def test_oversized_safetensors_header(tmp_path: Path) -> None:
    path = tmp_path / "long.safetensors"
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", ekio.MAX_HEADER_BYTES + 1))
        file.truncate(ekio.MAX_HEADER_BYTES + 100)
    with pytest.raises(WeightFileError, match="exceeds the limit"):
        load(path)


def npy_bytes(header: str, data: bytes = b"", version: tuple[int, int] = (1, 0)) -> bytes:
    text = header.encode("latin1") + b"\n"
    length = struct.pack("<H" if version == (1, 0) else "<I", len(text))
    return b"\x93NUMPY" + bytes(version) + length + text + data


def write_zip(path: Path, *members: tuple[str, bytes], compression: int = 0) -> None:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members:
            archive.writestr(name, content)


def pickled_npy() -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.array([{}], object), allow_pickle=True)
    return buffer.getvalue()


HEADER = "{{'descr': '{}', 'fortran_order': False, 'shape': {}, }}"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (npy_bytes(HEADER.format("<f4", "(1099511627776,)")), "needs 4398046511104 bytes"),
        (npy_bytes(HEADER.format("<f4", f"({2**62}, {2**62})")), "bytes"),
        (npy_bytes(HEADER.format("<f4", f"(0, {2**62})")), "not a valid weight file"),
        (npy_bytes(HEADER.format("<f4", "(-1, -1)"), bytes(4)), r"shape \(-1, -1\)"),
        (npy_bytes(HEADER.format("<f4", "(2,)"), bytes(4)), "needs 8 bytes"),
        (npy_bytes(HEADER.format("<f4", "(2,)"), bytes(12)), "the member holds 12"),
        (npy_bytes(HEADER.format("|O", "(1,)"), pickle.dumps([1])), "dtype object is refused"),
        (npy_bytes(HEADER.format("<U4", "(1,)"), bytes(16)), "dtype <U4 is refused"),
        (npy_bytes(HEADER.format("<f4", "(" * 4000)), "not a valid weight file"),
        (npy_bytes(HEADER.format("<f4", "(2,)"), bytes(8), version=(9, 9)), "version"),
        (pickled_npy(), "dtype object is refused"),
        (b"", "not a valid weight file"),
    ],
)
def test_forged_npy(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "forged.npz"
    write_zip(path, ("a.npy", content))
    with pytest.raises(WeightFileError, match=message):
        load(path)


@pytest.mark.parametrize("change", [0xFF, 0x80, 0x01])
def test_a_damaged_byte_anywhere_raises_our_error_or_nothing(path: Path, change: int) -> None:
    save({"a": np.arange(3.0)}, path)
    whole = path.read_bytes()
    refused = 0
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ change]) + whole[at + 1 :])
        try:
            load(path)
        except WeightFileError:
            refused += 1
    assert refused > 10


@pytest.mark.parametrize("name", ["a", "a.pkl", "folder/"])
def test_unexpected_npz_members(tmp_path: Path, name: str) -> None:
    path = tmp_path / "forged.npz"
    write_zip(path, (name, b""))
    with pytest.raises(WeightFileError, match="unexpected member"):
        load(path)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_doubled_npz_members(tmp_path: Path) -> None:
    path = tmp_path / "forged.npz"
    content = npy_bytes(HEADER.format("<f4", "(1,)"), bytes(4))
    write_zip(path, ("a.npy", content), ("a.npy", content))
    with pytest.raises(WeightFileError, match="unexpected member"):
        load(path)


@pytest.mark.parametrize("compression", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compressions_are_refused(tmp_path: Path, compression: int) -> None:
    path = tmp_path / "a.npz"
    content = npy_bytes(HEADER.format("<f4", "(1,)"), bytes(4))
    write_zip(path, ("a.npy", content), compression=compression)
    with pytest.raises(WeightFileError, match="compression"):
        load(path)


def test_npz_metadata_must_be_a_dictionary(tmp_path: Path) -> None:
    for text in (b"[1]", b"{", b'{"a": 1}'):
        np.savez(tmp_path / "a.npz", __metadata__=np.frombuffer(text, np.uint8))
        with pytest.raises(WeightFileError, match=r"metadata|valid"):
            load(tmp_path / "a.npz")


def test_npz_bombs_need_the_callers_trust(tmp_path: Path) -> None:
    path = tmp_path / "bomb.npz"
    np.savez_compressed(path, a=np.zeros(10_000_000))
    assert path.stat().st_size < 200_000
    with pytest.raises(WeightFileError, match=r"take 80000\d{3} bytes, more than the limit"):
        load(path)
    assert load(path, max_bytes=81_000_000)["a"].shape == (10_000_000,)


def test_max_bytes_holds_for_both_formats(path: Path) -> None:
    save({"a": np.zeros(1000)}, path)
    assert load(path, max_bytes=9000)["a"].shape == (1000,)
    with pytest.raises(WeightFileError, match="limit of 7999"):
        load(path, max_bytes=7999)
    with pytest.raises(ValueError, match="max_bytes: expected a size of at least 0, got -1"):
        load(path, max_bytes=-1)


def test_every_truncation_is_noticed(path: Path) -> None:
    save({"a": np.arange(20.0), "b": np.ones((2, 2), np.float32)}, path)
    content = path.read_bytes()
    for length in range(len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(WeightFileError):
            load(path)


def test_missing_files_and_folders_are_os_errors(path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load(path)
    with pytest.raises(FileNotFoundError):
        save({}, path.parent / "nowhere" / path.name)


FUZZ = """
import resource, sys, warnings
import numpy as np
from einkorn.io import WeightFileError, load

path, seed, rounds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
warnings.simplefilter("ignore")
valid = open(path, "rb").read()
load(path)
# A forged size that got through to an allocation fails here instead of filling the machine.
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (128 << 20),) * 2)
rng = np.random.default_rng(seed)
special = np.array([0, 1, 0x7F, 0x80, 0xFF, ord("9"), ord("-"), ord('"'), ord("{")], np.uint8)
refused = 0
for _ in range(rounds):
    content = np.frombuffer(valid, np.uint8).copy()
    where = rng.integers(0, len(content), rng.integers(1, 5))
    if rng.random() < 0.5:
        content[where] = rng.choice(special, len(where))
    else:
        content[where] ^= (1 << rng.integers(0, 8, len(where))).astype(np.uint8)
    content = content.tobytes()
    if rng.random() < 0.2:
        content = content[: rng.integers(0, len(content))]
    elif rng.random() < 0.1:
        content = content + content[: rng.integers(0, len(content))]
    with open(path, "wb") as file:
        file.write(content)
    try:
        load(path)
    except (WeightFileError, OSError):
        refused += 1
print(refused)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("seed", [1, 2])
def test_mutated_files_raise_only_our_error(path: Path, seed: int) -> None:
    save({"weight": np.arange(6.0).reshape(2, 3), "n": np.array(3)}, path, metadata={"a": "b"})
    rounds = 2000
    run = subprocess.run(
        [sys.executable, "-c", FUZZ, str(path), str(seed), str(rounds)],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert int(run.stdout) > rounds / 4


def test_loading_needs_memory_for_the_arrays_only(path: Path) -> None:
    array = np.ones(8_000_000)
    save({"a": array}, path)
    script = (
        "import resource, sys, safetensors.numpy\n"
        "from einkorn.io import load\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "load(sys.argv[1])\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, timeout=60
    )
    assert run.returncode == 0, run.stderr
    assert int(run.stdout) * 1024 < 2.5 * array.nbytes
