"""Whatever bears a PyTorch name does what PyTorch's does, on PyTorch's own sample inputs.

One test a namesake; ``pytest tests/test_namesakes.py -k cumsum`` runs one. Of each dtype and
variant at most LIMIT samples are taken, at even distances through PyTorch's list;
``python -m einkorn.testing.namesakes`` takes all.
"""

import importlib.util
from pathlib import Path

import pytest

from einkorn.testing import namesakes
from einkorn.testing.namesakes.differences import page

LIMIT = 24
PAGE = Path(__file__).parent.parent / "docs" / "differences.md"
FOUND = namesakes.families() if importlib.util.find_spec("torch") else {}
NAMESAKES = [(family, name) for family, names in FOUND.items() for name in names]
#: Those that do not pass yet. The mark is strict: what passes has to leave.
FAILING = set((Path(__file__).parent / "namesakes_failing.txt").read_text().split())


@pytest.mark.parametrize(
    ("family", "name"),
    [
        pytest.param(
            family,
            name,
            id=name,
            marks=[pytest.mark.xfail(strict=True)] if name in FAILING else [],
        )
        for family, name in NAMESAKES
    ],
)
def test_namesake(family, name):
    outcome = namesakes.outcome(family, name, LIMIT)
    assert outcome.samples
    assert not outcome.first


@pytest.mark.skipif(not PAGE.is_file(), reason="needs the source tree")
def test_page_of_differences_is_current():
    assert PAGE.read_text() == page()
