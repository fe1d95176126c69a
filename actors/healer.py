"""The healer: settles one gap of one instrument, so that all views agree with the providers' record."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

import anyio
import msgspec

from actors.messages import CandleClosed, CandlesWritten, Heal, SettleUp, WriteCandles
from actors.records import Records
from actors.routes import Routes
from actors.sources import Answer, Sources
from engine.market import (
    Calendar,
    Calendars,
    Candle,
    Gap,
    Healing,
    Tick,
    TradingDay,
    Verdict,
    VerdictStatus,
    day_start_ns,
    heal,
    touched_minutes,
)
from engine.market.healing import official_revision
from engine.market.quarantine import with_tick
from engine.market.spans import Span
from engine.runtime import ActorRef, HealPoint, reach
from engine.storage.errors import DurableStoreUnavailableError, StorageUnavailableError

MINUTE_NS = 60_000_000_000
MILLISECOND_NS = 1_000_000
SETTLE_NS = 5_000_000_000
"""A minute is asked for this long after its end: closed here, and known to the provider's history."""
ASK_TIMEOUT_S = 10.0
MOST_ADMISSIONS = 5
"""How often an operator's tick is tried; each time a minute must have closed in between, which is rare once."""
UNANSWERED = "the provider's history does not have these minutes"


class UnsettledError(Exception):
    """An instrument's minutes close faster than one of them can be revised; nothing has changed."""


class Settlement(msgspec.Struct, frozen=True):
    """What became of a gap."""

    revised: int = 0
    """Closed candles that were told anew."""
    rest: tuple[Span, ...] = ()
    """The minutes that have to be asked for again, after a pause: of each row of them the first and the last."""
    why: str = ""
    """Why there is a rest."""
    again: bool = False
    """Minutes closed while it was healed: it has to be done once more, at once."""
    open_ns: int = 0
    """Minutes from here on had not ended yet; 0 when all had."""


