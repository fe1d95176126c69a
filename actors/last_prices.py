"""Last prices: what no tick has told lately is asked of the providers, for all who want it at once."""

from collections import deque
from collections.abc import Iterable
from typing import Any, ClassVar

import anyio
import structlog

from actors.messages import Count, PricesWanted
from actors.price_sources import PriceSources
from engine.runtime import MailboxSpec, Overflow, Refused, TaskActor, handles
from engine.storage.errors import StorageError
from engine.storage.hot import HotStore

log = structlog.get_logger("ticktree.last_prices")

JOIN_S = 0.05
"""So long wishes are gathered: many web processes, one call."""
KEPT_NS = 30_000_000_000
"""A price that was asked for serves so long."""
INSTRUMENTS_A_ROUND = 1_000
"""What the providers take in one call."""
MOST_ROUNDS = 5
"""That wait; who comes then is refused, because it would wait longer than it can."""


class TooManyWantedError(ValueError):
    """More last prices are wanted than providers can be asked for in time."""


class Round:
    """One question to the providers, and its answer."""

    def __init__(self) -> None:
        self.wanted: dict[str, None] = {}
        self.prices: dict[str, tuple[float, int]] = {}
        """Each with when it was asked for, unix milliseconds."""
        self.failure = ""
        """Why some have no price; empty when nobody knows one."""
        self.done = anyio.Event()

    async def answer(self, instruments: Iterable[str], within_s: float) -> dict[str, Any]:
        """What it says of these, in plain values; nothing of them when it does not come in time."""
        with anyio.move_on_after(within_s):
            await self.done.wait()
        prices = {name: self.prices[name] for name in instruments if name in self.prices}
        return {"prices": prices, "failure": self.failure if self.done.is_set() else "the providers are slow"}


class LastPrices(TaskActor):
    """Answers a wish with its round, which whoever asked waits for; so nobody waits in front of this actor."""

    mailbox: ClassVar[MailboxSpec] = MailboxSpec(capacity=1_000, overflow=Overflow.FAIL)

    def __init__(self, hot: HotStore, sources: PriceSources) -> None:
        super().__init__()
        self._hot = hot
        self._sources = sources
        self._rounds: deque[Round] = deque()
        self._known: dict[str, tuple[float | None, int]] = {}
        """What providers said, None where they know none, and when they were asked (ns)."""
        self._asking = False
        self._calls = self._asked = 0

    @handles(PricesWanted)
    def on_prices_wanted(self, message: PricesWanted) -> Round | Refused:
        wanted = dict.fromkeys(message.instruments)
        if not self._rounds or len(self._rounds[-1].wanted | wanted) > INSTRUMENTS_A_ROUND:
            if len(self._rounds) >= MOST_ROUNDS:
                return Refused(
                    TooManyWantedError("more last prices are wanted than providers can be asked for in time")
                )
            self._rounds.append(Round())
        self._rounds[-1].wanted |= wanted
        if not self._asking:
            self._asking = True
            self.spawn(self._ask)
        return self._rounds[-1]

    @handles(Count)
    def on_count(self, _: Count) -> dict[str, int]:
        return {"last_price_calls": self._calls, "last_prices_asked": self._asked}

    async def _ask(self) -> None:
        """One round after the other; the newest gathers wishes meanwhile."""
        while self._rounds:
            await anyio.sleep(JOIN_S)
            current = self._rounds.popleft()
            await self._answer(current)
            current.done.set()
        self._asking = False

    async def _answer(self, current: Round) -> None:
        now_ns = self.system.clock.now_ns()
        self._known = {name: known for name, known in self._known.items() if known[1] + KEPT_NS > now_ns}
        lacking = [name for name in current.wanted if name not in self._known]
        if lacking:
            current.failure = await self._fetch(lacking, now_ns)
        known = {name: self._known[name] for name in current.wanted if name in self._known}
        current.prices = {
            name: (price, asked_ns // 1_000_000) for name, (price, asked_ns) in known.items() if price is not None
        }

    async def _fetch(self, instruments: list[str], now_ns: int) -> str:
        """Asks for them and keeps what is said, also that nothing is; answers why some were not asked for."""
        places = await self._sources.places(instruments)
        prices, failure = await self._sources.prices(places)
        self._calls += 1
        self._asked += len(places)
        answered = prices if failure else instruments
        self._known |= {name: (prices.get(name), now_ns) for name in answered}
        by_place = {places[name]: price for name, price in prices.items()}
        asked = [places[name] for name in answered if name in places]
        try:
            await self._hot.keep_asked(by_place, asked, now_ns // 1_000_000)
        except StorageError as error:
            log.info("last_prices_not_kept", error=str(error))
        return failure
