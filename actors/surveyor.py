"""The surveyor: how well each provider serves each exchange, how late its ticks come, and how many minutes were whole."""

from collections import defaultdict
from collections.abc import Mapping
from itertools import islice
from typing import ClassVar

import anyio
import structlog

from actors.carrying import exchange_of
from actors.messages import (
    CandlesWritten,
    Count,
    FeedCounts,
    FeedStatus,
    HealthWanted,
    LineCarries,
    LineHeard,
    LinesWanted,
    LookAtHealth,
    Measured,
    Message,
    ProviderHealth,
)
from actors.pace import Pace
from engine.market.feed_health import FeedHealth, Health
from engine.market.feed_quality import Completeness, Lags
from engine.runtime import ActorRef, MailboxSpec, Overflow, TaskActor, handles

log = structlog.get_logger("ticktree.surveyor")

MEASURE_INTERVAL_S = 10.0
LAGS_A_LOOK = 200
"""Ticks of a line that are looked at: they tell as much as thousands."""


class Measure(Message, frozen=True, gc=False):
    """Tell how late ticks come, and how many minutes were whole."""


class Surveyor(TaskActor):
    """Hears what every line says of itself and what the minutes it made were like; decides nothing."""

    mailbox: ClassVar[MailboxSpec] = MailboxSpec(capacity=10_000, overflow=Overflow.DROP_OLDEST)

    def __init__(
        self,
        *,
        manager: ActorRef,
        heartbeat: ActorRef,
        feeds: Mapping[str, ActorRef],
        look_interval_s: float = Pace().look_s,
    ) -> None:
        super().__init__()
        self._manager = manager
        self._heartbeat = heartbeat
        self._feeds = feeds
        self._look_interval_s = look_interval_s
        self._health = FeedHealth()
        self._told: dict[tuple[str, str], Health] = {}
        self._lags: defaultdict[str, Lags] = defaultdict(Lags)
        self._completeness: defaultdict[str, Completeness] = defaultdict(Completeness)
        self._measures: dict[str, dict[str, float]] = {}

    async def on_start(self) -> None:
        for feed in self._feeds.values():
            if feed.is_alive():
                feed.tell(LinesWanted())
        self.send_every(self._look_interval_s, LookAtHealth())
        self.send_every(MEASURE_INTERVAL_S, Measure())

    @handles(LineCarries)
    def on_line_carries(self, line: LineCarries) -> None:
        exchanges = {exchange_of(route.instrument) for route in line.routes}
        self._health.carries(line.provider, line.connection, exchanges)

    @handles(FeedStatus)
    def on_feed_status(self, status: FeedStatus) -> None:
        self._health.is_told(status.provider, status.connection, status.cause, status.why, status.since_ns)

    @handles(LineHeard)
    def on_line_heard(self, heard: LineHeard) -> None:
        self._lags[heard.provider].heard(islice(heard.ticks.values(), LAGS_A_LOOK))
        newest_ns = max((tick.ts_recv for tick in heard.ticks.values()), default=0)
        self._health.heard(heard.provider, heard.connection, newest_ns)

    @handles(FeedCounts)
    def on_feed_counts(self, counts: FeedCounts) -> None:
        counted = counts.statistics
        damaged = counted.malformed + counted.unknown_codes
        self._health.counted(counts.provider, counts.connection, counted.packets, damaged, anyio.current_time())

    @handles(CandlesWritten)
    def on_candles_written(self, written: CandlesWritten) -> None:
        for candle in written.candles:
            self._completeness[candle.provider].closed(candle)

    @handles(HealthWanted)
    def on_health_wanted(self, _: HealthWanted) -> None:
        self._told = {}

    @handles(LookAtHealth)
    def on_look(self, _: LookAtHealth) -> None:
        found = self._health.look(anyio.current_time(), self.system.clock.now_ns())
        changed = {key: health for key, health in found.items() if self._is_news(self._told.get(key), health)}
        changed |= {key: Health(well=True) for key in self._told.keys() - found.keys()}  # it carries nothing there now
        self._told = found
        if changed:
            self._manager.tell(ProviderHealth(changed))

    @handles(Measure)
    def on_measure(self, _: Measure) -> None:
        now_ns = self.system.clock.now_ns()
        self._measures = {}
        for provider, lags in self._lags.items():
            told, share = lags.told(now_ns), self._completeness[provider].share(now_ns)
            found = {} if told is None else {"lag_ms": told[0], "lag_p95_ms": told[1]}
            self._measures[provider] = found | ({} if share is None else {"complete": share})
        self._heartbeat.tell(Measured(self._measures))

    @handles(Count)
    def on_count(self, _: Count) -> dict[str, float]:
        return {
            f"feed_{name}_{provider}": value
            for provider, found in self._measures.items()
            for name, value in found.items()
        }

    def _is_news(self, known: Health | None, health: Health) -> bool:
        """What is doubtful longer and longer is told once."""
        return known is None or known.well != health.well
