"""What a whole process may expect: fork, Ctrl-C, import time, rounding mode, environment."""

import json
import os
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest

from einkorn import kernels
from einkorn.kernels import _core

pytestmark = pytest.mark.alone

# Time for a child to start, import and compute on a busy machine.
PATIENCE = 120


def run(script, *, check=True, **environment):
    """Run a script in a fresh interpreter; return the completed process."""
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=check,
        timeout=PATIENCE,
    )


def answer(script, **environment):
    """Run a script and decode what it prints."""
    return json.loads(run(script, **environment).stdout)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.parametrize("threads", [2, 4])
def test_fork_is_survived(threads):
    script = f"""
        import os, signal
        import numpy as np
        from einkorn import kernels

        kernels.set_num_threads({threads})
        x = np.random.default_rng(0).standard_normal((4, 16, 64, 64)).astype("f4")
        w = np.random.default_rng(1).standard_normal((16, 16, 3, 3)).astype("f4")
        a = np.random.default_rng(2).standard_normal((512, 512)).astype("f4")
        y, c = kernels.conv2d(x, w), kernels.matmul(a, a)
        for attempt in range(20):
            child = os.fork()
            if child == 0:
                signal.alarm(60)  # A child that hangs ends by this signal.
                same = (kernels.conv2d(x, w) == y).all() and (kernels.matmul(a, a) == c).all()
                os._exit(0 if same else 1)
            _, status = os.waitpid(child, 0)
            assert status == 0, (attempt, status)
            assert (kernels.matmul(a, a) == c).all()
    """
    run(script)


@pytest.mark.skipif(os.name == "nt", reason="signals differ on Windows")
@pytest.mark.parametrize(
    "call",
    [
        "kernels.matmul(np.ones((4000, 4000)), np.ones((4000, 4000)))",
        "kernels.conv2d(np.ones((32, 128, 64, 64)), np.ones((256, 128, 3, 3)))",
        "kernels.gru(np.ones((3000, 8, 1)), *map(np.ones, [(8, 512), (1536, 1), (1536, 512)]))",
    ],
)
def test_ctrl_c_interrupts_a_long_call(call):
    # The scalar variant, on one thread, takes a minute or so for what follows.
    script = f"""
        import os, signal, threading, time
        import numpy as np
        from einkorn import kernels

        kernels.set_num_threads(1)
        kernels.matmul(np.ones((2, 2)), np.ones((2, 2)))

        def interrupt():
            time.sleep(2)
            sent.append(time.perf_counter())
            os.kill(os.getpid(), signal.SIGINT)

        sent = []
        threading.Thread(target=interrupt, daemon=True).start()
        try:
            {call}
        except KeyboardInterrupt:
            print(time.perf_counter() - sent[0])
    """
    delay = answer(script, EINKORN_ISA="scalar")
    assert delay < 0.2


@pytest.mark.skipif(
    not os.path.isdir("/proc/self/task"), reason="only Linux tells where threads may run"
)
def test_threads_may_run_where_they_might_before():
    script = """
        import json, os, time
        import numpy as np
        from einkorn import kernels
        kernels.set_num_threads(2)
        a = np.ones((512, 512), np.float32)

        def allowed():
            kernels.matmul(a, a)
            tasks = map(int, os.listdir("/proc/self/task"))
            return [sorted(os.sched_getaffinity(task)) for task in tasks]

        first = allowed()
        time.sleep(0.05)  # The worker falls asleep and is woken.
        print(json.dumps(first + allowed() + [sorted(os.sched_getaffinity(0))]))
    """
    places = answer(script)
    assert all(place == places[-1] for place in places)


@pytest.mark.skipif(
    _core.default_num_threads() < 2 or not os.path.isdir("/proc/self/task"),
    reason="needs two cores to take one away, and only Linux tells where threads may run",
)
def test_a_thread_that_sleeps_keeps_what_its_user_allows_it():
    script = """
        import json, os, time
        import numpy as np
        from einkorn import kernels
        kernels.set_num_threads(2)
        a = np.ones((512, 512), np.float32)
        tasks = []
        for _ in range(3):
            kernels.matmul(a, a)
            time.sleep(0.05)
            tasks = list(map(int, os.listdir("/proc/self/task")))
        core = min(os.sched_getaffinity(0))
        for task in tasks:
            os.sched_setaffinity(task, {core})
        for _ in range(3):
            kernels.matmul(a, a)
            time.sleep(0.05)
        print(json.dumps([core, *(sorted(os.sched_getaffinity(task)) for task in tasks)]))
    """
    core, *places = answer(script)
    assert len(places) >= 2
    assert all(place == [core] for place in places)


@pytest.mark.skipif(not _core.has_threads(), reason="one thread hands nothing over")
def test_handover_is_measured():
    script = """
        import json
        from einkorn.kernels import _core
        times = []
        for threads in (1, 2):
            _core.set_num_threads(threads)
            times.append(_core.handover())
        print(json.dumps(times))
    """
    alone, shared = answer(script)
    assert alone is None
    assert 1e-9 < shared < 1e-2
    with pytest.raises(ValueError, match="turns: expected at least 1, got 0"):
        _core.handover(0)


