"""What a person sees of a run."""

import io
import logging
import os
from collections.abc import Callable
from functools import partial

import pytest
import structlog
import trio
from rich.console import Console
from structlog.testing import capture_logs

from config.settings import Settings
from engine.launcher.plan import Launch, processes
from engine.launcher.screen import LogScreen, TerminalScreen, opened, welcome
from engine.runtime import ActorSystem


@pytest.fixture(autouse=True)
def _log_as_it_was() -> object:
    yield
    structlog.reset_defaults()
    logging.captureWarnings(capture=False)
    logging.getLogger().handlers.clear()


async def until(condition: Callable[[], bool]) -> None:
    with trio.fail_after(5):
        while not condition():
            await trio.sleep(0.01)


def test_without_a_terminal_there_are_log_lines_only() -> None:
    with opened(Settings(log_format="json")) as screen:
        assert isinstance(screen, LogScreen)
        assert screen.descriptor is None


async def test_the_log_says_when_everything_serves_and_where() -> None:
    launch = Launch(Settings(port=8000), environment={})
    ready = trio.Event()
    async with ActorSystem() as system:
        await system.start(processes([]))
        with capture_logs() as events:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(LogScreen().show, launch, system, ready)
                ready.set()
                await trio.testing.wait_all_tasks_blocked()
    assert [event["event"] for event in events] == ["starting", "ready"]
    assert events[1]["url"] == "http://127.0.0.1:8000"
    assert events[1]["data"] == "simulated"


async def test_on_a_terminal_what_processes_print_stands_above_the_status_line() -> None:
    shown = io.StringIO()
    screen = TerminalScreen(Settings(), Console(file=shown, force_terminal=True, width=120))
    launch = Launch(Settings(port=1), environment={})
    ready = trio.Event()
    async with ActorSystem() as system:
        await system.start(processes([]))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(partial(screen.show, launch, system, ready))
            os.write(screen.descriptor, b"a line [of] a process\nhalf a")
            await until(lambda: "a line [of] a process" in shown.getvalue())
            structlog.get_logger("ours").info("an_event_of_ours")
            assert "an_event_of_ours" in shown.getvalue()
            ready.set()
            await until(lambda: "no answer from the web" in shown.getvalue())
            nursery.cancel_scope.cancel()
    os.write(screen.descriptor, b"the last line\n")
    screen.close()
    assert "ticktree is ready, with simulated data" in shown.getvalue()
    assert shown.getvalue().rstrip().endswith("the last line")


def test_the_welcome_names_the_addresses_and_how_to_stop() -> None:
    text = welcome(Launch(Settings(host="0.0.0.0", port=9000), environment={}))
    assert "http://127.0.0.1:9000/health/ready" in text
    assert "ws://127.0.0.1:9000/ws" in text
    assert "--new-admin-token" in text
    assert "Ctrl-C" in text
