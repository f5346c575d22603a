import sys

import pytest

from einkorn import cli, kernels
from einkorn.benchmark import measure as measuring
from einkorn.benchmark.alternate import ResultsDifferError
from einkorn.benchmark.results import Results
from einkorn.train.pictures import new_figure

PNG = b"\x89PNG"


def bench(folder, *arguments):
    return cli.main(["bench", "--family", "loss", "--quick", "--out", str(folder), *arguments])


def test_quick_run_writes_a_page_and_a_picture(tmp_path, capsys):
    before = kernels.get_num_threads()
    assert bench(tmp_path, "--threads", "1") == 0
    assert kernels.get_num_threads() == before
    page = (tmp_path / "report.md").read_text()
    machine = Results.load(tmp_path / "results.jsonl").machine
    for fact in (machine["processor"], kernels.isa(), machine["versions"]["numpy"]):
        assert fact in page
    assert "| loss cross_entropy, forward and gradient | numpy | stock |" in page
    assert "(roofline.png)" in page
    assert (tmp_path / "roofline.png").read_bytes().startswith(PNG)
    assert str(tmp_path / "report.md") in capsys.readouterr().out


def test_peers_that_are_not_installed_are_left_out(tmp_path, monkeypatch):
    from einkorn.benchmark import peers

    monkeypatch.setattr(peers, "INSTALLED", {"einkorn"})
    assert bench(tmp_path, "--threads", "1") == 0
    (row,) = Results.load(tmp_path / "results.jsonl").rows.values()
    assert row.peers() == []


def test_ctrl_c_keeps_what_was_measured(tmp_path, monkeypatch, capsys):
    once = iter([measuring.seconds])

    def interrupted(*arguments):
        try:
            return next(once)(*arguments)
        except StopIteration:
            raise KeyboardInterrupt from None

    monkeypatch.setattr(measuring, "seconds", interrupted)
    assert bench(tmp_path, "--threads", "1", "--threads", "2") == 130
    assert str(tmp_path / "report.md") in capsys.readouterr().err
    assert len(Results.load(tmp_path / "results.jsonl").rows) == 1
    assert (tmp_path / "report.md").exists()
    monkeypatch.undo()
    assert bench(tmp_path, "--threads", "1", "--threads", "2", "--resume") == 0
    assert {row.threads for row in Results.load(tmp_path / "results.jsonl").rows.values()} == {1, 2}


def test_ctrl_c_before_the_first_row_writes_no_report(tmp_path, monkeypatch):
    def interrupted(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(measuring, "seconds", interrupted)
    assert bench(tmp_path) == 130
    assert not (tmp_path / "report.md").exists()


def test_a_wrong_result_is_told_and_left_out(tmp_path, monkeypatch, capsys):
    def wrong(run):
        raise ResultsDifferError("torch: differs")

    monkeypatch.setattr(measuring, "validate", wrong)
    assert bench(tmp_path, "--threads", "1") == 0
    assert "torch: differs" in capsys.readouterr().out
    assert not Results.load(tmp_path / "results.jsonl").rows


@pytest.mark.parametrize("package", ["matplotlib", "rich"])
def test_missing_package_names_the_extra(package, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, package, None)  # makes every import of it fail
    assert bench(tmp_path / "out") == 1
    assert 'pip install "einkorn[run]"' in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("arguments", [["--family", "loss1"], ["--threads", "0"]])
def test_wrong_arguments(arguments, capsys):
    with pytest.raises(SystemExit) as leave:
        cli.main(["bench", *arguments])
    assert leave.value.code == 2
    assert arguments[1] in capsys.readouterr().err


def test_figures_belong_to_no_global_state():
    import matplotlib.pyplot as plt

    new_figure(1, 1)
    assert not plt.get_fignums()


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{", "no line of results"),
        ('{"machine": {"processor": "another"}}', "processor another"),
    ],
)
def test_results_of_elsewhere_are_not_gone_on_with(line, told, tmp_path, capsys):
    (tmp_path / "results.jsonl").write_text(line + "\n")
    assert bench(tmp_path, "--resume") == 2
    errors = capsys.readouterr().err
    assert "--resume" in errors and told in errors
    assert (tmp_path / "results.jsonl").read_text() == line + "\n"
