"""Reading the ledger: the evidence of both stores, gathered so that complete sessions are counted and not read."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import partial
from itertools import groupby

import anyio
import anyio.lowlevel
import anyio.to_thread
import msgspec

from engine.market.calendar import Calendar, Session
from engine.market.calendars import Calendars
from engine.market.candle import Candle
from engine.market.continuous import Leg
from engine.market.ledger import Evidence, LedgerGap, LedgerPage, gaps_of, read_ledger, sessions_until
from engine.market.spans import Span
from engine.market.timeframe import MINUTE_NS
from engine.storage.durable import ARCHIVED, DurableStore, ShortSession
from engine.storage.errors import StorageUnavailableError
from engine.storage.history import CandleRange, CandleReader
from engine.storage.hot import HotStore

CLOSED_NS = 5_000_000_000
"""So long after its end a bucket is closed and stands in the hot store."""
PATIENCE_S = 5.0
LONG_NS = 10 * 86_400_000_000_000
"""More takes longer than others should wait for the loop: a year of minutes half a second."""
HOT_REACH_NS = 8 * 86_400_000_000_000
"""What was not saved for so long does not stand in the hot store either."""


class LedgerReader:
    """What became of the expected buckets: as PostgreSQL holds it, or as both stores together can be read.

    ``saved_after_ns`` is how old a minute is when it has been saved for certain: the save interval and a grace.
    """

    def __init__(
        self,
        hot: HotStore,
        durable: DurableStore,
        calendars: Calendars,
        *,
        saved_after_ns: int,
        legs: Mapping[str, Sequence[Leg]] | None = None,
    ) -> None:
        """``legs`` of continuous futures by name: what one lacks is what its contracts lack in their time."""
        self._legs = legs or {}
        self._hot = hot
        self._durable = durable
        self._calendars = calendars
        self._both = CandleReader(hot, durable, calendars)
        self._saved_after_ns = saved_after_ns

    async def pages(
        self, instruments: Iterable[str], timeframe: str, start_ns: int, end_ns: int, now_ns: int
    ) -> dict[str, list[LedgerPage]]:
        """The sessions of each instrument with buckets that open in [start, end) and are old enough to be saved."""
        saved_ns = self._saved_ns(now_ns)
        healing = await self._healing()
        found: dict[str, list[LedgerPage]] = {}
        for code, names in groupby(sorted(instruments), key=lambda name: name.partition(":")[0]):
            calendar = self._calendars.of_exchange(code)
            sessions = sessions_until(calendar, start_ns, end_ns, saved_ns)
            for name, evidence in (await self._saved(list(names), timeframe, sessions)).items():
                known = msgspec.structs.replace(evidence, healing=healing.get(name, ()))
                found[name] = read_ledger(calendar, timeframe, start_ns, end_ns, known, settled_ns=saved_ns)
                await anyio.lowlevel.checkpoint()
        return found

    async def gaps(
        self,
        instrument: str,
        timeframe: str,
        start_ns: int,
        end_ns: int,
        now_ns: int,
        *,
        read: CandleRange | None = None,
    ) -> list[LedgerGap] | None:
        """What can not be read of either store now, though it is over; None when one is away and nobody can say.

        Who has read the minutes of this stretch gives them as ``read``, and they are not read again.
        """
        if instrument not in self._legs:
            return await self._gaps(instrument, timeframe, start_ns, end_ns, now_ns, read=read)
        found: list[LedgerGap] = []
        for leg in self._legs[instrument]:
            begin_ns, close_ns = leg.within(start_ns, end_ns)
            if begin_ns < close_ns:
                gaps = await self._gaps(leg.instrument, timeframe, begin_ns, close_ns, now_ns)
                if gaps is None:
                    return None
                found += gaps
        return found

    async def _gaps(
        self,
        instrument: str,
        timeframe: str,
        start_ns: int,
        end_ns: int,
        now_ns: int,
        *,
        read: CandleRange | None = None,
    ) -> list[LedgerGap] | None:
        calendar, closed_ns = self._calendars.of(instrument), now_ns - CLOSED_NS
        try:
            with anyio.fail_after(PATIENCE_S):
                doubtful = await self._doubtful(calendar, instrument, (start_ns, end_ns), now_ns)
                if not doubtful.sessions:
                    return []
                bucket = calendar.bucket(timeframe, doubtful.sessions[0].start_ns)
                begin_ns = max(start_ns, bucket.start_ns) if bucket else start_ns
                evidence = await self._readable(instrument, timeframe, doubtful.since(begin_ns), now_ns, read)
        except (StorageUnavailableError, TimeoutError):
            return None
        read_all = partial(read_ledger, calendar, timeframe, begin_ns, end_ns, evidence, settled_ns=closed_ns)
        is_long = end_ns - begin_ns > LONG_NS
        return gaps_of(await anyio.to_thread.run_sync(read_all) if is_long else read_all())

    async def _saved(
        self, instruments: Sequence[str], timeframe: str, sessions: Sequence[Session]
    ) -> dict[str, Evidence]:
        """Only of sessions that lack minutes, and have some, candles are read."""
        short = await self._short(instruments, sessions)
        archived_ns = await self._durable.checkpoint(ARCHIVED)
        verdicts = await self._durable.verdicts(instruments, *_hull(sessions))
        found: dict[str, Evidence] = {}
        for name in instruments:
            lacking = short.get(name, [])
            minutes: list[Candle] = []
            for span in _runs(sessions, {one.session for one in lacking if one.present}):
                minutes += await self._durable.candles(name, "1m", *span)
            found[name] = Evidence(
                minutes=minutes,
                verdicts=verdicts.get(name, ()),
                counted=_counted(sessions, lacking),
                bars=await self._bars(name, timeframe, lacking),
                archived_ns=archived_ns,
            )
        return found

    async def _doubtful(self, calendar: Calendar, instrument: str, span: Span, now_ns: int) -> "_Doubtful":
        """The sessions of which counting does not show that they lack nothing, or that are too young to be counted."""
        saved_ns = self._saved_ns(now_ns)
        old = sessions_until(calendar, *span, saved_ns)
        young = [
            Session(max(session.start_ns, saved_ns), session.end_ns, session.date)
            for session in sessions_until(calendar, *span, now_ns)
            if session.end_ns > saved_ns
        ]
        return _Doubtful(old, young, await self._durable.short_sessions([instrument], old, unresolvable=True))

    async def _readable(
        self, instrument: str, timeframe: str, doubtful: "_Doubtful", now_ns: int, read: CandleRange | None
    ) -> Evidence:
        """Of what is too young to be saved, and of what was not saved after all, both stores are read."""
        sessions, young = doubtful.old, doubtful.young
        lacking = [one for one in doubtful.short if one.missing]
        verdicts = await self._durable.verdicts([instrument], *_hull([*sessions, *young]))
        in_part = {one.session for one in lacking if one.present or one.session.end_ns > now_ns - HOT_REACH_NS}
        spans = [*_runs(sessions, in_part), *_runs(young, set(young))]
        parts = [read] if read else [await self._both.rows(instrument, "1m", *span) for span in spans]
        minutes = [candle for part in parts for candle in _undegraded(part)]
        return Evidence(
            minutes=minutes,
            verdicts=verdicts.get(instrument, ()),
            healing=(await self._hot.healing()).get(instrument, ()),
            counted=_counted(sessions, lacking),
            bars=await self._bars(instrument, timeframe, lacking),
            archived_ns=await self._durable.checkpoint(ARCHIVED),
        )

    async def _bars(self, instrument: str, timeframe: str, lacking: Sequence[ShortSession]) -> Sequence[Candle]:
        """What may stand for minutes that are not there."""
        if timeframe == "1m" or not lacking:
            return ()
        return await self._durable.candles(instrument, timeframe, *_hull([one.session for one in lacking]))

    def _saved_ns(self, now_ns: int) -> int:
        """Until when minutes are old enough to have been saved."""
        old_ns = now_ns - self._saved_after_ns
        return old_ns - old_ns % MINUTE_NS

    async def _short(self, instruments: Sequence[str], sessions: Sequence[Session]) -> dict[str, list[ShortSession]]:
        short: dict[str, list[ShortSession]] = {}
        for one in await self._durable.short_sessions(instruments, sessions):
            short.setdefault(one.instrument, []).append(one)
        return short

    async def _healing(self) -> Mapping[str, Sequence[Span]]:
        """Without it what is under healing counts as missing."""
        try:
            return await self._hot.healing()
        except StorageUnavailableError:
            return {}


class _Doubtful(msgspec.Struct, frozen=True):
    """What has to be looked at to tell what a stretch lacks."""

    old: Sequence[Session]
    """All sessions as far as they have been saved for certain."""
    young: Sequence[Session]
    """What of the sessions is over, and younger."""
    short: Sequence[ShortSession]

    @property
    def sessions(self) -> list[Session]:
        """Those in which something may lack, oldest first."""
        return sorted([*(one.session for one in self.short), *self.young], key=lambda session: session.start_ns)

    def since(self, begin_ns: int) -> "_Doubtful":
        """The same without the sessions that were over by then."""
        return _Doubtful([session for session in self.old if session.end_ns > begin_ns], self.young, self.short)


def _undegraded(read: CandleRange) -> list[Candle]:
    if read.degraded:
        raise StorageUnavailableError(f"Without {read.missing[0]} nobody can say what is missing.")
    return read.candles


def _counted(sessions: Sequence[Session], lacking: Iterable[ShortSession]) -> list[Session]:
    short = {one.session for one in lacking}
    return [session for session in sessions if session not in short]


def _runs(sessions: Sequence[Session], wanted: AbstractSet[Session]) -> Iterator[Span]:
    """From begin to end of each row of wanted sessions: a query each, and nothing read in between."""
    for is_wanted, run in groupby(sessions, key=wanted.__contains__):
        if is_wanted:
            yield _hull(list(run))


def _hull(sessions: Sequence[Session]) -> Span:
    """From the first opening to the last end; nothing where there are none."""
    if not sessions:
        return 0, 0
    return min(session.start_ns for session in sessions), max(session.end_ns for session in sessions)
