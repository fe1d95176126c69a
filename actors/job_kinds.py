"""The kinds of jobs: what each is asked for, into which steps it falls, and what one step does."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Protocol

import msgspec

from actors.healer import Healer
from actors.history_work import HistoryArguments, HistoryWork
from actors.job_arguments import MOST_STEPS, JobError, StretchArguments, bounded, instruments_of, stretch_of
from actors.messages import Backfill
from actors.past import Past
from actors.routes import Routes
from actors.scanner import CHUNK, Scanner
from engine.market import Gap
from engine.runtime import ActorRef

A_STEP = timedelta(days=30)
"""Of one instrument: about what a provider gives in one call, and what is compared within a second."""
STRETCHES = ("backfill", "scan")
"""Kinds that are asked for from a time to a time."""


class Work(Protocol):
    """Steps in an order that stays the same, so that another engine can go on with the next one. Each may be repeated."""

    def __len__(self) -> int: ...

    async def step(self, number: int) -> str:
        """Does one step and says in words what came of it."""
        ...


class Kinds(Protocol):
    """What jobs there can be."""

    def complete(self, kind: str, arguments: Mapping[str, Any], now_ns: int) -> dict[str, Any]:
        """The arguments as they are kept, with all that was left to us filled in. Raises JobError."""
        ...

    def work(self, kind: str, arguments: Mapping[str, Any]) -> Work:
        """What such a job has to do. Raises JobError where the arguments are not those of the kind."""
        ...


class Craft(Protocol):
    """A kind of job that knows its own arguments."""

    def complete(self, arguments: Mapping[str, Any], now_ns: int) -> dict[str, Any]:
        """The arguments as they are kept. Raises JobError."""
        ...

    def work(self, arguments: Mapping[str, Any]) -> Work:
        """What has to be done. Raises JobError, or msgspec's ValidationError."""
        ...


class BackfillWork:
    """A stretch of some instruments' history, compared with the providers' and healed; behind all that is urgent.

    What is archived is left alone: it would be dropped again, and ``ticktree restore`` has it as it was.
    """

    def __init__(self, arguments: StretchArguments, healer: Healer, past: Past) -> None:
        self._healer = healer
        self._past = past
        self._arguments = arguments
        self._parts = arguments.parts(A_STEP)

    def __len__(self) -> int:
        return len(self._arguments.instruments) * self._parts

    async def step(self, number: int) -> str:
        which, number_of_part = divmod(number, self._parts)
        instrument, part = self._arguments.instruments[which], self._arguments.part(number_of_part, A_STEP)
        span = f"{part.start.date()} to {part.end.date()}"
        start_ns = max(part.start_ns, await self._past.archived_until())
        if start_ns >= part.end_ns:
            return f"{instrument} {span}: minutes are archived, see ticktree restore; days' own bars are read by the end of day"
        settlement = await self._healer.settle(Gap(instrument, start_ns, part.end_ns - 1, due_ns=0, patient=True))
        rest = f"; asked again later: {settlement.why}" if settlement.rest else ""
        return f"{instrument} {span}: {settlement.revised} candles new or changed{rest}"


class ScanWork:
    """Looks for what is missing, and has it healed."""

    def __init__(self, arguments: StretchArguments, scanner: Scanner, resolver: ActorRef) -> None:
        self._scanner = scanner
        self._resolver = resolver
        self._arguments = arguments
        self.found = 0

    def __len__(self) -> int:
        return len(range(0, len(self._arguments.instruments), CHUNK))

    async def step(self, number: int) -> str:
        names = self._arguments.instruments[number * CHUNK : (number + 1) * CHUNK]
        span = self._arguments.start_ns, self._arguments.end_ns
        async for doubts in self._scanner.doubts(names, *span, whole=True):
            self.found += len(doubts)
            for doubt in doubts:
                self._resolver.tell(Backfill((doubt.instrument,), doubt.first_ns, doubt.last_ns))
        return f"{self.found} sessions with missing minutes"


class JobKinds:
    """Makes the work of a job out of its kind and arguments."""

    def __init__(
        self,
        healer: Healer,
        scanner: Scanner,
        routes: Routes,
        past: Past,
        crafts: Mapping[str, Craft],
        *,
        resolver: ActorRef,
        charts: ActorRef,
    ) -> None:
        self._healer = healer
        self._crafts = crafts
        self._past = past
        self._charts = charts
        self._scanner = scanner
        self._routes = routes
        self._resolver = resolver

    def complete(self, kind: str, arguments: Mapping[str, Any], now_ns: int) -> dict[str, Any]:
        """Whoever says no names means all there are now."""
        if kind in self._crafts:
            return self._crafts[kind].complete(arguments, now_ns)
        named = instruments_of(arguments.get("instruments")) or bounded(sorted(self._routes.instruments))
        unknown = [name for name in named if name not in self._routes]
        if unknown:
            others = f" and {len(unknown) - 5} others" if len(unknown) > 5 else ""
            raise JobError(f"no provider knows {', '.join(unknown[:5])}{others}")
        complete = {**arguments, "instruments": named}
        if kind in STRETCHES:
            complete |= msgspec.to_builtins(stretch_of(arguments, now_ns))
        self.work(kind, complete)
        return complete

    def work(self, kind: str, arguments: Mapping[str, Any]) -> Work:
        try:
            work = self._of_kind(kind, arguments)
        except msgspec.ValidationError as error:
            raise JobError(f"{kind}: {error}") from error
        if len(work) > MOST_STEPS:
            raise JobError(
                f"these are {len(work):,} steps, a job has at most {MOST_STEPS:,}: ask for a part of it first"
            )
        return work

    def _of_kind(self, kind: str, arguments: Mapping[str, Any]) -> Work:
        if kind == "backfill":
            return BackfillWork(msgspec.convert(arguments, StretchArguments), self._healer, self._past)
        if kind == "scan":
            return ScanWork(msgspec.convert(arguments, StretchArguments), self._scanner, self._resolver)
        if kind == "history":
            return HistoryWork(msgspec.convert(arguments, HistoryArguments), self._past, self._charts)
        if kind in self._crafts:
            return self._crafts[kind].work(arguments)
        *others, last = sorted(("backfill", "history", "scan", *self._crafts))
        raise JobError(f"no job is called {kind!r}: expected {', '.join(others)} or {last}")
