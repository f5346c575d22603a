"""The floors hold for Cython modules too, which import-linter does not read."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src"
# Modules of a floor may import those of their own and of earlier ones.
FLOORS = [
    {"kernels", "io", "_version"},
    {"autograd"},
    {"func", "nn", "optim"},
    {"data", "metrics", "train"},
    {"models"},
    {"interop"},
    {"benchmark", "runs", "cli", "__main__"},
]
IMPORT = re.compile(r"^\s*(?:from|import|cimport)\s+einkorn(?:\.(\w+))?", re.MULTILINE)

pytestmark = pytest.mark.skipif(not SOURCE.is_dir(), reason="needs the source tree")


def floor_of(package):
    return next(i for i, packages in enumerate(FLOORS) if package in packages)


def cython_files():
    return sorted(p for p in SOURCE.rglob("*.p[yx][xd]") if p.suffix in (".pyx", ".pxd"))


def test_there_are_cython_files_to_check():
    assert len(cython_files()) > 3


@pytest.mark.parametrize("path", cython_files(), ids=lambda p: str(p.relative_to(SOURCE)))
def test_cython_module_imports_downward(path):
    package = path.relative_to(SOURCE / "einkorn").parts[0]
    own = floor_of(package)
    for imported in IMPORT.findall(path.read_text()):
        assert imported, f"{path}: imports the whole package from inside it"
        assert floor_of(imported) <= own, f"{path}: imports einkorn.{imported} from above"


def test_kernels_know_nothing_of_python():
    sources = [p for p in (ROOT / "kernels").rglob("*") if p.suffix in (".c", ".h", ".inc")]
    assert sources
    for path in sources:
        assert not re.search(r"#include\s*[<\"](Python\.h|numpy/)", path.read_text()), path


def test_only_the_team_knows_threads():
    # The allocator's lock has to be told of forks; it starts nothing.
    owners = {"team", "memory"}
    for path in (ROOT / "kernels").rglob("*"):
        if path.suffix in (".c", ".h", ".inc") and path.parent.name not in owners:
            text = path.read_text()
            assert not re.search(r"#\s*pragma\s+omp|<(omp|pthread|threads)\.h>", text), path
