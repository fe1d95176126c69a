"""The past: asks an instrument's providers for what was traded before we listened, and keeps it in PostgreSQL."""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import attrgetter

import msgspec
import trio

from actors.routes import Routes
from actors.sources import FOR_GOOD
from engine.market import DERIVED_TIMEFRAMES, Calendar, Calendars, Candle, TradingDay, day_start_ns, flaw_of
from engine.market.filling import absent, fitting, made_of
from engine.market.verdict import Verdict, in_runs
from engine.market.window import Stretch, bars_in, stretches
from engine.providers.base import History, HistoryLimits, ProviderError, Route
from engine.storage.durable import ARCHIVED, DailyCandle, DurableStore
from engine.storage.hot import HotStore

BARS_A_CALL = 30_000
"""An answer is parsed in one go, in which nothing else runs: a market that never closes has four times as many in 90 days."""
BARS_A_SAVE = 3_000
"""More in one go would hold the loop, and with it the feeds."""
_DAY_NS = 86_400_000_000_000
NEAR_NS = 2 * _DAY_NS
"""What is younger when history was read before is healed, not read again."""


class Piece(msgspec.Struct, frozen=True):
    """What one call of a provider brings: whole trading days, by candles of one timeframe."""

    provider: str
    route: Route
    stretch: Stretch

    @property
    def checkpoint(self) -> str:
        """Where it is noted until when this has been read."""
        return f"history:{self.route.instrument}:{self.stretch.timeframe}"


class Past:
    """Reads history in pieces. Each is saved with a note of how far it got, so whatever ends us, the rest goes on."""

    def __init__(
        self,
        hot: HotStore,
        durable: DurableStore,
        histories: Mapping[str, History],
        routes: Routes,
        calendars: Calendars,
        *,
        now_ns: Callable[[], int],
    ) -> None:
        self._hot = hot
        self._durable = durable
        self._histories = histories
        self._routes = routes
        self._calendars = calendars
        self._now_ns = now_ns

    @property
    def instruments(self) -> list[str]:
        """All whose past can be asked for."""
        return self._routes.instruments

    async def archived_until(self) -> int:
        """Until when minutes and longer bars are archived, and not asked for again; ns UTC, 0 where none are."""
        return await self._durable.checkpoint(ARCHIVED)

    async def pieces(self, instrument: str) -> list[Piece]:
        """What has not been read yet, of the preferred provider; its days before today, which is the healer's."""
        known = self._routes.of(instrument)
        if not known:
            return []
        provider, route = known[0]
        calendar, now_ns = self._calendars.of(instrument), self._now_ns()
        limits = self._histories[provider].limits
        offers = [timeframe for timeframe in ("1m", *DERIVED_TIMEFRAMES) if limits.offers(timeframe)]
        end_ns = day_start_ns(calendar, now_ns)
        found: list[Piece] = []
        archived_ns = await self.archived_until()

        def oldest_ns(timeframe: str) -> int:
            return max(limits.oldest_ns(timeframe, now_ns), 0 if timeframe == "1d" else archived_ns)

        for stretch in stretches(calendar, offers, oldest_ns, now_ns, end_ns):
            whole = Piece(provider, route, stretch)
            read_ns = await self._durable.checkpoint(whole.checkpoint)
            if read_ns < stretch.start_ns or stretch.end_ns - read_ns > NEAR_NS:
                rest = msgspec.structs.replace(stretch, start_ns=max(stretch.start_ns, read_ns))
                lacking = await self._lacking(instrument, rest, calendar)
                calls = _calls(lacking, rest, limits)
                found += [msgspec.structs.replace(whole, stretch=one) for one in calls]
        return found

    async def _lacking(self, instrument: str, stretch: Stretch, calendar: Calendar) -> list[TradingDay]:
        """The trading days to ask for: of minutes, those that have not all of them yet, traded or known to be empty."""
        days = _days(calendar, stretch)
        if stretch.timeframe != "1m" or not days:
            return days
        sessions = [session for day in days for session in day.sessions]
        short = {one.session.date for one in await self._durable.short_sessions([instrument], sessions)}
        return [day for day in days if day.date in short]

    async def fill(self, instrument: str, timeframe: str) -> int:
        """Reads what is still to be asked for in candles of a timeframe; how many candles we did not have."""
        self._routes.require_any()
        pieces = [piece for piece in await self.pieces(instrument) if piece.stretch.timeframe == timeframe]
        return sum([await self.read(piece) for piece in pieces])

    async def read(self, piece: Piece) -> int:
        """How many candles of a piece we did not have; a ``ProviderError`` or a store that is away leaves the rest."""
        stretch, calendar = piece.stretch, self._calendars.of(piece.route.instrument)
        candles = await self._ask(piece)
        if stretch.timeframe == "1d":
            return await self._keep_days(piece, candles, calendar)
        # With others to ask, one's silence confirms nothing: the scan would never look for what they have.
        confirms = bool(candles) and stretch.timeframe == "1m" and len(self._routes.of(piece.route.instrument)) == 1
        written = 0
        for days in _groups(_days(calendar, stretch), _days_a_save(calendar, stretch)):
            made: list[Candle] = []
            empty: list[Verdict] = []
            for day in days:
                fitted = fitting(_of(day, candles), calendar, stretch.end_ns)
                made += made_of([candle for candle in fitted if not flaw_of(candle)], stretch.makes, calendar)
                if confirms:
                    empty += _empty(piece.route.instrument, day, fitted, calendar)
                await trio.lowlevel.checkpoint()  # others want the loop: a day in seven timeframes takes some 10 ms
            new = await self._new(piece.route.instrument, made, stretch, days)
            await self._durable.note_verdicts(empty)  # before the checkpoint: an end in between does both again
            saved = await self._durable.save(new, checkpoint_ns=days[-1].end_ns, name=piece.checkpoint)
            written += saved.written
        return written

    async def _ask(self, piece: Piece) -> list[Candle]:
        """The word of the first provider that has anything for the piece.

        A failure is raised when nobody has: one that passes by itself before one that does not.
        """
        failures: list[ProviderError] = []
        for provider, route in self._routes.of(piece.route.instrument):
            try:
                found = await self._ask_one(self._histories[provider], route, piece.stretch)
            except ProviderError as error:
                failures.append(error)
                continue
            if found:
                return found
        if failures:
            raise next((error for error in failures if error.advice not in FOR_GOOD), failures[0])
        return []

    async def _ask_one(self, history: History, route: Route, stretch: Stretch) -> list[Candle]:
        """What one provider has of its look-back; a day's candle opens at midnight, before its session."""
        if not history.limits.offers(stretch.timeframe):
            return []
        midnight_ns = stretch.start_ns - (_DAY_NS if stretch.timeframe == "1d" else 0)
        start_ns = max(midnight_ns, history.limits.oldest_ns(stretch.timeframe, self._now_ns()))
        if start_ns >= stretch.end_ns:
            return []
        return await history.candles(route, stretch.timeframe, start_ns, stretch.end_ns, patient=True)

    async def _new(
        self, instrument: str, made: list[Candle], stretch: Stretch, days: Sequence[TradingDay]
    ) -> list[Candle]:
        """PostgreSQL keeps what it has of the same revision; what is only in Redis yet would come too late there."""
        first_ns, last_ns = days[0].start_ns, days[-1].end_ns
        standing = {
            (timeframe, candle.time)
            for timeframe in stretch.makes
            for candle in await self._hot.candles(instrument, timeframe, first_ns, last_ns)
        }
        return absent(made, standing)

    async def _keep_days(self, piece: Piece, candles: list[Candle], calendar: Calendar) -> int:
        days: list[DailyCandle] = []
        for candle in candles:
            day = calendar.day(calendar.local_date(candle.time))
            if flaw_of(candle):
                continue
            if day is not None and piece.stretch.start_ns <= day.start_ns and day.end_ns <= piece.stretch.end_ns:
                days.append(DailyCandle(day.date, msgspec.structs.replace(candle, time=day.start_ns)))
        saved = await self._durable.save([], days, checkpoint_ns=piece.stretch.end_ns, name=piece.checkpoint)
        return saved.written


