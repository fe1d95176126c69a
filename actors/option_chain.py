"""One option chain's owner: what was heard of its legs, and when it says so."""

from typing import TYPE_CHECKING, ClassVar

import anyio
import msgspec

from actors.messages import (
    ChainMinute,
    ChainPolled,
    ChainTold,
    ChainWindow,
    Follow,
    Introduce,
    KeepChain,
    LegsPolled,
    PollChain,
    PolledPrice,
    TellChain,
)
from actors.pace import Pace
from engine.market import Tick
from engine.market.calendar import Calendar
from engine.market.chain_book import ChainBook
from engine.market.chain_place import ChainPlace
from engine.market.chain_snapshot import ChainSnapshot
from engine.runtime import Actor, ActorRef, MailboxSpec, Overflow, handles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.market.instrument import Instrument

INTRODUCE_S = 5.0
KEPT_S = 30.0
"""A chain that nobody wants goes on for so long; of the loop's time, as those who want it do."""
UNFOLLOWED_NS = 1_000_000_000
"""From one telling to the next while no client follows: the hot copy, no screen."""
UNCHANGED_NS = 5_000_000_000
"""While nothing is heard: quotes grow old, and time to expiry runs."""
MINUTE_NS = 60_000_000_000


class ChainOutlets(msgspec.Struct, frozen=True):
    """Whom a chain deals with."""

    broadcaster: ActorRef
    """Who passes ticks on."""
    publisher: ActorRef
    keeper: ActorRef
    poller: ActorRef
    chains: ActorRef
    """Who decides which options are carried before others."""
    instruments: str
    """The path below which the actors of options are."""


class ChainMemory:
    """What outlives the actor of a chain: the newest that it told, and the contracts that it was made of."""

    def __init__(self, snapshot: ChainSnapshot | None = None) -> None:
        self.snapshot = snapshot
        self.contracts = frozenset[str]()
        self.listed: Sequence[Instrument] = ()
        """The list that was compared with them last: the same one needs no look."""


class OptionChainActor(Actor):
    """Takes every tick of its instruments and what was asked for, and tells an instant of all of it, at its pace."""

    mailbox: ClassVar[MailboxSpec] = MailboxSpec(capacity=50_000, overflow=Overflow.DROP_OLDEST)
    drains: ClassVar[bool] = True

    def __init__(
        self, book: ChainBook, calendar: Calendar, to: ChainOutlets, memory: ChainMemory, *, window: int, pace: Pace
    ) -> None:
        """``window`` counts strikes on either side of the money; ``calendar`` is that of the options' exchange."""
        super().__init__()
        self._book = book
        self._place = ChainPlace(book.underlying, book.expiry)
        self._calendar = calendar
        self._to = to
        self._memory = memory
        self._width = window
        self._pace = pace
        self._window = frozenset[str]()
        self._followed = self._was_open = False
        self._changed = True
        self._kept_s = 0.0
        self._told_ns = self._minute = 0

    def on_start(self) -> None:
        self._kept_s = anyio.current_time()
        self.on_introduce(Introduce())
        self.send_every(self._pace.chain_s, TellChain())
        self.send_every(INTRODUCE_S, Introduce())

    def on_stop(self) -> None:
        """Whoever takes its place goes on from all that it has heard."""
        if self._changed and self._book.is_heard:
            self._tell(self.system.clock.now_ns())

    @handles(Tick)
    def on_tick(self, tick: Tick) -> None:
        self._changed |= self._book.take(tick)

    @handles(ChainPolled)
    def on_chain_polled(self, polled: ChainPolled) -> None:
        now_ns = self.system.clock.now_ns()
        self._book.take_polled(polled.chain, now_ns, polled.unfed)
        self._changed = True
        self._show(polled.unfed, now_ns)

    @handles(LegsPolled)
    def on_legs_polled(self, polled: LegsPolled) -> None:
        now_ns = self.system.clock.now_ns()
        self._book.take_quotes(polled.quotes, now_ns, polled.provider, polled.unfed)
        self._changed = True
        self._show(polled.unfed, now_ns)

    def _show(self, unfed: frozenset[str], now_ns: int) -> None:
        """Who looks at an option by itself that no feed has room for sees what its chain knows of it."""
        if self._calendar.is_open(now_ns):
            for tick in self._book.polled_ticks(unfed, now_ns):
                self.system.ref(f"{self._to.instruments}/{tick.instrument}").tell(PolledPrice(tick))

    @handles(KeepChain)
    def on_keep(self, keep: KeepChain) -> None:
        self._kept_s = anyio.current_time()
        self._followed = keep.followed

    @handles(TellChain)
    def on_tell(self, _: TellChain) -> None:
        now_ns = self.system.clock.now_ns()
        if anyio.current_time() - self._kept_s > KEPT_S:
            self.stop()
        elif self._is_due(now_ns):
            self._tell(now_ns)

    @handles(Introduce)
    def on_introduce(self, _: Introduce) -> None:
        self._move_window()
        now_ns = self.system.clock.now_ns()
        is_quoted = self._book.is_quoted(now_ns)
        needs = {
            self._to.broadcaster: Follow(self.actor_ref, self._book.instruments),
            self._to.poller: PollChain(self._place, self.actor_ref, self._book.instruments, is_quoted),
            self._to.chains: ChainWindow(self._place, self._window, self._book.asked(now_ns)),
        }
        for neighbour, need in needs.items():
            if neighbour.is_alive():
                neighbour.tell(need)

    def _is_due(self, now_ns: int) -> bool:
        if not self._book.is_heard:
            return False
        waited_ns = now_ns - self._told_ns
        if self._changed:
            return self._followed or waited_ns >= UNFOLLOWED_NS
        return waited_ns >= UNCHANGED_NS and (self._was_open or self._calendar.is_open(now_ns))

    def _tell(self, now_ns: int) -> None:
        snapshot = self._memory.snapshot = self._book.snapshot(now_ns)
        self._changed, self._told_ns = False, now_ns
        self._to.publisher.tell(ChainTold(snapshot))
        is_open = self._calendar.is_open(now_ns)
        is_kept = bool(snapshot.provider) and (is_open or self._was_open)  # how it closed is kept, too
        if is_kept and now_ns // MINUTE_NS != self._minute:
            self._minute = now_ns // MINUTE_NS
            self._to.keeper.tell(ChainMinute(snapshot))
        self._was_open = is_open

    def _move_window(self) -> None:
        """Only when the money has left the inner half: at its edge feeds would subscribe to and fro."""
        if not self._window.issuperset(self._book.around(self._width // 2)) or not self._window:
            self._window = frozenset(self._book.around(self._width))
