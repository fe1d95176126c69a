"""A child process: ready when it says so, stopped politely and then surely, dead with its parent."""

import os
import signal
import subprocess
import sys
import time

import pytest
import trio

from engine.launcher.own import Command, program, tell_ready
from engine.launcher.process import Process, ProcessError, Program, Started
from tests.launcher.children import PATIENT, STUBBORN, lives, python


async def test_a_child_is_ready_when_it_says_so_and_ends_when_asked() -> None:
    process = Process(python(PATIENT))
    await process.ready()
    assert lives(process.pid)
    assert await process.stop() == -signal.SIGTERM
    assert not lives(process.pid)


async def test_a_child_that_ends_before_it_is_ready_is_an_error_that_names_it_and_its_exit_code() -> None:
    process = Process(python("raise SystemExit(3)"))
    with pytest.raises(ProcessError, match=r"child: expected to become ready, ended with exit code 3\."):
        await process.ready()


async def test_a_child_that_takes_too_long_to_be_ready_is_an_error() -> None:
    process = Process(python("import time; time.sleep(60)", ready_within_s=0.1))
    with pytest.raises(ProcessError, match=r"expected to be ready within 0\.1 s"):
        await process.ready()
    await process.stop()


async def test_a_program_that_does_not_exist_is_an_error_that_names_it() -> None:
    with pytest.raises(ProcessError, match="/nowhere/program: expected to start, was: "):
        Process(program("child", Command(("/nowhere/program",))))
    await trio.lowlevel.checkpoint()


async def test_a_stubborn_child_is_cut_when_its_time_is_over() -> None:
    process = Process(python(STUBBORN, stop_within_s=0.2))
    await process.ready()
    assert await process.stop() == -signal.SIGKILL


async def test_several_tasks_may_wait_for_the_same_child() -> None:
    process = Process(python(PATIENT))
    await process.ready()
    codes: list[int] = []

    async def wait() -> None:
        codes.append(await process.wait())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        nursery.start_soon(wait)
        await trio.testing.wait_all_tasks_blocked()
        process.kill()
    assert codes == [-signal.SIGKILL, -signal.SIGKILL]


async def test_a_cancelled_stop_still_leaves_no_process() -> None:
    process = Process(python(STUBBORN, stop_within_s=60))
    await process.ready()
    with trio.move_on_after(0.1):
        await process.stop()
    assert await process.wait() == -signal.SIGKILL


async def test_a_probe_decides_when_a_server_is_ready() -> None:
    asked: list[str] = []

    async def probe() -> None:
        await trio.sleep(0.01)
        asked.append("answered")

    def start() -> Started:
        return Started(subprocess.Popen(["/bin/sleep", "60"]), probe)

    process = Process(Program("server", start))
    await process.ready()
    assert asked == ["answered"]
    await process.stop()


def test_ready_is_said_once_and_to_nobody_where_no_launcher_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    monkeypatch.setenv("TICKTREE_READY_FD", str(writing))
    tell_ready()
    assert "TICKTREE_READY_FD" not in os.environ  # so that nobody started from here says it too
    tell_ready()
    with os.fdopen(reading, "rb") as pipe:
        assert pipe.read() == b"1"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
def test_no_child_survives_the_kill_of_its_parent() -> None:
    program = """
import os, sys, trio
from engine.launcher.own import Command, program
from engine.launcher.process import Process
async def main():
    process = Process(program("child", Command(("/bin/sleep", "60"))))
    print(process.pid, flush=True)
    await process.wait()
trio.run(main)
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        child = int(parent.stdout.readline())
        assert lives(child)
        parent.kill()
    deadline = time.monotonic() + 5
    while lives(child) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not lives(child)
