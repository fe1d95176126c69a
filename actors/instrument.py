"""One symbol's owner: its last volume and its forming candles."""

from collections.abc import Sequence
from typing import Any, ClassVar

import msgspec

from actors.appeals import Appeals
from actors.instrument_report import report_of
from actors.messages import (
    Admit,
    AppealDue,
    Backfill,
    CandleClosed,
    Carry,
    CloseDue,
    Doubted,
    Heal,
    HeldLost,
    Interrupted,
    Overrule,
    PolledPrice,
    PolledTick,
    Report,
    SecondOpinion,
    SettleUp,
    TickRefused,
    Watch,
)
from actors.pace import Pace
from engine.market import HORIZON_NS, LATENESS_NS, NEVER, Candle, CandleBook, PriceGuard, Ruling, Tick, VolumeMeter
from engine.market.carriage import Carriage, Turn
from engine.runtime import Actor, ActorRef, MailboxSpec, Overflow, Timer, handles

PATIENCE_NS = 300_000_000_000
"""A report that is so late was dropped: an overflowing mailbox drops the oldest, whatever it is."""


class Outlets(msgspec.Struct, frozen=True, gc=False):
    """Where every instrument of an engine sends what happens, and how often; one object shared by all."""

    writer: ActorRef
    broadcaster: ActorRef
    resolver: ActorRef
    quarantine: ActorRef
    report_interval_s: float = Pace().report_s
    watched_interval_s: float = Pace().watched_s


