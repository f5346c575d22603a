import numpy as np
import pytest

from einkorn import cli
from einkorn.io import load
from einkorn.models import lenet5
from einkorn.runs import _digits

PNG = b"\x89PNG\r\n\x1a\n"
SEEDS = range(5)


def accuracies(printed):
    """Give the percentages on lines about test accuracy."""
    return [float(line.split()[2]) for line in printed.splitlines() if line.startswith("test acc")]


def write_idx(path, array):
    sizes = np.array(array.shape, ">u4").tobytes()
    path.write_bytes(bytes([0, 0, 8, array.ndim]) + sizes + array.astype(np.uint8).tobytes())


@pytest.fixture
def idx_folder(tmp_path):
    """Two classes of 28×28 images, dark and bright, as MNIST files."""
    folder = tmp_path / "mnist"
    folder.mkdir()
    for prefix, count in (("train", 64), ("t10k", 16)):
        labels = np.arange(count) % 2
        images = np.broadcast_to(labels[:, None, None] * 200, (count, 28, 28))
        write_idx(folder / f"{prefix}-images-idx3-ubyte", images)
        write_idx(folder / f"{prefix}-labels-idx1-ubyte", labels)
    return folder


def test_writes_pictures_history_and_weights(tmp_path, capsys):
    assert cli.main(["run", "lenet", "--epochs", "1", "--out", str(tmp_path)]) == 0
    for name in ("history.png", "confusion.png", "misread.png"):
        assert (tmp_path / name).read_bytes().startswith(PNG)
    header, row = (tmp_path / "history.csv").read_text().splitlines()
    assert header == "epoch,loss,accuracy,valid_loss,valid_accuracy,lr,seconds"
    assert row.startswith("1,")
    assert len(accuracies(capsys.readouterr().out)) == 2


def test_weights_give_the_accuracy_that_was_printed(tmp_path, capsys):
    arguments = ["run", "lenet", "--original", "--epochs", "2", "--out", str(tmp_path)]
    assert cli.main(arguments) == 0
    model = lenet5()
    model.load_state_dict(load(tmp_path / "weights.safetensors"))
    images, labels = _digits.held_out_quarter(None)[1][:]
    right = np.mean(model(images).numpy().argmax(axis=1) == labels)
    assert f"{100 * right:.2f}" == f"{accuracies(capsys.readouterr().out)[0]:.2f}"


def test_takes_mnist_files(idx_folder, tmp_path, capsys):
    out = tmp_path / "out"
    arguments = ["run", "lenet", "--data", str(idx_folder), "--epochs", "20", "--out", str(out)]
    assert cli.main(arguments) == 0
    printed = capsys.readouterr().out
    assert accuracies(printed) == [100.0]
    assert "16 held-out digits" in printed
    assert not (out / "unseen-writers").exists()


def test_held_out_digits_are_a_quarter_of_each_class_and_not_trained_on():
    train, test = _digits.held_out_quarter(None)
    assert len(train) + len(test) == 1797
    for label in range(10):
        kept, held_out = (np.sum(part.arrays[1] == label) for part in (train, test))
        assert held_out / (kept + held_out) == pytest.approx(0.25, abs=0.01)
    seen = {image.tobytes() for image in train.arrays[0]}
    assert sum(image.tobytes() in seen for image in test.arrays[0]) == 0


@pytest.mark.slow
def test_reads_digits(tmp_path, capsys):
    """Mean and worst accuracy over the seeds, and on writers never seen."""
    for seed in SEEDS:
        assert cli.main(["run", "lenet", "--seed", str(seed), "--out", str(tmp_path)]) == 0
    figures = np.reshape(accuracies(capsys.readouterr().out), (len(SEEDS), 2))
    held_out, unseen = figures.T
    assert held_out.mean() >= 98.5 and held_out.min() >= 98.0
    assert unseen.mean() >= 97.0
