"""A run of processes: each is restarted alone, all are stopped in reverse, and signals decide how."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
import trio

from engine.launcher.actors import Children
from engine.launcher.plan import lasting, once, processes
from engine.launcher.process import Program
from engine.launcher.run import supervise
from engine.runtime import ActorSnapshot, ActorSystem, Backoff, ChildSpec, State
from tests.launcher.children import PATIENT, READY, STUBBORN, lives, python

QUICK = Backoff(initial_s=0.05, maximum_s=1.0, jitter=0.0)


def noting(journal: Path, name: str, code: str = "") -> str:
    """A child that writes down its begin, its orderly end and its process id."""
    return f"""
import os, signal, sys, time
def note(word):
    with open({str(journal)!r}, "a") as file:
        file.write(f"{name} {{word}} {{os.getpid()}}\\n")
def stop(*_):
    note("stopped")
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
note("began")
{code}
{READY}
time.sleep(60)
"""


class Journal:
    """What noting children wrote."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def entries(self) -> list[tuple[str, str, int]]:
        lines = self.path.read_text().splitlines() if self.path.exists() else []
        return [(name, word, int(pid)) for name, word, pid in (line.split() for line in lines)]

    def words(self) -> list[str]:
        return [f"{name} {word}" for name, word, _ in self.entries()]

    def pids(self, name: str) -> list[int]:
        return [pid for other, word, pid in self.entries() if other == name and word == "began"]


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal")


def specs(children: Children, *programs: Program) -> list[ChildSpec]:
    return [
        ChildSpec(spec.name, spec.start, shutdown_s=spec.shutdown_s, backoff=QUICK)
        for spec in (lasting(program, children) for program in programs)
    ]


async def until(condition: Callable[[], bool]) -> None:
    with trio.fail_after(10):
        while not condition():
            await trio.sleep(0.01)


def states(system: ActorSystem) -> dict[str, ActorSnapshot]:
    return {child.path.rpartition("/")[2]: child for child in system.snapshot().children}


async def test_a_killed_child_comes_back_and_the_others_go_on(journal: Journal) -> None:
    children = Children()
    programs = [python(noting(journal.path, name), name=name) for name in ("store", "engine", "web")]
    async with ActorSystem() as system:
        await system.start(processes(specs(children, *programs)))
        os.kill(journal.pids("engine")[0], signal.SIGKILL)
        await until(lambda: len(journal.pids("engine")) == 2)
        await until(lambda: states(system)["engine"].state is State.RUNNING)
        assert states(system)["engine"].restarts == 1
        assert "SIGKILL" in (states(system)["engine"].last_error or "")
        for name in ("store", "web"):
            assert states(system)[name].restarts == 0
            assert lives(journal.pids(name)[0])


async def test_children_start_in_order_and_stop_in_reverse(journal: Journal) -> None:
    programs = [python(noting(journal.path, name), name=name) for name in ("store", "engine", "web")]
    async with ActorSystem() as system:
        await system.start(processes(specs(Children(), *programs)))
        await system.stop()
    assert journal.words() == [
        *("store began", "engine began", "web began"),
        *("web stopped", "engine stopped", "store stopped"),
    ]


async def test_a_stubborn_child_is_cut_and_the_stop_goes_on(journal: Journal) -> None:
    programs = [
        python(noting(journal.path, "store"), name="store"),
        python(STUBBORN, name="stubborn", stop_within_s=0.2),
    ]
    children = Children()
    async with ActorSystem() as system:
        await system.start(processes(specs(children, *programs)))
        with trio.fail_after(5):
            await system.stop()
    assert journal.words()[-1] == "store stopped"


async def test_nothing_after_a_failed_task_starts(journal: Journal) -> None:
    children = Children()

    def plan(children: Children) -> ChildSpec:
        store = lasting(python(noting(journal.path, "store"), name="store"), children)
        prepare = once(python("raise SystemExit(1)", name="prepare"), children)
        engine = lasting(python(noting(journal.path, "engine"), name="engine"), children)
        return processes([store, prepare, engine])

    code = await supervise(plan, forever)
    assert code == 1
    assert journal.words() == ["store began", "store stopped"]
    assert not children.has_served(python("", name="engine"))


