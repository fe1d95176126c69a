"""The engine's pulse: its lease and the heartbeat by which everybody sees that the feeds are alive."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec
import structlog

from actors.messages import Beat, CarriedCounts, Count, Diagnosed, FeedCounts, FeedStatus, Measured, Renew
from actors.pace import Pace
from engine.runtime import ActorRef, MailboxSpec, Overflow, TaskActor, handles
from engine.storage.errors import StorageUnavailableError
from engine.storage.hot import HotStore

if TYPE_CHECKING:
    from engine.providers.base import DecoderStatistics

log = structlog.get_logger("ticktree.heartbeat")

BEAT_INTERVAL_S = 30.0
LEASE_S = 15.0
UNUSABLE = ("unknown_codes", "unmapped", "malformed", "unpriced", "untimed")
COUNTED = ("frames", "packets", "ticks", "clock_suspect", "undated", *UNUSABLE)
"""``undated`` is no trouble: in modes that tell no times, what comes after subscribing is always of unknown age."""


class Heartbeat(TaskActor):
    """Renews the lease, and tells ``market_stream:heartbeat`` how each feed is: every 30 s and at every change."""

    mailbox: ClassVar[MailboxSpec] = MailboxSpec(capacity=1000, overflow=Overflow.DROP_OLDEST)

    def __init__(
        self,
        hot: HotStore,
        engine_id: str,
        *,
        surveyor: ActorRef,
        lost: Callable[[], object],
        renew_interval_s: float = Pace().renew_s,
    ) -> None:
        """``lost`` is called when another engine has taken over; ``surveyor`` hears what feeds count."""
        super().__init__()
        self._surveyor = surveyor
        self._renew_interval_s = renew_interval_s
        self._hot = hot
        self._engine_id = engine_id
        self._lost = lost
        self._feeds: dict[str, dict[str, Any]] = {}
        self._counts: dict[str, DecoderStatistics] = {}
        self._causes: dict[str, int] = {}
        self._warned: set[str] = set()
        self._carried: dict[str, Any] = {}
        self._measures: Mapping[str, Mapping[str, float]] = {}

    async def on_start(self) -> None:
        self.send_every(self._renew_interval_s, Renew())
        self.send_every(BEAT_INTERVAL_S, Beat())
        await self._beat()

    @handles(FeedStatus)
    async def on_feed_status(self, status: FeedStatus) -> None:
        self._feeds[f"{status.provider}/{status.connection}"] = {
            "status": status.status,
            "since": status.since_ns // 1_000_000,
            "why": status.why,
            "cause": status.cause,
        }
        await self._beat()

    @handles(Diagnosed)
    async def on_diagnosed(self, diagnosed: Diagnosed) -> None:
        self._causes = diagnosed.counts
        await self._beat()

    @handles(FeedCounts)
    async def on_feed_counts(self, counts: FeedCounts) -> None:
        """Packets that could not be used are counted where everybody looks, and told once of each connection."""
        self._surveyor.tell(counts)
        name = f"{counts.provider}/{counts.connection}"
        if name not in self._warned and any(getattr(counts.statistics, kind) for kind in UNUSABLE):
            self._warned.add(name)
            log.warning("packets_unusable", feed=name, **msgspec.structs.asdict(counts.statistics))
        self._counts[name] = counts.statistics
        await self._beat()

    @handles(CarriedCounts)
    async def on_carried_counts(self, carried: CarriedCounts) -> None:
        """Who carries how many of each exchange, and why the last ones passed from one provider to another."""
        self._carried = {"carried": carried.counts, "uncarried": carried.uncarried, "moves": carried.moves}
        await self._beat()

    @handles(Measured)
    def on_measured(self, measured: Measured) -> None:
        self._measures = measured.measures

    @handles(Count)
    def on_count(self, _: Count) -> dict[str, int]:
        """All feeds together."""
        counted: Counter[str] = Counter()
        for statistics in self._counts.values():
            counted.update({name: getattr(statistics, name) for name in COUNTED})
        return dict(counted)

    @handles(Beat)
    async def on_beat(self, _: Beat) -> None:
        await self._beat()

    @handles(Renew)
    async def on_renew(self, _: Renew) -> None:
        """While Redis is away nobody can take the lease; losing it to another engine ends this one as a whole."""
        try:
            held = await self._hot.acquire_lease(self._engine_id, LEASE_S)
        except StorageUnavailableError as error:
            log.debug("lease_not_renewed", error=str(error))
            return
        if not held:
            log.error("lease_lost", engine=self._engine_id)
            self._lost()

    async def _beat(self) -> None:
        beat = {
            "engine": self._engine_id,
            "time": self.system.clock.now_ns() // 1_000_000,
            "feeds": self._feeds,
            "causes": self._causes,
            **self._carried,
            "measures": self._measures,
            "packets": {name: msgspec.structs.asdict(counts) for name, counts in self._counts.items()},
        }
        try:
            await self._hot.write_heartbeat(beat)
        except StorageUnavailableError as error:
            log.debug("heartbeat_not_stored", error=str(error))
