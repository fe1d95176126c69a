"""A simulated month: the real tree on virtual time, stores in memory, a provider without sockets, and misfortunes.

Every misfortune begins and ends at least ten seconds away from a minute's edge, and every instrument trades every five
seconds: so whoever was cut off has lost trades in each minute that the cut touches, and what was lost is known exactly.
"""

import random
from bisect import bisect_right
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import partial

import trio

from actors.pace import Pace
from config.calendars import load_calendar
from config.settings import Settings
from engine.app import engine_tree
from engine.market import TIMEFRAMES, Calendars, Candle, Instrument, InstrumentKind, Session, derive
from engine.market.ledger import BucketState, gaps_of
from engine.parts.base import Parts
from engine.providers.base import Advice
from engine.providers.provider import Provider
from engine.providers.simulator.direct import DirectFeed, DirectHistory, Refusal
from engine.providers.simulator.hours import Hours
from engine.providers.simulator.instruments import universe
from engine.providers.simulator.market import SyntheticMarket
from engine.runtime import ActorSystem, ChildSpec, LoopClock
from engine.seeding import exchanges
from engine.storage.durable import ProviderMapping
from engine.storage.ledger import LedgerReader
from engine.storage.memory import MemoryDurableStore, MemoryHotStore

SECOND_NS = 1_000_000_000
MINUTE_NS = 60 * SECOND_NS
HOUR_NS = 60 * MINUTE_NS
TRADES_PER_MINUTE = 20.0
"""Twelve in the quietest minutes: one in each five seconds."""
PACE = Pace(publish_s=30.0, flush_s=5.0, report_s=5.0, note_s=15.0, tree_s=600.0, renew_s=60.0, look_s=10.0)
ACCEPTS = (15, 45)
"""The seconds of a minute in which connections are taken and misfortunes begin."""
STEP_S = 5.0
MINIMUM_S = 15
"""A shorter misfortune might cost nothing."""
BEFORE_NS, AFTER_NS = 40 * MINUTE_NS, 4 * HOUR_NS
"""So long after a close a day is judged without its history, and with it."""
NIGHTS_OFF = 0.8
HEALS_NS = HOUR_NS
"""So long after a close the history answers again, where it did not."""
STATE_KEPT_NS = 24 * HOUR_NS
LOOK_BACK_DAYS = 5
LACKS = 0.02
"""The share of minutes that the provider's history does not have."""


@dataclass(frozen=True, slots=True)
class Down:
    """The engine is not there: it was stopped, or killed."""

    start_ns: int
    end_ns: int
    is_killed: bool


@dataclass(slots=True)
class Plan:
    """What goes wrong."""

    downs: list[Down] = field(default_factory=list[Down])
    outages: list[Refusal] = field(default_factory=list[Refusal])
    blind: list[Refusal] = field(default_factory=list[Refusal])
    """When the provider's history does not answer."""

    def add(self, session: Session, chance: random.Random) -> None:
        """A session's share: some misfortunes one after the other, and on every other day no history until it is over."""
        at_ns = session.start_ns - 20 * MINUTE_NS
        while True:
            at_ns = moment(at_ns + chance.randrange(3 * 60, 3 * 60 * 60) * SECOND_NS, chance)
            if at_ns > session.end_ns - MINUTE_NS:
                break
            lasting_s = MINIMUM_S + chance.choice((30, 90, 600, 2400)) * chance.random()
            end_ns = moment(at_ns + int(lasting_s) * SECOND_NS, chance)
            end_ns += MINUTE_NS if end_ns < at_ns + MINIMUM_S * SECOND_NS else 0
            self._add(at_ns, end_ns, chance)
            at_ns = end_ns + 2 * MINUTE_NS
        if chance.random() < 0.6:
            advice = chance.choice((Advice.RETRY, Advice.NEW_TOKEN))
            self.blind.append(Refusal(session.start_ns - HOUR_NS, session.end_ns + HEALS_NS, advice))

    def rest(self, session: Session, following: Session, chance: random.Random) -> None:
        """Most nights and weekends the engine is stopped, in good order."""
        if chance.random() < NIGHTS_OFF:
            night_ns = session.end_ns + AFTER_NS + 15 * MINUTE_NS
            self.downs.append(Down(night_ns, following.start_ns - 75 * MINUTE_NS, is_killed=False))

    def _add(self, start_ns: int, end_ns: int, chance: random.Random) -> None:
        kind = chance.choice(("outage", "token", "restart", "kill"))
        if kind in ("restart", "kill"):
            self.downs.append(Down(start_ns, end_ns, kind == "kill"))
        else:
            advice = Advice.RETRY if kind == "outage" else Advice.NEW_TOKEN
            self.outages.append(Refusal(start_ns, end_ns, advice))

    def __str__(self) -> str:
        kills = sum(down.is_killed for down in self.downs)
        tokens = sum(outage.advice is Advice.NEW_TOKEN for outage in self.outages)
        return (
            f"{len(self.outages) - tokens} outages, {tokens} expired tokens, {len(self.downs) - kills} restarts, "
            f"{kills} kills, {len(self.blind)} days without history"
        )


