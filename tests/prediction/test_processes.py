"""Jobs in processes of their own: in order, few ahead, and none the worse for another's end."""

import functools
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from waiting import wait_for

from lowlight_utils.machine import cores
from lowlight_utils.prediction.processes import AHEAD, in_order, usual_processes


def load(work):
    return work


def after_the_next(folder, number):
    """End only once the job after this one has: with less than two at a time, that is never."""
    if number % 2 == 0:
        wait_for((folder / str(number + 1)).exists)
    (folder / str(number)).touch()
    return number


def deadly(number):
    if number == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return f"{number} done"


def refuse():
    raise ValueError("no such generator")


def begin_and_wait(folder):
    (folder / str(os.getpid())).touch()
    wait_for((folder / "go on").exists)
    (folder / "done").touch()


def lost(number):
    return f"{number} lost"


def test_results_come_in_the_order_of_the_jobs_whichever_ends_first(tmp_path):
    work = functools.partial(load, functools.partial(after_the_next, tmp_path))
    assert list(in_order(work, ((i,) for i in range(6)), 2, lost)) == list(range(6))


def test_a_process_that_dies_costs_its_job_and_no_other():
    results = in_order(functools.partial(load, deadly), [(i,) for i in range(4)], 1, lost)
    assert list(results) == ["0 done", "1 lost", "2 done", "3 done"]


def test_what_goes_wrong_while_loading_is_raised():
    with pytest.raises(ValueError, match="no such generator"):
        in_order(refuse, [(1,)], 2, lost)


def test_jobs_are_taken_few_ahead():
    taken = []
    jobs = ((taken.append(i) or i,) for i in range(1000))
    results = in_order(functools.partial(load, str), jobs, 1, lost)
    assert next(results) == "0"
    assert len(taken) <= AHEAD + 1
    results.close()


@pytest.mark.skipif(os.name != "posix", reason="kills a process")
def test_when_the_command_is_killed_what_is_in_hand_is_finished_and_nothing_stays(tmp_path):
    code = (
        "import functools, sys; from pathlib import Path;"
        f"sys.path[:0] = [{str(Path(__file__).parent)!r}, {str(Path(__file__).parents[1])!r}];"
        "from test_processes import begin_and_wait, load, lost;"
        "from lowlight_utils.prediction.processes import in_order;"
        f"list(in_order(functools.partial(load, begin_and_wait), [(Path({str(tmp_path)!r}),)], 1,"
        " lost))"
    )
    command = subprocess.Popen([sys.executable, "-c", code])
    wait_for(lambda: list(tmp_path.iterdir()), command)
    (begun,) = tmp_path.iterdir()
    command.kill()
    command.wait()
    (tmp_path / "go on").touch()
    wait_for((tmp_path / "done").exists)
    wait_for(lambda: not _lives(int(begun.name)))


def _lives(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/status")  # nobody may be there to bury it
    return not status.exists() or "State:\tZ" not in status.read_text()


def test_few_photos_and_little_memory_make_one_process():
    assert usual_processes(1, 100, exported=True) == 1
    assert usual_processes(10**6, 10**9, exported=True) == 1
    assert usual_processes(10**6, 0, exported=True) <= cores()