def _calls(days: Sequence[TradingDay], stretch: Stretch, limits: HistoryLimits) -> Iterator[Stretch]:
    """The stretch in pieces of what one call may span; days come in one."""
    if stretch.timeframe == "1d":
        yield stretch
        return
    bars = max((bars_in(day, stretch.timeframe) for day in days), default=1)
    for group in _groups(days, min(limits.days_per_call - 1, max(1, BARS_A_CALL // bars))):
        yield msgspec.structs.replace(stretch, start_ns=group[0].start_ns, end_ns=group[-1].end_ns)


def _days(calendar: Calendar, stretch: Stretch) -> list[TradingDay]:
    """The trading days that begin in a stretch."""
    first, last = calendar.session_date(stretch.start_ns), calendar.session_date(stretch.end_ns - 1)
    return [day for day in calendar.trading_days(first, last) if stretch.start_ns <= day.start_ns < stretch.end_ns]


def _days_a_save(calendar: Calendar, stretch: Stretch) -> int:
    day = calendar.trading_day(stretch.start_ns)
    return 1 if day is None else max(1, BARS_A_SAVE // bars_in(day, stretch.timeframe))


def _groups(days: Sequence[TradingDay], size: int) -> Iterator[Sequence[TradingDay]]:
    """Those that lie within ``size`` dates of each other, together."""
    group: list[TradingDay] = []
    for day in days:
        if group and (day.date - group[0].date).days >= size:
            yield group
            group = []
        group.append(day)
    if group:
        yield group


def _empty(instrument: str, day: TradingDay, traded: list[Candle], calendar: Calendar) -> Iterator[Verdict]:
    """The minutes without a trade: who looks for gaps need not ask the provider for them once more."""
    known = {candle.time for candle in traded}
    return in_runs(
        Verdict(instrument, "empty", bucket.start_ns, bucket.end_ns)
        for bucket in calendar.buckets("1m", day.start_ns, day.end_ns)
        if bucket.start_ns not in known
    )


def _of(day: TradingDay, candles: list[Candle]) -> list[Candle]:
    first, last = (bisect_left(candles, ns, key=attrgetter("time")) for ns in (day.start_ns, day.end_ns))
    return candles[first:last]
