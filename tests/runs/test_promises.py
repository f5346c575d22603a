"""What every run promises: figures fixed by the seed, exact resumption, a clean end on Ctrl-C."""

import csv
import os
import signal
import subprocess
import sys
import time

import pytest

from einkorn import cli, optim, runs
from einkorn.runs import charrnn, convae

#: Arguments that make each run small.
SMALL = {
    "addition": ["--epochs", "64", "--columns", "3", "--examined-columns", "9"],
    "lenet": ["--epochs", "2"],
    "convae": ["--epochs", "2"],
    "charrnn": ["--epochs", "2", "--hidden", "24", "--length", "40"],
}


@pytest.fixture(params=sorted(SMALL))
def small_run(request, small_corpus, monkeypatch, tmp_path):
    """Give a function that does one run, small, into a folder of the given name."""
    monkeypatch.setattr(convae, "CHANNELS", (4, 8))
    monkeypatch.setattr(charrnn, "STREAMS", 4)
    monkeypatch.setattr(charrnn, "PIECE", 8)

    def run(folder, *arguments):
        out = tmp_path / folder
        command = ["run", request.param, *SMALL[request.param], "--out", str(out), *arguments]
        return cli.main(command), out

    return run


@pytest.fixture
def interrupt_after(monkeypatch):
    """Give a function that has SIGINT arrive within a given optimiser step."""

    # A job in the background is started with SIGINT ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)

    def arm(steps):
        done = 0

        def counting(original):
            def step(self, *arguments):
                nonlocal done
                done += 1
                if done == steps:
                    signal.raise_signal(signal.SIGINT)
                return original(self, *arguments)

            return step

        for kind in (optim.Adam, optim.HessianFree):
            monkeypatch.setattr(kind, "step", counting(kind.step))

    yield arm
    signal.signal(signal.SIGINT, before)


def weights(out):
    """Give the bytes of all weight files in a folder, by name."""
    files = sorted(out.rglob("weights.safetensors"))
    assert files
    return {path.relative_to(out): path.read_bytes() for path in files}


def figures(out):
    """Give all rows of all histories, without the seconds that they took."""
    rows = {}
    for path in sorted(out.rglob("history.csv")):
        with open(path, newline="") as file:
            rows[path.relative_to(out)] = [
                {name: value for name, value in row.items() if name != "seconds"}
                for row in csv.DictReader(file)
            ]
    assert rows
    return rows


def test_every_run_has_a_small_version():
    assert sorted(SMALL) == runs.names()


def test_same_seed_gives_same_bits_on_one_thread_and_on_two(small_run):
    code, one = small_run("a", "--threads", "1")
    assert code == 0
    code, two = small_run("b", "--threads", "2")
    assert code == 0
    assert weights(one) == weights(two)
    assert figures(one) == figures(two)


def test_another_seed_gives_other_weights(small_run):
    (_, one), (_, two) = small_run("a", "--seed", "1"), small_run("b", "--seed", "2")
    assert weights(one) != weights(two)


@pytest.mark.parametrize("steps", [1, 60])
def test_resuming_after_ctrl_c_gives_the_bits_of_an_unbroken_run(
    small_run, interrupt_after, steps, capsys
):
    _, unbroken = small_run("unbroken")
    interrupt_after(steps)
    code, out = small_run("broken")
    assert code == 130
    assert "--resume" in capsys.readouterr().err
    assert small_run("broken", "--resume")[0] == 0
    assert weights(out) == weights(unbroken)
    assert figures(out) == figures(unbroken)


def test_resuming_what_is_complete_changes_nothing(small_run):
    _, out = small_run("a")
    before = weights(out)
    assert small_run("a", "--resume")[0] == 0
    assert weights(out) == before


@pytest.mark.parametrize(("name", "code"), [("checkpoint.safetensors", 1), ("options.json", 2)])
def test_resuming_from_a_damaged_file_is_refused_by_its_name(small_run, name, code, capsys):
    _, out = small_run("a")
    for path in out.rglob(name):
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert small_run("a", "--resume")[0] == code
    assert name in capsys.readouterr().err


def test_resuming_from_a_record_without_options_is_refused(small_run, capsys):
    _, out = small_run("a")
    (out / "options.json").write_text("[1]")
    assert small_run("a", "--resume")[0] == 2
    assert "it holds no options" in capsys.readouterr().err


def start(out, *arguments):
    """Start a long run in a process of its own and wait until it trains."""
    command = [sys.executable, "-m", "einkorn", "run", "lenet", "--out", str(out), *arguments]
    process = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert "epoch" in process.stderr.readline()
    return process


@pytest.mark.skipif(os.name != "posix", reason="signals between processes")
def test_ctrl_c_ends_the_process_cleanly(tmp_path):
    process = start(tmp_path, "--epochs", "10000")
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "--resume" in errors and "Traceback" not in errors
    assert (tmp_path / "checkpoint.safetensors").exists()


@pytest.mark.skipif(os.name != "posix", reason="signals between processes")
def test_second_ctrl_c_does_not_wait(tmp_path):
    process = start(tmp_path, "--epochs", "10000")
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        process.send_signal(signal.SIGINT)
        time.sleep(0.001)
    _, errors = process.communicate(timeout=60)
    assert process.returncode in (130, -signal.SIGINT)
