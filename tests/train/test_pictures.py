from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from einkorn.train import History, plot_confusion_matrix, plot_history, plot_images

matplotlib = pytest.importorskip("matplotlib")


def pixels(path: Path) -> np.ndarray:
    """Give a picture as (H, W, 3), having checked that something is drawn on it."""
    from matplotlib.image import imread

    picture = imread(path)[..., :3]
    assert picture.std() > 0.01
    return picture


ROWS = [
    {"epoch": e, "loss": 1 / e, "valid_loss": 2 / e, "accuracy": 1 - 1 / e, "lr": 0.1, "seconds": 1}
    for e in range(1, 5)
]


def test_history_has_a_panel_for_each_figure(tmp_path: Path) -> None:
    History(ROWS).plot(tmp_path / "two.png")
    History([{"epoch": 1, "loss": 0.5}]).plot(tmp_path / "one.png")
    two, one = pixels(tmp_path / "two.png"), pixels(tmp_path / "one.png")
    assert two.shape[1] == 2 * one.shape[1]
    with pytest.raises(ValueError, match="at least one epoch"):
        plot_history([], tmp_path / "none.png")


def test_pictures_do_not_touch_pyplot(tmp_path: Path) -> None:
    before = set(sys.modules)
    plot_history(ROWS, tmp_path / "a.png")
    assert "matplotlib.pyplot" not in set(sys.modules) - before


def test_suffix_chooses_the_format(tmp_path: Path) -> None:
    plot_history(ROWS, tmp_path / "a.svg")
    assert "<svg" in (tmp_path / "a.svg").read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["a.svg"]


def test_confusion_matrix(tmp_path: Path) -> None:
    matrix = np.array([[50, 0, 1], [0, 2, 0], [0, 0, 0]])
    plot_confusion_matrix(matrix, tmp_path / "a.png", labels=["zero", "one", "two"])
    pixels(tmp_path / "a.png")
    with pytest.raises(ValueError, match="square"):
        plot_confusion_matrix(matrix[:2], tmp_path / "b.png")
    with pytest.raises(ValueError, match="labels: expected 3 of them, got 2"):
        plot_confusion_matrix(matrix, tmp_path / "b.png", labels=["a", "b"])


@pytest.mark.parametrize("shape", [(7, 1, 8, 8), (7, 3, 8, 8), (7, 8, 8)])
def test_sheets_of_images(tmp_path: Path, shape: tuple) -> None:
    images = np.random.default_rng(0).random(shape)
    plot_images(images, tmp_path / "a.png", columns=4, title="digits")
    plot_images(images, tmp_path / "b.png", captions=[str(n) for n in range(7)], columns=4)
    assert pixels(tmp_path / "a.png").shape[1] == pixels(tmp_path / "b.png").shape[1]


def test_images_are_drawn_in_their_grey(tmp_path: Path) -> None:
    plot_images(np.stack([np.zeros((8, 8)), np.full((8, 8), 3.0)]), tmp_path / "a.png")
    middle = pixels(tmp_path / "a.png")
    row = middle[middle.shape[0] // 2, :, 0]
    assert row[len(row) // 4] == 0
    assert row[3 * len(row) // 4] == 1


def test_an_empty_sheet_is_a_sheet(tmp_path: Path) -> None:
    plot_images(np.zeros((0, 1, 8, 8)), tmp_path / "a.png", captions=[], title="0 misread")
    pixels(tmp_path / "a.png")


def test_wrong_images(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"images: expected shape .* got \(2, 2, 8, 8\)"):
        plot_images(np.zeros((2, 2, 8, 8)), tmp_path / "a.png")
    with pytest.raises(ValueError, match="captions: expected 2 of them, got 1"):
        plot_images(np.zeros((2, 8, 8)), tmp_path / "a.png", captions=["a"])
    with pytest.raises(ValueError, match="columns"):
        plot_images(np.zeros((2, 8, 8)), tmp_path / "a.png", columns=0)
    assert list(tmp_path.iterdir()) == []


def test_without_matplotlib_the_error_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r'pip install "einkorn\[run\]"'):
        plot_history(ROWS, tmp_path / "a.png")