class InstrumentActor(Actor):
    """Receives every tick of one instrument, passes it on, and reports what changed once per interval.

    Candles are closed by the times of receipt in the ticks, before a tick is added; a timer closes them only while no
    tick comes, and then what was received by the very same boundary. So the same ticks give the same candles again, in
    a replay too, however busy the engine was.
    """

    mailbox: ClassVar[MailboxSpec] = MailboxSpec(capacity=1000, overflow=Overflow.DROP_OLDEST)
    drains: ClassVar[bool] = True

    def __init__(
        self,
        book: CandleBook,
        meter: VolumeMeter,
        guard: PriceGuard,
        segment_key: str,
        outlets: Outlets,
        *,
        interrupted_since_ns: int,
    ) -> None:
        super().__init__()
        self._book = book
        self._meter = meter
        self._guard = guard
        self._appeals = Appeals(self, book.instrument, guard, outlets.quarantine)
        self._carriage = Carriage(book.source)
        self._segment_key = self._next_key = segment_key
        self._adrift_ns = 0
        """Since when nobody well has carried us, where the provider that takes over does so in an emergency."""
        self._outlets = outlets
        self._interrupted_since_ns = interrupted_since_ns
        self._last: Tick | None = None
        self._shown: Tick | None = None
        """The newest price that was told, also where it made no candle."""
        self._doubted: Tick | None = None
        """The newest answer about an option without a feed, if it was too strange to be told."""
        self._missed_ns = 0
        """The end of an interruption whose last trades the next total will bring; 0 when none is waited for."""
        self._report_by_ns = 0
        self._armed_ns: int = NEVER
        """The end of the bucket that the timer waits for, always the book's next."""
        self._due_ns: int = NEVER
        """A tick received then or later closes it."""
        self._closing: Timer | None = None
        self._reported_ns = interrupted_since_ns
        self._dropped = 0
        self._watched = False

    def on_start(self) -> None:
        """A start, also after a crash, means that ticks may have been missed since the state we begin with.

        The minutes it brings along are looked up: their last word may have died on its way to the store, or they were
        healed after the state was written, and would be told as they were before.
        """
        self._dropped = self._mailbox_drops()
        self._outlets.quarantine.tell(HeldLost(self._book.instrument))
        oldest_ns, since_ns, now_ns = self._book.oldest_ns, self._interrupted_since_ns, self.system.clock.now_ns()
        self._interrupt(since_ns, now_ns)
        self._miss(since_ns, now_ns)
        if oldest_ns is not None and oldest_ns < since_ns:
            self._outlets.resolver.tell(Backfill((self._book.instrument,), oldest_ns, since_ns))
        self._arm_closing()

    def on_stop(self) -> None:
        self.on_report(Report())

    @handles(Tick)
    def on_tick(self, tick: Tick) -> None:
        """What lies in the guard's band is believed without asking it; the ticks of who does not carry us are ignored."""
        if tick.provider != self._carriage.heard and not self._is_ours(tick):
            return
        guard = self._guard
        if guard.low <= tick.price <= guard.high and tick.ts_event < guard.until_ns:
            self._take(tick)
        else:
            self._obey(guard.judge(tick, self._last), "ticks", tick.ts_recv)

    def _take(self, tick: Tick) -> None:
        book = self._book
        if tick.ts_recv >= self._due_ns:
            self._close_until(tick.ts_recv - LATENESS_NS)
        volume = self._meter.measure(tick, book.calendar.session_date(tick.ts_event))
        forming = book.add(tick, volume)
        self._last = self._shown = tick
        if self._missed_ns:
            self._find_missed(tick, volume)
        self._outlets.broadcaster.tell(tick)
        if tick.ts_recv > self._report_by_ns:
            self._report_by_ns = tick.ts_recv + PATIENCE_NS
            interval = self._outlets.watched_interval_s if self._watched else self._outlets.report_interval_s
            self.send_after(interval, Report())
        if book.next_close_ns != self._armed_ns:
            self._arm_closing()
        if not forming:
            self._settle_late()

    @handles(Carry)
    def on_carry(self, carry: Carry) -> None:
        """What a provider that is lost has not brought is looked up at once, also where the heir says nothing for long."""
        self._carriage.move(carry.provider, urgent=carry.urgent)
        self._next_key, self._adrift_ns = carry.segment_key, carry.since_ns
        now_ns = self.system.clock.now_ns()
        if not self._carriage.heir:
            self._segment_key = carry.segment_key
        elif 0 < carry.since_ns < now_ns:
            self._interrupt(carry.since_ns, now_ns)
            self._adrift_ns = now_ns

    @handles(PolledTick)
    def on_polled_tick(self, polled: PolledTick) -> None:
        """While no feed brings us: its minute, and what led to it, is in doubt until a feed is back and history is read."""
        tick = polled.tick
        since_ns = tick.ts_recv if self._last is None else self._last.ts_recv
        self._publish(self._book.flag(since_ns, tick.ts_recv + 1), told=True)
        self._obey(self._guard.judge(tick, self._last), "ticks", tick.ts_recv)

    @handles(PolledPrice)
    def on_polled_price(self, polled: PolledPrice) -> None:
        """Where no feed has room for us: what is news is shown. It makes no candle, as no history would ever correct that.

        So nobody is asked about a leap: it is shown once the next answer says it, too.
        """
        tick, shown = polled.tick, self._shown
        is_borne_out = self._is_borne_out(tick)
        self._doubted = None if is_borne_out else tick
        if is_borne_out and (shown is None or _prices(tick) != _prices(shown)):
            self._shown = tick
            self._outlets.broadcaster.tell(tick)
            self._tell_report()

    def _is_borne_out(self, answer: Tick) -> bool:
        """By the price that was told before it, or by the answer before it where nothing was told since."""
        shown, doubted = self._shown, self._doubted
        if shown is not None and self._guard.agree(shown.price, answer.price):
            return True
        if doubted is None or (shown is not None and shown.ts_recv > doubted.ts_recv):
            return False
        return self._guard.agree(doubted.price, answer.price)

    def _is_ours(self, tick: Tick) -> bool:
        """Whether a tick counts while we pass from one provider to another."""
        carriage, calendar = self._carriage, self._book.calendar
        if carriage.is_due(tick.ts_recv - LATENESS_NS):
            self._close_until(tick.ts_recv - LATENESS_NS)
            return tick.provider == carriage.heard
        turn = carriage.turn(tick, calendar)
        if turn is Turn.LISTEN:
            if not self._meter.listen(tick, calendar.session_date(tick.ts_event)):  # its volume is in the next minute's
                self._interrupt(carriage.border_ns, carriage.border_ns + 1)
        elif turn is Turn.SUCCEED:
            self._take_over(tick)
        return turn in (Turn.TAKE, Turn.SUCCEED)

    def _take_over(self, tick: Tick) -> None:
        """In an emergency: what was traded since the last total is only guessed, and all that the hole touches is healed.

        So is every open minute: who is given up because its data are damaged may have opened one that is still to come.
        """
        self._close_until(tick.ts_recv - LATENESS_NS)
        day = self._book.calendar.trading_day(tick.ts_event)
        session_date = self._book.calendar.session_date(tick.ts_event)
        self._meter.bridge(tick, session_date, tick.ts_event if day is None else day.start_ns)
        self._go_on_with_heir(tick.ts_recv)
        until_ns = max(tick.ts_recv + 1, self._book.open_until_ns)
        self._interrupt(self._adrift_ns or tick.ts_recv, until_ns)

    def _go_on_with_heir(self, border_ns: int) -> None:
        self._meter = self._meter.successor()
        self._book.succeed(self._carriage.heir, border_ns)
        self._segment_key = self._next_key
        self._carriage.complete()

    def _obey(self, ruling: Ruling, decided_by: str, now_ns: int) -> None:
        """Ticks that were held come in now, whatever time they bear."""
        if ruling.released:
            self._close_until(now_ns - LATENESS_NS)
        for tick in ruling.taken:
            if self._carriage.takes(tick):  # one that was held may be of who carried us before
                self._take(tick)
        self._look_up(ruling, now_ns)
        entries = ruling.entries(decided_by)
        if entries:
            self._outlets.quarantine.tell(Doubted(entries))
        if ruling.refused:
            self._outlets.quarantine.tell(TickRefused(self._book.instrument, ruling.refused))
        self._appeals.follow()

    def _look_up(self, ruling: Ruling, now_ns: int) -> None:
        """A trade whose price was wrong is lacking, and its volume went to the one after it: only history knows it all.

        It has the last word, too, on prices that were believed only lest they be locked out for ever. The time of one
        of them may be damaged as well, and is no reason to read the history of years.
        """
        if ruling.unconfirmed:
            times = [tick.ts_event for tick in ruling.taken]
            newest_ns = max(times)
            since_ns = max(min(times), newest_ns - HORIZON_NS)
            self._outlets.resolver.tell(Backfill((self._book.instrument,), since_ns, newest_ns))
        trades = [suspect.tick for suspect in ruling.discarded if suspect.tick.size or suspect.tick.volume is None]
        if trades:
            since_ns = min(tick.ts_event for tick in trades)
            until_ns = max(since_ns, ruling.taken[-1].ts_event if ruling.taken else now_ns) + 1
            since_ns = max(since_ns, now_ns - HORIZON_NS)
            self._interrupt(since_ns, until_ns)
            self._miss(since_ns, until_ns)

    @handles(AppealDue)
    def on_appeal_due(self, _: AppealDue) -> None:
        now_ns = self.system.clock.now_ns()
        self._obey(self._appeals.go_on(now_ns), "nobody", now_ns)

    @handles(SecondOpinion)
    def on_second_opinion(self, opinion: SecondOpinion) -> None:
        self._obey(self._appeals.answer(opinion), "second source", self.system.clock.now_ns())

    @handles(Overrule)
    def on_overrule(self, overrule: Overrule) -> bool:
        ruling = self._guard.overrule(release=overrule.release)
        self._obey(ruling, "operator", self.system.clock.now_ns())
        return bool(ruling.released or ruling.discarded)

    @handles(Admit)
    def on_admit(self, admit: Admit) -> bool:
        """Its volume went to the tick after it, so it brings none."""
        tick, now_ns = admit.tick, self.system.clock.now_ns()
        self._close_until(now_ns - LATENESS_NS)
        bucket = self._book.calendar.bucket("1m", tick.ts_event)
        if bucket is None or bucket.end_ns <= max(self._book.watermark_ns, now_ns - LATENESS_NS):
            return False
        self._book.add(tick, 0)
        return True

    @handles(Report)
    def on_report(self, _: Report) -> None:
        self._report_by_ns = 0
        self._tell_report()

    def _tell_report(self) -> None:
        self._look_back()
        if self._last is not None:
            self._reported_ns = self._last.ts_event
        if self._shown is not None:
            report = report_of(
                self._shown,
                self._book,
                self._meter,
                self._segment_key,
                seen_ns=self._reported_ns,
                watched=self._watched,
            )
            self._outlets.writer.tell(report)

    @handles(CloseDue)
    def on_close_due(self, due: CloseDue) -> None:
        """Ticks behind this message were received later than it was sent; only a clock set back makes that untrue."""
        if self.system.clock.now_ns() >= due.end_ns + LATENESS_NS:
            self._close_until(due.end_ns)
        elif due.end_ns == self._armed_ns:
            self._armed_ns = NEVER
            self._arm_closing()

    @handles(SettleUp)
    def on_settle_up(self, settle_up: SettleUp) -> None:
        self._close_until(settle_up.at_ns - LATENESS_NS)

    def _close_until(self, ns: int) -> None:
        """The state follows its candles: a state that holds open what was told as closed would have it told again."""
        closed = self._book.close_until(ns)
        self._publish(closed)
        if self._carriage.is_due(ns):
            self._go_on_with_heir(self._carriage.border_ns)
        self._arm_closing()
        if closed:
            self._tell_report()

    @handles(Watch)
    def on_watch(self, watch: Watch) -> None:
        if watch.watched != self._watched:
            self._watched = watch.watched
            self.on_report(Report())

    @handles(Interrupted)
    def on_interrupted(self, interruption: Interrupted) -> None:
        """Closed candles that were touched are told again: their flag is news to the store."""
        self._publish(self._book.flag(interruption.start_ns, interruption.end_ns), told=True)
        self._miss(interruption.start_ns, interruption.end_ns)

    @handles(Heal)
    def on_heal(self, heal: Heal) -> bool:
        """Takes the history over; False when minutes have closed since it was read and it must be read again."""
        revisions = [self._above(candle) for candle in heal.revisions]
        if not self._book.rebuild(heal.minutes, heal.through_ns):
            return False
        told = {(candle.timeframe, candle.time) for candle in revisions}
        rederived = [candle for candle in self._book.take_revised() if (candle.timeframe, candle.time) not in told]
        self._publish([*revisions, *rederived])
        if heal.minutes:
            newest = heal.minutes[-1]
            self._obey(self._guard.know(newest.close, newest.time), "history", self.system.clock.now_ns())
        self.on_report(Report())
        self._arm_closing()
        return True

    def _above(self, candle: Candle) -> Candle:
        """A heal that a late tick's revision overtook: no two candles may bear the same number."""
        known = self._book.revision(candle.timeframe, candle.time)
        return candle if candle.revision > known else msgspec.structs.replace(candle, revision=known + 1)

    def _look_back(self) -> None:
        """Totals that were corrected, and ticks that were dropped since the last report, leave doubt behind."""
        since_ns = self._meter.take_doubt()
        dropped = self._mailbox_drops()
        if dropped != self._dropped:
            self._dropped = dropped
            since_ns = min(since_ns or self._reported_ns, self._reported_ns)
        now_ns = self.system.clock.now_ns()
        if since_ns:
            self._interrupt(max(since_ns, now_ns - HORIZON_NS), now_ns)

    def _mailbox_drops(self) -> int:
        mailbox: Any = self.actor_inbox  # pykka knows no counters
        return mailbox.dropped

    def _interrupt(self, start_ns: int, end_ns: int) -> None:
        self._publish(self._book.flag(start_ns, end_ns), told=True)
        self._outlets.resolver.tell(Interrupted(self._book.instrument, start_ns, end_ns, known=True))

    def _miss(self, start_ns: int, end_ns: int) -> None:
        """Ticks were missed: the first total received afterwards brings their volume, unless it has done so already."""
        if start_ns >= end_ns:
            return
        self._missed_ns = max(self._missed_ns, end_ns)
        last = self._last
        if last is not None and last.ts_recv >= self._missed_ns:
            self._find_missed(last, last.volume or 0)

    def _find_missed(self, tick: Tick, volume: int) -> None:
        """The minute of that total was given volume that is none of its own.

        Where the interruption touched it, it is in doubt anyway, and the first total of a day holds nothing of the day before.
        """
        missed_ns, self._missed_ns = self._missed_ns, 0
        calendar = self._book.calendar
        bucket, day = calendar.bucket("1m", tick.ts_event), calendar.trading_day(tick.ts_event)
        if bucket is None or day is None or not volume or tick.volume is None:
            return
        if day.attended_ns < missed_ns <= bucket.start_ns:
            self._interrupt(bucket.start_ns, tick.ts_event + 1)

    def _settle_late(self) -> None:
        """A late tick revises the last minutes; of older ones only the provider's history can say what they were."""
        self._publish(self._book.take_revised())
        for bucket in self._book.take_late():
            self._interrupt(bucket.start_ns, bucket.end_ns)

    def _arm_closing(self) -> None:
        """A reminder that an overflowing mailbox drops is not missed: the ticks that push it out close as it would."""
        end_ns = self._book.next_close_ns
        if end_ns == self._armed_ns:
            return
        if self._closing is not None:
            self._closing.cancel()
        self._armed_ns, self._due_ns, self._closing = end_ns, end_ns + LATENESS_NS, None
        if end_ns != NEVER:
            delay_s = self.system.clock.seconds_until(end_ns + LATENESS_NS)
            self._closing = self.send_after(delay_s, CloseDue(end_ns))

    def _publish(self, candles: Sequence[Candle], *, told: bool = False) -> None:
        for candle in candles:
            self._outlets.writer.tell(CandleClosed(candle, self._watched, told))


def _prices(tick: Tick) -> tuple[float | None, ...]:
    return tick.price, tick.bid, tick.ask, tick.open_interest