def moment(ns: int, chance: random.Random) -> int:
    """A second of that minute far enough from its edges."""
    return ns - ns % MINUTE_NS + chance.randrange(*ACCEPTS) * SECOND_NS


@dataclass(slots=True)
class Tally:
    """What a month came to, for the note."""

    minutes: int = 0
    lost: int = 0
    judged_before: int = 0
    """Lost minutes that the ledger was asked about before history could tell of them."""
    beyond_help: int = 0
    """Lost minutes that the provider does not have either."""
    left: int = 0
    """Minutes that the ledger says are not to be had, in the end."""
    healed: int = 0
    """Lost minutes that the ledger counts as traded, in the end."""


class Month:
    """Some sessions of NSE, one after the other, with their nights and weekends."""

    def __init__(self, first: date, last: date, *, instruments: int, seed: int) -> None:
        self.calendars = Calendars(load_calendar)
        self.calendar = self.calendars.of_exchange("NSE")
        self.sessions = self.calendar.sessions(first, last)
        self.clock = LoopClock(self.sessions[0].start_ns - 2 * HOUR_NS)
        self.tally = Tally()
        self._chance = random.Random(seed)
        self.plan = Plan()
        for number, session in enumerate(self.sessions):
            self.plan.add(session, self._chance)
            if number + 1 < len(self.sessions):
                self.plan.rest(session, self.sessions[number + 1], self._chance)
        self.market = SyntheticMarket(
            universe(instruments + 2, first)[2:],
            seed=seed,
            hours=Hours(self.calendar),
            trades_per_minute=TRADES_PER_MINUTE,
        )
        self.names = [listing.instrument for listing in self.market.listings]
        self.lacks = {name: set(self._lacking()) for name in self.names}
        self.feed = DirectFeed(self.market, self.clock, step_s=STEP_S, accepts=ACCEPTS)
        self.history = DirectHistory(self.market, self.clock, lacks=self.lacks, look_back_days=LOOK_BACK_DAYS)
        self.feed.refusals.plan(self.plan.outages)
        self.history.refusals.plan(self.plan.blind)
        self.hot = MemoryHotStore(self.clock.now_ns, retention_days=7)
        self.durable = MemoryDurableStore()
        self.reader = LedgerReader(self.hot, self.durable, self.calendars, saved_after_ns=10 * MINUTE_NS)

    def _lacking(self) -> Iterator[int]:
        for session in self.sessions:
            for minute in range(session.start_ns, session.end_ns, MINUTE_NS):
                if self._chance.random() < LACKS:
                    yield minute

    async def live(self) -> None:
        """All of it."""
        self.clock.now_ns()
        await self.durable.seed(exchanges(), *self._seeds())
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._keep_engine)
            for session in self.sessions:
                await self._until(session.end_ns + BEFORE_NS)
                if any(blind.start_ns < session.end_ns < blind.end_ns for blind in self.plan.blind):
                    await self._judge_before(session)
                await self._until(session.end_ns + AFTER_NS)
                await self._judge_after(session)
            nursery.cancel_scope.cancel()

    def _seeds(self) -> tuple[list[Instrument], list[ProviderMapping]]:
        listings = self.market.listings
        instruments = [
            Instrument(0, one.exchange, one.symbol, one.name, InstrumentKind(one.kind), one.tick_size)
            for one in listings
        ]
        mappings = [
            ProviderMapping("simulator", one.instrument, one.segment, str(one.security_id), date(2020, 1, 1))
            for one in listings
        ]
        return instruments, mappings

    async def _until(self, ns: int) -> None:
        await trio.sleep(self.clock.seconds_until(ns))

    async def _keep_engine(self) -> None:
        for down in self.plan.downs:
            async with self._engine() as system:
                await self._until(down.start_ns)
                if down.is_killed:
                    self._cut_off(away=True)
                    await system.stop()
            self._cut_off(away=False)
            await self._until(down.end_ns)
        async with self._engine():
            await trio.sleep_forever()

    def _cut_off(self, *, away: bool) -> None:
        """Whoever dies writes nothing any more, whatever it would still do on the way out."""
        self.hot.link.away = self.durable.tables.away = away

    @asynccontextmanager
    async def _engine(self) -> AsyncGenerator[ActorSystem]:
        jitter = self._chance.random
        providers = {"simulator": Provider(self.feed, self.history)}
        settings = Settings(providers=("simulator",), engine_id="month")
        parts = Parts(settings, "month", self.hot, self.durable, providers, self.calendars, pace=PACE, jitter=jitter)
        async with ActorSystem("engine", clock=self.clock, jitter=jitter) as system:
            await system.start(ChildSpec("engine", partial(engine_tree, system, parts)))
            yield system

    # What is true

    def lost(self, name: str, session: Session) -> set[int]:
        """The minutes of which a trade was not handed over, and the first after nothing: what was before, nobody knows."""
        place = self.names.index(name)
        first = {session.start_ns} if self._begins_anew(session) else set[int]()
        return first | {minute for minute in minutes(session) if not self._is_carried(place, minute)}

    def _begins_anew(self, session: Session) -> bool:
        """The month's first session, and one before which the engine was away longer than Redis keeps its state."""
        before_ns = max((one.end_ns for one in self.sessions if one.end_ns < session.start_ns), default=0)
        away = (down for down in self.plan.downs if before_ns <= down.start_ns and down.end_ns <= session.start_ns)
        return not before_ns or any(down.end_ns - down.start_ns > STATE_KEPT_NS for down in away)

    def _is_carried(self, place: int, minute: int) -> bool:
        carried = self.feed.carried
        last = bisect_right(carried, (minute + MINUTE_NS, 0)) - 1
        if last >= 0 and carried[last][0] <= minute and carried[last][1] >= minute + MINUTE_NS:
            return True
        tape = self.market.tape(place, minute)
        assert tape is not None
        around = carried[max(0, last - 4) : last + 1]
        return all(any(start < time <= end for start, end in around) for time in tape.times)

    # What the engine says

    async def ledger(self, name: str, session: Session) -> dict[BucketState, set[int]]:
        """The minutes of a session that the ledger does not count as traded, by state."""
        span = session.start_ns, session.end_ns
        pages = await self.reader.pages([name], "1m", *span, self.clock.now_ns())
        assert sum(page.expected for page in pages[name]) == len(minutes(session))
        found: dict[BucketState, set[int]] = {state: set() for state in BucketState}
        for gap in gaps_of(pages[name]):
            found[gap.state] |= set(range(gap.start_ns, gap.end_ns, MINUTE_NS))
        for verdict in (await self.durable.verdicts([name], *span)).get(name, []):
            found[BucketState(verdict.status)] |= set(range(verdict.start_ns, verdict.end_ns, MINUTE_NS))
        return found

    async def _judge_before(self, session: Session) -> None:
        for name in self.names:
            found, lost = await self.ledger(name, session), self.lost(name, session)
            missing = found[BucketState.MISSING] | found[BucketState.HEALING]
            assert missing == lost, self._difference(name, missing, lost)
            self.tally.judged_before += len(lost)

    async def _judge_after(self, session: Session) -> None:
        assert not await self.hot.healing()
        for name in self.names:
            found, lost = await self.ledger(name, session), self.lost(name, session)
            beyond = lost & self.lacks[name]
            missing = found[BucketState.MISSING] | found[BucketState.HEALING]
            assert not missing, self._difference(name, missing, set())
            left = found[BucketState.EMPTY] | found[BucketState.UNRESOLVABLE]
            assert left == beyond, self._difference(name, left, beyond)
            await self._judge_candles(name, session, beyond)
            self.tally.minutes += len(minutes(session))
            self.tally.lost += len(lost)
            self.tally.beyond_help += len(beyond)
            self.tally.left += len(left)
            self.tally.healed += len(lost - missing - left)

    async def _judge_candles(self, name: str, session: Session, beyond: set[int]) -> None:
        """Both stores have what the exchange traded, in every bucket that is not beyond help."""
        truth = self.market.minutes(self.names.index(name), session.start_ns, session.end_ns)
        for timeframe in TIMEFRAMES:
            held = {"redis": await self.hot.candles(name, timeframe, session.start_ns, session.end_ns)}
            if timeframe == "1d":
                held["postgresql"] = [day.candle for day in await self.durable.days(name, session.date, session.date)]
            else:
                held["postgresql"] = await self.durable.candles(name, timeframe, session.start_ns, session.end_ns)
            told = truth if timeframe == "1m" else derive(truth, timeframe, self.calendar)
            whole = {candle.time: numbers(candle) for candle in told if not self._touches(timeframe, candle, beyond)}
            for store, candles in held.items():
                found = {candle.time: numbers(candle) for candle in candles if candle.time in whole}
                assert found == whole, f"{store} {name} {timeframe}"

    def _touches(self, timeframe: str, candle: Candle, beyond: set[int]) -> bool:
        bucket = self.calendar.bucket(timeframe, candle.time)
        assert bucket is not None
        return any(bucket.start_ns <= minute < bucket.end_ns for minute in beyond)

    def _difference(self, name: str, said: set[int], true: set[int]) -> str:
        more, less = (", ".join(map(self._clock_of, sorted(part))) for part in (said - true, true - said))
        return f"{name}: doubted without reason: {more or 'nothing'}; lost and not known: {less or 'nothing'}"

    def _clock_of(self, ns: int) -> str:
        local = self.calendar.local_date(ns)
        return f"{local} {(ns // MINUTE_NS + 330) % 1440 // 60:02}:{(ns // MINUTE_NS + 330) % 60:02}"


def minutes(session: Session) -> range:
    return range(session.start_ns, session.end_ns, MINUTE_NS)


def numbers(candle: Candle) -> tuple[float, ...]:
    return (candle.open, candle.high, candle.low, candle.close, candle.volume)
