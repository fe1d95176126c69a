"""The comparer: looks every minute whether two providers agree on the price of what both know."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import ClassVar

import anyio
import structlog

from actors.messages import Alert, Compare, Count
from actors.routes import Routes
from engine.market import Calendars
from engine.market.divergence import Divergences, Told
from engine.providers.base import History, ProviderError, Route
from engine.runtime import ActorRef, MailboxSpec, Overflow, TaskActor, handles
from engine.storage.errors import StorageError
from engine.storage.hot import HotStore

log = structlog.get_logger("ticktree.comparer")

INTERVAL_S = 60.0
SAMPLE = 200
"""Instruments at a look: one call, which any provider can spare once a minute."""
FRESH_NS = 30_000_000_000
"""A live price that is older says nothing of now."""
ANSWER_S = 10.0


class Comparer(TaskActor):
    """Compares each in its turn; those that differed are compared again at the next look."""

    mailbox: ClassVar[MailboxSpec] = MailboxSpec(capacity=100, overflow=Overflow.DROP_OLDEST)

    def __init__(
        self,
        hot: HotStore,
        histories: Mapping[str, History],
        routes: Routes,
        calendars: Calendars,
        divergences: Divergences,
        *,
        publisher: ActorRef,
        interval_s: float = INTERVAL_S,
    ) -> None:
        super().__init__()
        self._hot = hot
        self._histories = histories
        self._routes = routes
        self._calendars = calendars
        self._divergences = divergences
        self._publisher = publisher
        self._interval_s = interval_s
        self._place = 0
        """Where the next look begins."""
        self._compared = 0

    async def on_start(self) -> None:
        self.send_every(self._interval_s, Compare())

    @handles(Compare)
    async def on_compare(self, _: Compare) -> None:
        sample = self._sample()
        by_other: defaultdict[str, list[Route]] = defaultdict(list)
        for name in sample:
            other, route = self._other(name)
            by_other[other].append(route)
        for other, routes in by_other.items():
            await self._compare(other, routes)

    @handles(Count)
    def on_count(self, _: Count) -> dict[str, int]:
        return {"prices_compared": self._compared, "prices_diverging": self._divergences.told}

    def _sample(self) -> list[str]:
        """Those that differed, and the next ones of all that two providers know and whose exchange is open."""
        now_ns = self.system.clock.now_ns()
        names = [name for name in self._routes.instruments if self._is_shared(name)]
        self._place = self._place if self._place < len(names) else 0
        turn = names[self._place : self._place + SAMPLE]
        self._place += SAMPLE
        wanted = dict.fromkeys([*self._divergences.doubtful, *turn])
        return list(islice((name for name in wanted if self._calendars.of(name).is_open(now_ns)), SAMPLE))

    def _is_shared(self, name: str) -> bool:
        return len(self._routes.of(name)) > 1

    def _other(self, name: str) -> tuple[str, Route]:
        carrier = self._routes.carrier(name)[0]
        return next(one for one in self._routes.of(name) if one[0] != carrier)

    async def _compare(self, other: str, routes: Sequence[Route]) -> None:
        names = [route.instrument for route in routes]
        try:
            before = await self._live(names)
            with anyio.fail_after(ANSWER_S):
                told = await self._histories[other].last_prices([one for one in routes if one.instrument in before])
            after = await self._live(names)
        except (ProviderError, StorageError, TimeoutError) as error:
            log.info("not_compared", provider=other, count=len(names), error=str(error) or "no answer in time")
            self._divergences.forget(names)
            return
        comparable = before.keys() & after.keys() & told.keys()
        self._divergences.forget([name for name in names if name not in comparable])
        self._compared += len(comparable)
        for route in routes:
            if (name := route.instrument) in comparable:
                live = (before[name], after[name])
                self._tell(Told(name, route.tick_size, live, self._routes.carrier(name)[0], told[name], other))

    async def _live(self, names: Sequence[str]) -> dict[str, float]:
        """The fresh prices of who carries each; what was asked for is no price of a feed."""
        oldest_ns = self.system.clock.now_ns() - FRESH_NS
        quotes = await self._hot.quotes(names)
        return {
            name: quote["ltp"]
            for name, quote in quotes.items()
            if quote["ts_recv"] >= oldest_ns and quote["provider"] == self._routes.carrier(name)[0]
        }

    def _tell(self, told: Told) -> None:
        finding = self._divergences.compare(told)
        if finding is not None:
            log.warning("prices_diverge", instrument=finding.instrument, over=finding.is_over, words=finding.words)
            self._publisher.tell(Alert(finding.instrument, finding.words, self.system.clock.now_ns()))