@pytest.mark.skipif(not _core.has_threads(), reason="needs threads")
def test_brief_jobs_let_threads_sleep_and_long_ones_wake_them():
    script = """
        import time
        import numpy as np
        from einkorn import kernels
        kernels.set_num_threads(2)

        def of_others(size):
            param, grad = np.zeros(size, np.float32), np.ones(size, np.float32)
            for _ in range(5):
                kernels.sgd_step_(param, grad, None, lr=0.1)
            time.sleep(0.05)
            before = time.process_time() - time.thread_time()
            for _ in range(200):
                time.sleep(0.001)  # Long enough for a thread to fall asleep.
                kernels.sgd_step_(param, grad, None, lr=0.1)
            return time.process_time() - time.thread_time() - before

        print([of_others(1 << 15), of_others(1 << 19)])
    """
    brief, long = answer(script)
    assert brief < long / 4


def test_import_costs_little_beyond_numpy():
    script = """
        import time
        import numpy
        start = time.process_time()  # A busy machine does not add to it.
        import einkorn
        print(time.process_time() - start)
    """
    costs = sorted(answer(script) for _ in range(7))
    assert costs[3] < 0.150


def test_import_does_not_pull_in_optional_packages():
    script = """
        import json, sys
        import einkorn
        print(json.dumps(sorted(name for name in sys.modules if "." not in name)))
    """
    optional = {"torch", "scipy", "matplotlib", "rich", "sklearn", "safetensors", "hypothesis"}
    assert optional.isdisjoint(answer(script))


def test_unknown_isa_is_refused_at_import():
    process = run("import einkorn.kernels", check=False, EINKORN_ISA="bogus")
    assert process.returncode != 0
    message = process.stderr.splitlines()[-1]
    assert "ImportError" in message
    for part in ("EINKORN_ISA", "bogus", *kernels.isa_variants()):
        assert part in message


@pytest.mark.parametrize("isa", kernels.isa_variants())
def test_isa_is_chosen_by_the_environment(isa):
    script = """
        import json
        from einkorn import kernels
        print(json.dumps(kernels.isa()))
    """
    assert answer(script, EINKORN_ISA=isa) == isa


COUNT = """
    import os
    if {affinity}:
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:{affinity}])
    from einkorn import kernels
    print(kernels.get_num_threads())
"""
HAS_AFFINITY = pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity"), reason="no affinity on this system"
)


@HAS_AFFINITY
def test_threads_follow_the_affinity():
    assert answer(COUNT.format(affinity=1), OMP_NUM_THREADS="") == 1
    assert answer(COUNT.format(affinity=1), OMP_NUM_THREADS="8") == 1


@pytest.mark.parametrize("count", [1, 2])
def test_threads_follow_omp_num_threads(count):
    available = answer(COUNT.format(affinity=0), OMP_NUM_THREADS="")
    asked = answer(COUNT.format(affinity=0), OMP_NUM_THREADS=str(count))
    assert asked == min(count, available)


@pytest.mark.parametrize("value", ["", "0", "-3", "many", "2,1"])
def test_odd_omp_num_threads_still_gives_threads(value):
    assert answer(COUNT.format(affinity=0), OMP_NUM_THREADS=value) >= 1


def median_time(function, repeats=15):
    function()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return sorted(times)[repeats // 2]


@pytest.mark.parametrize("threads", [1, 2])
def test_denormal_numbers_are_not_slow(threads):
    before = kernels.get_num_threads()
    kernels.set_num_threads(threads)
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, 300, 300)).astype(np.float32)
    tiny = a * np.float32(1e-39)
    try:
        usual = median_time(lambda: kernels.matmul(a, b))
        denormal = median_time(lambda: kernels.matmul(tiny, b))
    finally:
        kernels.set_num_threads(before)
    # Without flush-to-zero the ratio is 10 to 100; a busy machine alone may double it.
    assert denormal < 4 * usual


def test_floating_point_mode_of_the_caller_is_left_alone():
    denormal = np.full(4, 1e-39, np.float32)
    kernels.matmul(np.ones((64, 64), np.float32), np.ones((64, 64), np.float32))
    kernels.matmul(denormal.reshape(2, 2), denormal.reshape(2, 2))
    assert (denormal * np.float32(0.5) > 0).all()
    assert np.float64(2.0**-1074) * 1 > 0


def test_threads_of_python_share_the_kernels():
    """Many Python threads at once get the results that one gets alone."""
    script = """
        import threading
        import numpy as np
        from einkorn import kernels

        a = np.random.default_rng(0).standard_normal((8, 200, 200)).astype("f4")
        expected = [kernels.matmul(m, m) for m in a]
        wrong = []

        def work(i):
            for _ in range(50):
                if not (kernels.matmul(a[i], a[i]) == expected[i]).all():
                    wrong.append(i)

        workers = [threading.Thread(target=work, args=(i,)) for i in range(8)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert not wrong, wrong
    """
    run(script)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_steps_of_a_sequence_wait_for_no_absent_thread():
    """Steps that follow each other quickly: in forked children, and beside other Python threads."""
    script = """
        import os, signal, threading
        import numpy as np
        from einkorn import kernels

        kernels.set_num_threads(4)
        rng = np.random.default_rng(0)
        shapes = (60, 2, 8), (2, 256), (768, 8), (768, 256)
        arguments = [0.1 * rng.standard_normal(shape) for shape in shapes]
        expected = kernels.gru(*arguments)[0]

        def wrong(calls):
            return sum((kernels.gru(*arguments)[0] != expected).any() for _ in range(calls))

        for attempt in range(5):
            child = os.fork()
            if child == 0:
                signal.alarm(60)  # A child that hangs ends by this signal.
                os._exit(wrong(3))
            assert os.waitpid(child, 0)[1] == 0, attempt
        found = []
        workers = [threading.Thread(target=lambda: found.append(wrong(20))) for _ in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert found == [0] * 4, found
    """
    run(script)