async def forever(_system: ActorSystem, _ready: trio.Event) -> None:
    await trio.sleep_forever()


async def test_a_restart_waits_for_nobody(journal: Journal, tmp_path: Path) -> None:
    """An engine that comes back while its store is away must not keep the supervisor from the store."""
    block = tmp_path / "block"
    waiting = f"while os.path.exists({str(block)!r}): time.sleep(0.01)"
    programs = [
        python(noting(journal.path, "store"), name="store"),
        python(noting(journal.path, "engine", waiting), name="engine"),
    ]
    async with ActorSystem() as system:
        await system.start(processes(specs(Children(), *programs)))
        block.touch()
        os.kill(journal.pids("engine")[0], signal.SIGKILL)
        await until(lambda: len(journal.pids("engine")) == 2)
        os.kill(journal.pids("store")[0], signal.SIGKILL)
        await until(lambda: len(journal.pids("store")) == 2)
        assert len(journal.pids("engine")) == 2, "the store was back before the engine was ready"
        assert block.exists()
        block.unlink()


RUN = """
import sys, structlog, trio
structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
from engine.launcher.plan import lasting, processes
from engine.launcher.run import supervise
from tests.launcher.children import python
codes = [open(name).read() for name in sys.argv[1:]]
async def show(system, ready):
    await ready.wait()
    print("ready", flush=True)
    await trio.sleep_forever()
def plan(children):
    programs = [python(code, name=f"child-{number}", stop_within_s=30) for number, code in enumerate(codes)]
    return processes([lasting(program, children) for program in programs])
sys.exit(trio.run(supervise, plan, show))
"""


LOG = "launcher.log"


@contextmanager
def running(folder: Path, codes: Sequence[str]) -> Generator[subprocess.Popen[str]]:
    """A launcher in a process of its own, once all its children serve."""
    files = [folder / f"child-{number}.py" for number in range(len(codes))]
    for file, code in zip(files, codes, strict=True):
        file.write_text(code)
    command = [sys.executable, "-c", RUN, *map(str, files)]
    with (
        (folder / LOG).open("w") as log,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True) as launcher,
    ):
        try:
            assert launcher.stdout
            assert launcher.stdout.readline() == "ready\n"
            yield launcher
        finally:
            launcher.kill()


@pytest.mark.parametrize("order", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_first_signal_stops_in_order_and_exits_0(journal: Journal, tmp_path: Path, order: signal.Signals) -> None:
    with running(tmp_path, [noting(journal.path, "store"), noting(journal.path, "web")]) as launcher:
        launcher.send_signal(order)
        assert launcher.wait(30) == 0
    assert journal.words()[-2:] == ["web stopped", "store stopped"]


def test_a_second_ctrl_c_kills_and_exits_130(tmp_path: Path) -> None:
    with running(tmp_path, [PATIENT, STUBBORN]) as launcher:
        launcher.send_signal(signal.SIGINT)
        deadline = time.monotonic() + 30
        while "stopping" not in (tmp_path / LOG).read_text():  # two signals at once would be one
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert launcher.poll() is None
        launcher.send_signal(signal.SIGINT)
        assert launcher.wait(30) == 130


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
def test_no_process_survives_the_kill_of_the_launcher(journal: Journal, tmp_path: Path) -> None:
    with running(tmp_path, [noting(journal.path, "store"), STUBBORN]) as launcher:
        launcher.kill()
        launcher.wait(30)
        child = journal.pids("store")[0]
        deadline = time.monotonic() + 5
        while lives(child) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not lives(child)
        orphans = subprocess.run(["pgrep", "-f", re.escape(str(tmp_path))], capture_output=True, text=True, check=False)
        assert orphans.stdout == ""
