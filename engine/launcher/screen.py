"""What a person sees of a run: on a terminal start-up lines, the addresses and a live status line, elsewhere log lines."""

import contextlib
import os
import sys
from collections.abc import AsyncIterator, Generator
from typing import Protocol, TextIO, cast

import structlog
import trio
from rich.console import Console
from rich.live import Live
from rich.text import Text

from config.logging import configure
from config.settings import Settings
from engine.launcher.plan import Launch
from engine.launcher.status import StatusLine
from engine.runtime import ActorSystem

log = structlog.get_logger("ticktree.launcher")

_REFRESH_S = 1.0
_CHUNK_BYTES = 65_536


class Screen(Protocol):
    """One way to show a run."""

    @property
    def descriptor(self) -> int | None:
        """Where our processes shall print; ``None``: where we do."""
        ...

    async def show(self, launch: Launch, system: ActorSystem, ready: trio.Event) -> None:
        """Shows the run until cancelled; ``ready`` is set when everything serves."""
        ...


class LogScreen:
    """Events in the log, for services and files."""

    descriptor = None

    async def show(self, launch: Launch, system: ActorSystem, ready: trio.Event) -> None:
        """Says that it starts, and where it serves."""
        del system
        log.info("starting", data=data_kind(launch.settings), data_dir=str(launch.settings.data_dir.resolve()))
        await ready.wait()
        log.info("ready", url=launch.url, data=data_kind(launch.settings))


class TerminalScreen:
    """Lines of all our processes above one status line."""

    def __init__(self, settings: Settings, console: Console) -> None:
        self._console = console
        self._reading, self.descriptor = os.pipe()
        configure(settings, cast("TextIO", _Above(console)))

    async def show(self, launch: Launch, system: ActorSystem, ready: trio.Event) -> None:
        """Shows what our processes print, and beneath it how the run goes."""
        with Live(Text("starting"), console=self._console, auto_refresh=False, transient=True) as live:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._pass_on)
                self._print_notes(launch)
                await ready.wait()
                self._console.print(welcome(launch), markup=False, highlight=False)
                await self._refresh(live, launch, system)

    def close(self) -> None:
        """Prints what our processes said last."""
        os.close(self.descriptor)
        with os.fdopen(self._reading, "rb") as pipe:
            for line in pipe.read().splitlines():
                self._print(line)

    def _print_notes(self, launch: Launch) -> None:
        self._console.print(f"ticktree starts with {data_kind(launch.settings)} data", markup=False, highlight=False)
        for note in (note for server in launch.servers for note in server.notes):
            self._console.print(note, markup=False, highlight=False)

    async def _refresh(self, live: Live, launch: Launch, system: ActorSystem) -> None:
        line = StatusLine(launch)
        while True:
            live.update(Text(await line.text(system.snapshot()), style="reverse"), refresh=True)
            await trio.sleep(_REFRESH_S)

    async def _pass_on(self) -> None:
        async for line in _lines(os.dup(self._reading)):
            self._print(line)

    def _print(self, line: bytes) -> None:
        self._console.print(Text.from_ansi(line.decode(errors="replace")), soft_wrap=True)


class _Above:
    """The stream of our own log: what is written goes above the status line."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def write(self, text: str) -> None:
        """Prints it."""
        self._console.print(Text.from_ansi(text), end="", soft_wrap=True)

    def flush(self) -> None:
        """Nothing is held back."""

    def isatty(self) -> bool:
        """Colours are welcome."""
        return True


@contextlib.contextmanager
def opened(settings: Settings) -> Generator[Screen]:
    """The way that fits where our output goes."""
    if not sys.stderr.isatty() or settings.log_format == "json":
        yield LogScreen()
        return
    screen = TerminalScreen(settings, Console(stderr=True))
    try:
        yield screen
    finally:
        screen.close()


def welcome(launch: Launch) -> str:
    """Where to look."""
    lines = [
        "",
        f"ticktree is ready, with {data_kind(launch.settings)} data.",
        f"  is it well    {launch.url}/health/ready",
        f"  candles       {launch.url}/marketdata/intraday?symbol=NSE:RELIANCE&timeframe=1m",
        f"  live          {launch.url.replace('http', 'ws', 1)}/ws",
        f"  its actors    {launch.url}/admin/tree",
        "  admin token   shown at the first start, above; lost: ticktree run --new-admin-token",
        "Ctrl-C saves and stops.",
        "",
    ]
    return "\n".join(lines)


def data_kind(settings: Settings) -> str:
    """What kind of data this run shows."""
    return "simulated" if settings.simulated else "real"


async def _lines(descriptor: int) -> AsyncIterator[bytes]:
    rest = b""
    async with trio.lowlevel.FdStream(descriptor) as stream:
        while chunk := await stream.receive_some(_CHUNK_BYTES):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                yield line
