import subprocess
import sys

import pytest

import einkorn
from einkorn import cli, runs


def exit_code(*arguments):
    """Give the exit code, whether the parser or the command decides on it."""
    try:
        return cli.main(arguments)
    except SystemExit as leave:
        return leave.code


def test_list_names_every_run_with_its_line(capsys):
    assert exit_code("list") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == runs.names()
    assert {"lenet", "convae", "charrnn"} <= set(runs.names())
    for line in lines:
        name, summary = line.split(maxsplit=1)
        assert summary == runs.load(name).__doc__.splitlines()[0]


def test_info_tells_version_and_threads(capsys):
    assert exit_code("info") == 0
    shown = capsys.readouterr().out
    assert einkorn.__version__ in shown
    assert "threads" in shown.lower()


def test_version(capsys):
    assert exit_code("--version") == 0
    assert capsys.readouterr().out == f"einkorn {einkorn.__version__}\n"


def test_module_is_the_command():
    done = subprocess.run(
        [sys.executable, "-m", "einkorn", "list"], capture_output=True, text=True, check=True
    )
    assert "lenet" in done.stdout


@pytest.mark.parametrize("name", runs.names())
def test_help_of_a_run_shows_what_it_does_and_its_defaults(name, capsys):
    assert exit_code("run", name, "--help") == 0
    shown = capsys.readouterr().out
    assert runs.load(name).__doc__.splitlines()[0] in shown
    assert f"runs/{name}" in shown
    assert "default: None" not in shown


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], ["COMMAND"]),
        (["bake"], ["bake"]),
        (["run"], ["NAME"]),
        (["run", "alexnet5"], ["alexnet5", "lenet"]),
        (["run", "lenet", "--epochs", "0"], ["--epochs", "from 1 on", "'0'"]),
        (["run", "lenet", "--epochs", "many"], ["--epochs", "'many'"]),
        (["run", "lenet", "--seed", "-1"], ["--seed", "from 0 on", "'-1'"]),
        (["run", "lenet", "--threads", "0"], ["--threads", "'0'"]),
        (["run", "lenet", "--device", "tpu"], ["--device", "tpu", "cuda"]),
        (["run", "charrnn", "--temperature", "0"], ["--temperature", "positive", "'0'"]),
        (["run", "charrnn", "--temperature", "nan"], ["--temperature", "'nan'"]),
        (["run", "charrnn", "--hidden", "1.5"], ["--hidden", "'1.5'"]),
        (["run", "charrnn", "--data", "x"], ["--data"]),
    ],
)
def test_wrong_arguments_are_told_and_give_code_2(arguments, told, capsys):
    assert exit_code(*arguments) == 2
    errors = capsys.readouterr().err
    for word in told:
        assert word in errors


def test_cuda_says_what_to_install(tmp_path, capsys):
    assert exit_code("run", "lenet", "--device", "cuda", "--out", str(tmp_path / "out")) == 2
    assert 'pip install "einkorn[cuda]"' in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_nothing_to_resume(tmp_path, capsys):
    assert exit_code("run", "lenet", "--resume", "--out", str(tmp_path)) == 2
    assert f"no run to go on with in {tmp_path}" in capsys.readouterr().err


def test_resuming_with_other_arguments_is_refused(tmp_path, capsys):
    out = ["--out", str(tmp_path)]
    assert exit_code("run", "lenet", "--epochs", "1", *out) == 0
    assert exit_code("run", "lenet", "--epochs", "1", "--seed", "3", "--resume", *out) == 2
    assert "--seed 0, not 3" in capsys.readouterr().err


def test_missing_data_are_told(tmp_path, capsys):
    arguments = ["--data", str(tmp_path / "nowhere"), "--out", str(tmp_path / "out")]
    assert exit_code("run", "lenet", *arguments) == 2
    errors = capsys.readouterr().err
    assert "--data" in errors and "train-images-idx3-ubyte" in errors


@pytest.mark.parametrize("package", ["sklearn", "matplotlib", "safetensors", "rich"])
def test_missing_package_names_the_extra(package, monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(sys.modules, package, None)  # makes every import of it fail
    out = tmp_path / "out"
    assert exit_code("run", "lenet", "--epochs", "1", "--out", str(out)) == 1
    errors = capsys.readouterr().err
    assert package in errors and 'pip install "einkorn[run]"' in errors
    assert not out.exists()


def test_unwritable_folder_is_told(tmp_path, capsys):
    (tmp_path / "file").touch()
    assert exit_code("run", "lenet", "--out", str(tmp_path / "file")) == 1
    assert str(tmp_path / "file") in capsys.readouterr().err
