"""History by the names of its days: of a day when an instrument had another token, it is asked for by that one."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

import msgspec

from engine.market import Candle, Quote
from engine.providers.base import History, HistoryLimits, ProviderError, Route
from engine.storage.durable import DurableStore, NameInTime
from engine.storage.errors import StorageError

_FRESH_NS = 60_000_000_000
"""How long what was read of the mappings is good for: they change once a day, or by hand."""
_SECOND_NS = 1_000_000_000
_DAY = timedelta(days=1)


class Period(msgspec.Struct, frozen=True):
    """A name, and the days of the exchange on which it meant the instrument, both ends included."""

    segment: str
    security_id: str
    first: date
    last: date
    zone: ZoneInfo

    @property
    def start_ns(self) -> int:
        return 0 if self.first == date.min else self._midnight_ns(self.first)

    @property
    def end_ns(self) -> int:
        return 1 << 62 if self.last == date.max else self._midnight_ns(self.last + _DAY)

    def named(self, route: Route) -> Route:
        """The same route under this name."""
        return msgspec.structs.replace(route, segment=self.segment, security_id=self.security_id)

    def _midnight_ns(self, day: date) -> int:
        return int(datetime.combine(day, time(), self.zone).timestamp()) * _SECOND_NS


class NameBook:
    """A provider's names that were not always the same; the others are not in it."""

    def __init__(self, durable: DurableStore, provider: str, *, now_ns: Callable[[], int]) -> None:
        self._durable = durable
        self._provider = provider
        self._now_ns = now_ns
        self._read_ns = 0
        self._periods: Mapping[str, Sequence[Period]] = {}

    async def periods(self, instrument: str) -> Sequence[Period]:
        """When it had which name, the oldest first; () where it always had the one it has.

        Raises ProviderError while the store is away: whom a name meant is not to be guessed.
        """
        if not self._read_ns or self._now_ns() - self._read_ns > _FRESH_NS:
            try:
                names = await self._durable.changed_names(self._provider)
            except StorageError as error:
                raise ProviderError(f"the names of {self._provider} can not be read: {error}") from error
            self._periods = {name: _periods(list(group)) for name, group in groupby(names, lambda one: one.instrument)}
            self._read_ns = self._now_ns()
        return self._periods.get(instrument, ())


class DatedHistory:
    """Asks the history within, by the names of the days that are asked for.

    Before an instrument's first mapping its first token is asked for, as far back as it was nobody else's.
    """

    def __init__(self, history: History, names: NameBook) -> None:
        self._history = history
        self._names = names

    @property
    def limits(self) -> HistoryLimits:
        return self._history.limits

    async def candles(
        self, route: Route, timeframe: str, start_ns: int, end_ns: int, *, patient: bool = False
    ) -> list[Candle]:
        found: list[Candle] = []
        for named, start, end in await self._parts(route, start_ns, end_ns):
            found += await self._history.candles(named, timeframe, start, end, patient=patient)
        return found

    async def minutes(self, route: Route, start_ns: int, end_ns: int) -> list[Candle]:
        found: list[Candle] = []
        for named, start, end in await self._parts(route, start_ns, end_ns):
            found += await self._history.minutes(named, start, end)
        return found

    async def days(self, route: Route, first: date, last: date) -> list[Candle]:
        periods = await self._names.periods(route.instrument)
        if not periods:
            return await self._history.days(route, first, last)
        found: list[Candle] = []
        for one in periods:
            if one.first <= last and first <= one.last:
                found += await self._history.days(one.named(route), max(first, one.first), min(last, one.last))
        return found

    async def last_prices(self, routes: Sequence[Route]) -> dict[str, float]:
        return await self._history.last_prices(routes)

    async def quotes(self, routes: Sequence[Route]) -> dict[str, Quote]:
        return await self._history.quotes(routes)

    def close(self) -> None:
        self._history.close()

    async def _parts(self, route: Route, start_ns: int, end_ns: int) -> list[tuple[Route, int, int]]:
        """What is asked for under which name, in order of time; no part where the name meant somebody else all the time."""
        periods = await self._names.periods(route.instrument)
        if not periods:
            return [(route, start_ns, end_ns)]
        return [
            (one.named(route), max(start_ns, one.start_ns), min(end_ns, one.end_ns))
            for one in periods
            if one.start_ns < end_ns and start_ns < one.end_ns
        ]


def _periods(names: Sequence[NameInTime]) -> list[Period]:
    return [
        Period(
            name.segment,
            name.provider_symbol,
            name.valid_from if place else (name.held_until or date.min),
            date.max if name.valid_to is None else name.valid_to - _DAY,
            ZoneInfo(name.timezone),
        )
        for place, name in enumerate(names)
    ]
