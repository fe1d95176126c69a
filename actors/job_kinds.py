"""The kinds of jobs: what each is asked for, into which steps it falls, and what one step does."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import product
from typing import Any, Protocol

import msgspec

from actors.healer import Healer
from actors.history_work import HistoryArguments, HistoryWork
from actors.messages import Backfill
from actors.past import Past
from actors.routes import Routes
from actors.scanner import CHUNK, Scanner
from engine.market import Gap
from engine.runtime import ActorRef
from engine.storage.hot.series import chunks

NS_PER_S = 1_000_000_000
DAYS_A_STEP = 30
"""Of one instrument: about what a provider gives in one call, and what is compared within a second."""


class JobError(ValueError):
    """The job can not be done as it was asked for; who asked is told why."""


class Work(Protocol):
    """Steps in an order that stays the same, so that another engine can go on with the next one. Each may be repeated."""

    def __len__(self) -> int: ...

    async def step(self, number: int) -> str:
        """Does one step and says in words what came of it."""
        ...


class Kinds(Protocol):
    """What jobs there can be."""

    def complete(self, kind: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments as they are kept, with all that was left to us filled in. Raises JobError."""
        ...

    def work(self, kind: str, arguments: Mapping[str, Any]) -> Work:
        """What such a job has to do. Raises JobError where the arguments are not those of the kind."""
        ...


class BackfillArguments(msgspec.Struct, frozen=True):
    """Instruments by their canonical names, and the stretch of time to be read again."""

    instruments: tuple[str, ...]
    start: datetime
    end: datetime


class BackfillWork:
    """A stretch of some instruments' history, compared with the providers' and healed; behind all that is urgent."""

    def __init__(self, arguments: BackfillArguments, healer: Healer) -> None:
        self._healer = healer
        self._end = arguments.end
        span, first = timedelta(days=DAYS_A_STEP), arguments.start
        starts = [first + span * number for number in range(-(-(arguments.end - first) // span))]
        self._portions = list(product(arguments.instruments, starts))

    def __len__(self) -> int:
        return len(self._portions)

    async def step(self, number: int) -> str:
        instrument, start = self._portions[number]
        end = min(start + timedelta(days=DAYS_A_STEP), self._end)
        gap = Gap(instrument, _ns(start), _ns(end) - 1, due_ns=0, patient=True)
        settlement = await self._healer.settle(gap)
        rest = f"; asked again later: {settlement.why}" if settlement.rest else ""
        return f"{instrument} {start.date()} to {end.date()}: {settlement.revised} candles new or changed{rest}"


class ScanArguments(msgspec.Struct, frozen=True):
    """Instruments by their canonical names, and the stretch of time to be looked at."""

    instruments: tuple[str, ...]
    start: datetime
    end: datetime


class ScanWork:
    """Looks for what is missing, and has it healed."""

    def __init__(self, arguments: ScanArguments, scanner: Scanner, resolver: ActorRef) -> None:
        self._scanner = scanner
        self._resolver = resolver
        self._span = _ns(arguments.start), _ns(arguments.end)
        self._portions = list(chunks(sorted(arguments.instruments), CHUNK))
        self.found = 0

    def __len__(self) -> int:
        return len(self._portions)

    async def step(self, number: int) -> str:
        async for doubts in self._scanner.doubts(self._portions[number], *self._span, whole=True):
            self.found += len(doubts)
            for doubt in doubts:
                self._resolver.tell(Backfill((doubt.instrument,), doubt.first_ns, doubt.last_ns))
        return f"{self.found} sessions with missing minutes"


class JobKinds:
    """Makes the work of a job out of its kind and arguments."""

    def __init__(
        self, healer: Healer, scanner: Scanner, routes: Routes, past: Past, *, resolver: ActorRef, charts: ActorRef
    ) -> None:
        self._healer = healer
        self._past = past
        self._charts = charts
        self._scanner = scanner
        self._routes = routes
        self._resolver = resolver

    def complete(self, kind: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Whoever says no names means all there are now."""
        named = arguments.get("instruments") or self._routes.instruments
        unknown = [name for name in named if name not in self._routes]
        if unknown:
            raise JobError(f"no provider knows {', '.join(unknown[:5])}")
        complete = {**arguments, "instruments": sorted(named)}
        self.work(kind, complete)
        return complete

    def work(self, kind: str, arguments: Mapping[str, Any]) -> Work:
        try:
            if kind == "backfill":
                return BackfillWork(msgspec.convert(arguments, BackfillArguments), self._healer)
            if kind == "scan":
                return ScanWork(msgspec.convert(arguments, ScanArguments), self._scanner, self._resolver)
            if kind == "history":
                return HistoryWork(msgspec.convert(arguments, HistoryArguments), self._past, self._charts)
        except msgspec.ValidationError as error:
            raise JobError(f"{kind}: {error}") from error
        raise JobError(f"no job is called {kind!r}: expected backfill, history or scan")


def _ns(moment: datetime) -> int:
    return int(moment.timestamp()) * NS_PER_S
