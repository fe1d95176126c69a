"""The screen job: a definition put to the newest candles of many instruments, portion by portion, and its result kept."""

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib import import_module
from typing import Any, Final

import anyio
import msgspec

from actors.job_arguments import JobError, bounded
from actors.messages import HistoryWanted
from actors.screen_frame import frame_of, without_doubtful
from engine.market import Calendar, Calendars
from engine.market.adjustment import Adjuster, Adjustment
from engine.market.timeframe import length_s
from engine.runtime import ActorRef
from engine.screening import Definition, DefinitionError, Findings, Operand, Result, bars, checked, operands
from engine.storage.durable import DurableStore
from engine.storage.durable.screenings import Panel
from engine.storage.errors import StorageError

SCREEN: Final = "screen"
PORTION: Final = 500
"""Instruments of one step, at most: what is read and computed in a fraction of a second."""
NUMBERS: Final = 12_000_000
"""Of one step: bars times what is read and computed of each, about 100 MB. A step is of fewer instruments before it is of more."""
_OWN_NUMBERS: Final = 10
"""Of a bar before anything is computed of it."""
LONGEST_NS: Final = 12 * 366 * 86_400 * 10**9
"""Further back nobody has to look: the longest average there is has settled."""
FEW: Final = 100
STALE_NS: Final = 10 * 86_400 * 10**9
"""What has no bar for longer than any holiday trades no more."""
_MS_NS = 1_000_000


_Read = tuple[Panel, dict[str, Adjuster]]
"""A portion's bars, and what adjusts them."""


class ScreenArguments(msgspec.Struct, frozen=True):
    """What is run, for whom, and over which instruments."""

    screener: str
    definition: Definition
    instruments: tuple[str, ...]
    owner: str = ""
    """Whose screener it is; empty: everybody's."""
    scheduled: bool = False
    """Whether it is run by itself: nobody waits for it."""


class Screening:
    """What a screen job is asked for."""

    def __init__(
        self, durable: DurableStore, calendars: Calendars, *, historian: ActorRef, now_ns: Callable[[], int]
    ) -> None:
        self._durable = durable
        self._calendars = calendars
        self._historian = historian
        self._now_ns = now_ns

    def complete(self, arguments: Mapping[str, Any], now_ns: int) -> dict[str, Any]:  # noqa: ARG002 - it is of no time
        """The arguments as they are kept. Raises JobError."""
        try:
            wanted = msgspec.convert(arguments, ScreenArguments)
            checked(wanted.definition)
        except (msgspec.ValidationError, DefinitionError) as error:
            raise JobError(f"{SCREEN}: {error}") from error
        if not wanted.instruments:
            raise JobError("there is no instrument to look at")
        bounded(list(wanted.instruments))
        return msgspec.to_builtins(wanted)

    def work(self, arguments: Mapping[str, Any]) -> "ScreenWork":
        """What has to be done."""
        wanted = msgspec.convert(arguments, ScreenArguments)
        return ScreenWork(wanted, self._durable, self._calendars, historian=self._historian, now_ns=self._now_ns)


