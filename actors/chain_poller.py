"""The chain poller: asks for what no feed brings of option chains, in turn and within providers' limits."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import anyio
import msgspec

from actors.chain_sources import ChainSources
from actors.messages import Carried, CarriersWanted, Count, PollChain
from engine.market import Calendars
from engine.market.derivatives import place_of_contracts
from engine.runtime import ActorRef, MailboxSpec, Overflow, TaskActor, handles

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.market.chain_place import ChainPlace

CALL_INTERVAL_S = 1.0
"""From one question to the next: what the slowest provider allows; who allows less makes us wait himself."""
UNCARRIED_S = 3.0
"""A chain of which feeds do not bring all is asked for as often as this, if its turn comes."""
CARRIED_S = 300.0
"""One that feeds bring: options that never trade are heard of by questions only, and what they closed at."""
UNQUOTED_S = 50.0
"""One of which feeds bring last prices alone: the bids and asks of an answer are believed for a minute."""
CLOSED_S = 1_800.0
"""While the exchange is closed nothing changes."""
FORGET_S = 20.0
"""A chain that has not said so for this time runs no more."""


@dataclass(slots=True)
class _Turn:
    wish: PollChain
    heard_s: float
    asked_s: float = float("-inf")
    whole_s: float = float("-inf")
    """When it was asked for what feeds bring, too."""


class ChainPoller(TaskActor):
    """Polls one chain after the other, the one first whose answer is overdue the longest."""

    mailbox: ClassVar[MailboxSpec] = MailboxSpec(capacity=1_000, overflow=Overflow.DROP_OLDEST)

    def __init__(
        self, sources: ChainSources, calendars: Calendars, *, manager: ActorRef, interval_s: float = CALL_INTERVAL_S
    ) -> None:
        super().__init__()
        self._sources = sources
        self._calendars = calendars
        self._manager = manager
        self._interval_s = interval_s
        self._turns: dict[ChainPlace, _Turn] = {}
        self._carriers: Mapping[str, str] = {}
        self._polling = False
        self._calls = 0

    async def on_start(self) -> None:
        if self._manager.is_alive():
            self._manager.tell(CarriersWanted())

    @handles(Carried)
    def on_carried(self, carried: Carried) -> None:
        self._carriers = carried.carriers

    @handles(PollChain)
    def on_poll_chain(self, wish: PollChain) -> None:
        now_s = anyio.current_time()
        turn = self._turns.setdefault(wish.place, _Turn(wish, now_s))
        turn.wish, turn.heard_s = wish, now_s
        if not self._polling:
            self._polling = True
            self.spawn(self._poll)

    @handles(Count)
    def on_count(self, _: Count) -> dict[str, int]:
        return {"chains_polled": len(self._turns), "chain_polls": self._calls}

    async def _poll(self) -> None:
        while self._turns:
            turn = self._next()
            if turn is not None:
                await self._ask(turn)
            await anyio.sleep(self._interval_s)
            oldest_s = anyio.current_time() - FORGET_S
            self._turns = {place: turn for place, turn in self._turns.items() if turn.heard_s >= oldest_s}
        self._polling = False

    def _next(self) -> _Turn | None:
        now_s = anyio.current_time()
        overdue = {place: now_s - turn.asked_s - self._interval_of(turn) for place, turn in self._turns.items()}
        place = max(overdue, key=overdue.__getitem__)
        return self._turns[place] if overdue[place] >= 0 else None

    def _interval_of(self, turn: _Turn) -> float:
        exchange, _ = place_of_contracts(turn.wish.place.underlying)
        if not self._calendars.of_exchange(exchange).is_open(self.system.clock.now_ns()):
            return CLOSED_S
        if self._uncarried(turn.wish):
            return UNCARRIED_S
        return CARRIED_S if turn.wish.is_quoted else UNQUOTED_S

    def _uncarried(self, wish: PollChain) -> list[str]:
        return [name for name in wish.instruments if name not in self._carriers and self._sources.knows(name)]

    async def _ask(self, turn: _Turn) -> None:
        wish, now_s = turn.wish, anyio.current_time()
        uncarried = self._uncarried(wish)
        pause_s = math.inf if wish.is_quoted else UNQUOTED_S
        whole = not uncarried or now_s - turn.whole_s > pause_s or turn.whole_s == -math.inf
        turn.asked_s, turn.whole_s = now_s, now_s if whole else turn.whole_s
        self._calls += 1
        asked = wish.instruments if whole else uncarried
        answers = await self._sources.ask(wish.place, asked)
        unfed = frozenset(uncarried).intersection(self._uncarried(wish))  # a feed may have brought some while we asked
        for answer in answers:
            wish.chain.tell(msgspec.structs.replace(answer, unfed=unfed))