class Healer:
    """Compares what stands with what the providers say, a trading day at a time, and tells the difference once.

    Today's revisions go through the instrument, which builds on them. Those of earlier days go to the writer; what Redis
    no longer keeps is saved first and told then. Two heals of one instrument never overlap.
    """

    def __init__(
        self,
        records: Records,
        sources: Sources,
        routes: Routes,
        calendars: Calendars,
        *,
        writer: ActorRef,
        listeners: Sequence[ActorRef],
        now_ns: Callable[[], int],
        settle_after_ns: int,
        retention_ns: int,
    ) -> None:
        self._records = records
        self._sources = sources
        self._routes = routes
        self._calendars = calendars
        self._writer = writer
        self._listeners = listeners
        self._now_ns = now_ns
        self._settle_after_ns = settle_after_ns
        self._retention_ns = retention_ns
        self._turns: defaultdict[str, anyio.Lock] = defaultdict(anyio.Lock)

    @property
    def held_until_ns(self) -> int:
        """Before this time no provider may be asked; 0 when one may."""
        return self._sources.held_until_ns

    async def settle(self, gap: Gap) -> Settlement:
        """Heals what can be healed now.

        Raises ProviderError when no provider answers, StorageUnavailableError, ActorDeadError and AskTimeoutError when
        one of ours does not: then it has to be settled once more, and nothing is told twice.
        """
        self._routes.require_any()
        async with self._turns[gap.instrument]:
            calendar, now_ns = self._calendars.of(gap.instrument), self._now_ns()
            through_ns = (now_ns - SETTLE_NS) // MINUTE_NS * MINUTE_NS
            still_open = calendar.buckets("1m", max(gap.start_ns, through_ns), gap.end_ns + 1)
            open_ns = next((minute.start_ns for minute in still_open if minute.end_ns > through_ns), 0)
            parts = list(_by_day(calendar, gap, through_ns))
            wanted = [time for part in parts for time in touched_minutes(calendar, *part.spans[0], through_ns)]
            if not wanted:
                return Settlement(open_ns=open_ns)
            answer = await self._sources.minutes(gap.instrument, wanted, patient=gap.patient)
            reach(HealPoint.HISTORY_READ)
            today_ns = day_start_ns(calendar, through_ns)
            settled = Settlement(open_ns=open_ns)
            for part in parts:
                before = part.end_ns < today_ns
                more = await (self._earlier(part, answer) if before else self._today(part, answer, through_ns))
                settled = _joined(settled, more)
            return settled

    async def give_up(self, gap: Gap, why: str) -> None:
        """Notes that what is lacking in a gap can not be had, and why."""
        instrument, calendar = gap.instrument, self._calendars.of(gap.instrument)
        wanted = [time for span in gap.spans for time in touched_minutes(calendar, *span, gap.end_ns + MINUTE_NS)]
        unsound = await self._records.unsound(instrument, wanted) if wanted else []
        await self._records.note(list(_verdicts(instrument, "unresolvable", unsound, why)))

    async def admit(self, tick: Tick) -> None:
        """Takes a tick into its minute, which is closed, and revises all that is made of it: an operator's word.

        A tick of no session is no candle's. Raises as ``settle`` does, but for providers: none is asked; and
        UnsettledError when the instrument would not have it several times, so that it is to be admitted later.
        """
        calendar = self._calendars.of(tick.instrument)
        bucket = calendar.bucket("1m", tick.ts_event)
        if bucket is None:
            return
        async with self._turns[tick.instrument]:
            for _ in range(MOST_ADMISSIONS):
                stood = await self._records.closed(tick.instrument, bucket.start_ns, bucket.end_ns)
                minute = with_tick(next(iter(stood["1m"]), None), tick, bucket.start_ns)
                gap = Gap(tick.instrument, bucket.start_ns, bucket.end_ns - 1, due_ns=0)
                through_ns = max(bucket.end_ns, (self._now_ns() - SETTLE_NS) // MINUTE_NS * MINUTE_NS)
                if bucket.start_ns < day_start_ns(calendar, through_ns):
                    settled = await self._earlier(gap, Answer([minute]))
                else:
                    settled = await self._today(gap, Answer([minute]), through_ns, sure=True)
                if not settled.again:
                    return
            raise UnsettledError(f"Minutes of {tick.instrument} close faster than one can be revised.")

    async def take_official(self, official: Candle, day: TradingDay) -> Candle | None:
        """Publishes the exchange's own bar of a day that is over, where another one stands; what was published.

        Raises StorageUnavailableError, ActorDeadError and AskTimeoutError, and may be asked again then.
        """
        async with self._turns[official.instrument]:
            revision = official_revision(await self._records.day(official.instrument, day), official)
            if revision is not None:
                await self._publish([revision])
            return revision

    async def _publish(self, revisions: Sequence[Candle]) -> None:
        """Of days that are over: what Redis still keeps goes there first, what it does not is saved first."""
        kept_ns = self._now_ns() - self._retention_ns
        await self._tell([candle for candle in revisions if candle.time >= kept_ns])
        await self._save([candle for candle in revisions if candle.time < kept_ns])

    async def _today(self, gap: Gap, answer: Answer, through_ns: int, *, sure: bool = False) -> Settlement:
        """The instrument settles first: what is still on its way must not be taken for missing.

        While PostgreSQL is away and Redis lacks minutes, only the minutes are healed, and the gap stays open: a longer
        bar would be made of those that Redis still has. Who has to be ``sure`` heals nothing then, as an operator's tick
        would count twice the next time.
        """
        instrument, calendar = gap.instrument, self._calendars.of(gap.instrument)
        target = self._routes.carrier(instrument)[1].target
        await target.ask(SettleUp(self._now_ns()), timeout_s=ASK_TIMEOUT_S)  # comes behind all that was told it before
        await self._write_candles()
        reach(HealPoint.INSTRUMENT_SETTLED)
        start_ns = day_start_ns(calendar, gap.start_ns)
        away: DurableStoreUnavailableError | None = None
        try:
            present = await self._records.closed(instrument, start_ns, through_ns)
        except DurableStoreUnavailableError as error:
            if sure:
                raise
            away, present = error, await self._records.hot(instrument, start_ns, through_ns)
        healing = heal(
            calendar,
            present=present,
            history=answer.minutes,
            start_ns=gap.start_ns,
            end_ns=gap.end_ns,
            through_ns=through_ns,
        )
        if away is not None:
            healing = self._known(calendar, instrument, healing)
        reach(HealPoint.COMPARED)
        if not await target.ask(Heal(healing.revisions, healing.minutes, through_ns), timeout_s=ASK_TIMEOUT_S):
            return Settlement(again=True)
        if healing.revisions:
            reach(HealPoint.REVISIONS_TOLD)
        await self._write_candles()
        if away is not None and not self._records.complete(instrument, healing.minutes, start_ns, through_ns):
            raise away
        return await self._judged(gap, answer, healing)

    def _known(self, calendar: Calendar, instrument: str, healing: Healing) -> Healing:
        """Without the longer bars of which a minute may stand in PostgreSQL alone."""
        revisions = [
            candle
            for candle in healing.revisions
            if (bucket := calendar.bucket(candle.timeframe, candle.time)) is not None
            and (
                candle.timeframe == "1m"
                or self._records.complete(instrument, healing.minutes, bucket.start_ns, bucket.end_ns)
            )
        ]
        return msgspec.structs.replace(healing, revisions=tuple(revisions))

    async def _earlier(self, gap: Gap, answer: Answer) -> Settlement:
        """A day that is over; nothing forms of it any more, so the instrument has no part in it."""
        instrument, calendar = gap.instrument, self._calendars.of(gap.instrument)
        start_ns = day_start_ns(calendar, gap.start_ns)
        end_ns = max(bucket.end_ns for bucket in calendar.buckets("1d", gap.start_ns, gap.end_ns + 1))
        present = await self._records.closed(instrument, start_ns, end_ns, both=True)
        healing = heal(
            calendar,
            present=present,
            history=answer.minutes,
            start_ns=gap.start_ns,
            end_ns=gap.end_ns,
            through_ns=end_ns,
        )
        reach(HealPoint.DAY_COMPARED)
        revisions = _provoked(healing.revisions, {candle.time: candle for candle in present["1d"]})
        await self._publish(revisions)
        healing = msgspec.structs.replace(healing, revisions=tuple(revisions))
        settled = await self._judged(gap, answer, healing)
        reach(HealPoint.DAY_HEALED)
        return settled

    async def _tell(self, revisions: Sequence[Candle]) -> None:
        for candle in revisions:
            self._writer.tell(CandleClosed(candle))
        if revisions:
            reach(HealPoint.DAY_TOLD)
            await self._write_candles()

    async def _save(self, revisions: Sequence[Candle]) -> None:
        """Saved before it is told: who hears of it must find it, and Redis can not hold it until it is saved."""
        published_ns = self._now_ns() // MILLISECOND_NS * MILLISECOND_NS
        told = tuple(msgspec.structs.replace(candle, published_ns=published_ns) for candle in revisions)
        if not told:
            return
        reach(HealPoint.BEFORE_OLD_ROWS)
        await self._records.save(told)
        reach(HealPoint.AFTER_OLD_ROWS)
        for listener in self._listeners:
            listener.tell(CandlesWritten(told))
        reach(HealPoint.OLD_ROWS_TOLD)

    async def _write_candles(self) -> None:
        """What is still on its way must not be taken for missing, nor a heal for done that may die on its way."""
        if not await self._writer.ask(WriteCandles(), timeout_s=ASK_TIMEOUT_S):
            raise StorageUnavailableError("The candles wait to be written.")

    async def _judged(self, gap: Gap, answer: Answer, healing: Healing) -> Settlement:
        """Nobody has seen a trade, and all that may know have been asked, late enough: then there was none."""
        instrument, settled_ns = gap.instrument, self._now_ns() - self._settle_after_ns - MINUTE_NS
        lost = [time for time in (*healing.absent, *healing.unanswered) if time < answer.reach_ns]
        absent = [time for time in healing.absent if time >= answer.reach_ns]
        seen = [time for time in healing.unanswered if time >= answer.reach_ns]
        await self._records.note(
            [
                *_verdicts(instrument, "unresolvable", sorted(lost), answer.reach),
                *(() if answer.unheard else _verdicts(instrument, "empty", [t for t in absent if t <= settled_ns])),
            ]
        )
        rest = sorted([*seen, *(absent if answer.unheard else ())])
        why = answer.unheard or UNANSWERED
        spans = tuple((start_ns, end_ns - MINUTE_NS) for start_ns, end_ns in _rows(rest))
        return Settlement(len(healing.revisions), spans, why if rest else "")


def _by_day(calendar: Calendar, gap: Gap, through_ns: int) -> Iterator[Gap]:
    """The gap's part of each trading day, from its first doubt to its last: more at once would hold up the loop."""
    for day in calendar.buckets("1d", gap.start_ns, min(gap.end_ns, through_ns - 1) + 1):
        spans = [span for span in gap.spans if span[0] < day.end_ns and span[1] >= day.start_ns]
        if spans:
            yield gap.over([(max(spans[0][0], day.start_ns), min(spans[-1][1], day.end_ns - 1))])


def _provoked(revisions: Sequence[Candle], days: dict[int, Candle]) -> list[Candle]:
    """A day's bar may be the exchange's own, which no sum of minutes is: it stays unless another bar was revised.

    It goes before the longer bars: when a kill leaves it old, they are old too, and their mending mends it.
    """
    minutes = [candle for candle in revisions if candle.timeframe == "1m"]
    bars = [candle for candle in revisions if candle.timeframe not in {"1m", "1d"}]
    daily = [
        candle
        for candle in revisions
        if candle.timeframe == "1d"
        and (minutes or bars or candle.time not in days or days[candle.time].resolve_required)
    ]
    return [*minutes, *daily, *bars]


def _joined(one: Settlement, other: Settlement) -> Settlement:
    return Settlement(
        one.revised + other.revised,
        one.rest + other.rest,
        one.why or other.why,
        one.again or other.again,
        one.open_ns or other.open_ns,
    )


def _verdicts(instrument: str, status: VerdictStatus, times: Sequence[int], reason: str = "") -> Iterator[Verdict]:
    """One verdict for each row of minutes."""
    for start_ns, end_ns in _rows(times):
        yield Verdict(instrument, status, start_ns, end_ns, reason)


def _rows(times: Sequence[int]) -> Iterator[tuple[int, int]]:
    """From begin to end of each row of minutes that follow each other."""
    start_ns = end_ns = 0
    for time in times:
        if time != end_ns:
            if end_ns:
                yield start_ns, end_ns
            start_ns = time
        end_ns = time + MINUTE_NS
    if end_ns:
        yield start_ns, end_ns
