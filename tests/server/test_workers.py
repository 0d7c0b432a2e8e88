"""Workers are replaced when they die, given up when they keep dying, and stopped together."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from littlechat.server.workers import WORKER_DEATHS, Workers, WorkersFailed
from tests.factories import WAIT_SECONDS
from tests.tabs import until

SERVE = """
import os, pathlib, signal, sys
line = sys.stdin.readline()
pathlib.Path(sys.argv[1], str(os.getpid())).write_text(line + os.environ["NAME"])
signal.pause()
"""


def make_workers(count: int, folder: Path, code: str = SERVE) -> Workers:
    command = [sys.executable, "-c", code, str(folder)]
    return Workers(count, command, {"NAME": "Ada"}, 0, {"secret_key": "a key"})


def started(folder: Path) -> list[int]:
    """Return the ids of the workers that have read their secrets."""
    return sorted(int(one.name) for one in folder.iterdir() if one.read_text().endswith("Ada"))


async def test_a_worker_that_dies_is_replaced_and_all_end_with_the_stop(tmp_path: Path) -> None:
    stop = asyncio.Event()
    running = asyncio.create_task(make_workers(2, tmp_path).run(stop))
    await until(lambda: len(started(tmp_path)) == 2)
    first = started(tmp_path)[0]
    os.kill(first, signal.SIGKILL)
    await until(lambda: len(started(tmp_path)) == 3)
    stop.set()
    await asyncio.wait_for(running, WAIT_SECONDS)
    for pid in started(tmp_path):
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
        assert (tmp_path / str(pid)).read_text() == '{"secret_key": "a key"}\nAda'


async def test_workers_that_keep_dying_are_given_up(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib, os; pathlib.Path(sys.argv[1], str(os.getpid())).touch(); sys.exit(1)"
    )
    with pytest.raises(WorkersFailed):
        await asyncio.wait_for(make_workers(1, tmp_path, code).run(asyncio.Event()), WAIT_SECONDS)
    assert len(list(tmp_path.iterdir())) == WORKER_DEATHS
