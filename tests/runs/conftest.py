"""What the tests of runs share."""

import pytest

import einkorn
from einkorn.data import TextCorpus, Vocabulary
from einkorn.data.text import ASCII, REPLACEMENT
from einkorn.runs import charrnn
from einkorn.testing.threads import kernel_threads


@pytest.fixture(autouse=True)
def _same_thread_count_afterwards():
    with kernel_threads(einkorn.get_num_threads()):
        yield


@pytest.fixture
def small_corpus(monkeypatch, tmp_path):
    """Some 20,000 characters in place of the standard library."""
    root = tmp_path / "library"
    root.mkdir()
    for number in range(8):
        lines = (f"def power_{i}(x):\n    return x ** {i + number}\n" for i in range(60))
        (root / f"module_{number}.py").write_text("\n".join(lines), encoding="utf-8")
    names = [path.name for path in root.iterdir()]
    corpus = TextCorpus(
        root, names, Vocabulary(ASCII, unknown=REPLACEMENT), held_out=lambda name: "7" in name
    )
    monkeypatch.setattr(charrnn, "stdlib_corpus", lambda: corpus)
    return corpus