class ScreenWork:
    """Each step judges a portion of the instruments; the last puts what they came to together, and keeps it.

    An engine that takes the job up in the middle judges again what the one before it had judged: that lasts a moment, and
    what was true then may not be any more.
    """

    def __init__(
        self,
        arguments: ScreenArguments,
        durable: DurableStore,
        calendars: Calendars,
        *,
        historian: ActorRef,
        now_ns: Callable[[], int],
    ) -> None:
        self._historian = historian
        self._arguments = arguments
        self._definition = checked(arguments.definition)
        self._durable = durable
        self._calendars = calendars
        self._now_ns = now_ns
        self._judged: dict[int, Findings] = {}
        self._portion = portion(self._definition)
        self._ahead: dict[int, _Read] = {}
        """The next portion, where it has been read."""

    def __len__(self) -> int:
        return len(range(0, len(self._arguments.instruments), self._portion))

    async def step(self, number: int) -> str:
        await self._judge(number)
        if number < len(self) - 1:
            found = sum(part.found for part in self._judged.values())
            return f"{found:,} of the first {(number + 1) * self._portion:,} instruments match"
        for missing in set(range(len(self))) - self._judged.keys():
            await self._judge(missing)
        return await self._finish()

    async def _judge(self, number: int) -> None:
        if number not in self._ahead:
            async with anyio.create_task_group() as group:
                group.start_soon(self._read_ahead, number)
                await anyio.to_thread.run_sync(import_module, "engine.screening.evaluation")  # polars: 0.2 s, 60 MB
        panel, adjusters = self._ahead.pop(number, None) or await self._read(number)
        async with anyio.create_task_group() as group:
            group.start_soon(self._read_ahead, number + 1)
            now_ns = self._now_ns()  # a clock that goes by the loop can not be read in a thread
            found = await anyio.to_thread.run_sync(partial(self._found, panel, adjusters, now_ns - STALE_NS))
            waiting = len(panel.waiting)
            unknown = len(self._wanted(number)) - len(panel.instruments) - waiting
            self._judged[number] = msgspec.structs.replace(
                found, undecided=found.undecided + waiting, missing=found.missing + unknown
            )

    def _wanted(self, number: int) -> Sequence[str]:
        return self._arguments.instruments[number * self._portion : (number + 1) * self._portion]

    async def _read(self, number: int) -> _Read:
        wanted = self._wanted(number)
        since_ns = reach_ns(self._calendars, wanted, self._definition, self._now_ns())
        adjusters = await self._adjusters(wanted, since_ns)
        timeframe = self._definition.timeframe
        return await self._durable.screenings.bars(wanted, timeframe, since_ns, with_read=bool(adjusters)), adjusters

    async def _read_ahead(self, number: int) -> None:
        """While a portion is judged, or what judges them is imported, the next one is read; where that fails, in its turn."""
        if number < len(self) and number not in self._judged:
            with contextlib.suppress(StorageError):
                self._ahead = {number: await self._read(number)}

    async def _adjusters(self, instruments: Sequence[str], since_ns: int) -> dict[str, Adjuster]:
        """Of those of which an action since then is known: bars before it count as of today, those after it as they are."""
        kind = self._definition.adjustment
        if kind is Adjustment.RAW:
            return {}
        first, now = datetime.fromtimestamp(since_ns // 10**9, UTC).date(), self._now_ns() // 10**9
        tomorrow = datetime.fromtimestamp(now, UTC).date() + timedelta(1)
        known = await self._durable.corporate_actions.between(instruments, first, tomorrow, dividends=kind.dividends)
        zones = {name: self._calendars.of_exchange(name.partition(":")[0]).zone for name in known}
        return {
            name: Adjuster(actions, kind, datetime.fromtimestamp(now, zones[name]).date(), zones[name])
            for name, actions in known.items()
        }

    def _found(self, panel: Panel, adjusters: Mapping[str, Adjuster], since_ns: int) -> Findings:
        from engine.screening.evaluation import evaluate  # noqa: PLC0415 - polars: 0.2 s, 60 MB

        frame, doubtful = without_doubtful(frame_of(panel, self._calendars, adjusters), panel.instruments, adjusters)
        instruments = {number: name for number, name in panel.instruments.items() if number not in doubtful}
        found = evaluate(self._definition, frame, instruments, since_ns=since_ns)
        return msgspec.structs.replace(found, undecided=found.undecided + len(doubtful))

    async def _finish(self) -> str:
        result = await anyio.to_thread.run_sync(
            partial(_result, self._definition, self._judged, self._now_ns() // _MS_NS)
        )
        if not await self._keep(result):
            return "the screener was changed or taken away meanwhile: what was found is not kept"
        said = f"{result.found:,} of {len(self._arguments.instruments):,} instruments match"
        return f"{said}; the history that some lack is asked for" if self._wishes_for_history(result) else said

    async def _keep(self, result: Result) -> bool:
        asked = self._arguments
        own = msgspec.json.encode(asked.definition).decode() if asked.owner else None
        return await self._durable.screenings.keep(asked.screener, msgspec.json.encode(result).decode(), own)

    def _wishes_for_history(self, result: Result) -> bool:
        """Of few, as of charts that are opened; nobody wants a whole market's years read because of one click."""
        few = len(self._arguments.instruments) <= FEW and result.undecided + result.missing > 0
        for name in self._arguments.instruments if few else ():
            self._historian.tell(HistoryWanted(name))
        return few


def portion(definition: Definition) -> int:
    """How many instruments are judged in one step."""
    numbers = bars(definition) * (len(operands(definition)) + _OWN_NUMBERS)
    return min(PORTION, max(1, NUMBERS // numbers))


def reach_ns(calendars: Calendars, instruments: Iterable[str], definition: Definition, now_ns: int) -> int:
    """From when on candles have to be read, so that of each instrument there are as many as the definition needs."""
    codes = {name.partition(":")[0] for name in instruments}
    return min(_start_ns(calendars.of_exchange(code), definition.timeframe, bars(definition), now_ns) for code in codes)


def _start_ns(calendar: Calendar, timeframe: str, count: int, now_ns: int) -> int:
    """When the last so many bars began, by the calendar; and a few more, as there are minutes without a trade."""
    left, length_ns = count * 11 // 10 + 1, length_s(timeframe) * 10**9
    for session in calendar.sessions_back(now_ns - LONGEST_NS, now_ns):
        left -= -(-(session.end_ns - session.start_ns) // length_ns)
        if left <= 0:
            return session.start_ns
    return now_ns - LONGEST_NS


def _result(definition: Definition, judged: Mapping[int, Findings], finished_ms: int) -> Result:
    from engine.screening.evaluation import joined  # noqa: PLC0415

    found = joined(definition, [judged[number] for number in sorted(judged)])
    columns: list[Operand] = list(operands(definition))
    return Result(
        **msgspec.structs.asdict(found),
        finished=finished_ms,
        timeframe=definition.timeframe,
        columns=[str(column) for column in columns],
    )
