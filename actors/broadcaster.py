"""The newest of everything: conflates ticks by instrument until the publisher takes them, and passes some on."""

from collections import defaultdict
from typing import ClassVar

from actors.messages import Follow, FollowedWanted, TakeNewest
from engine.market import Tick
from engine.runtime import Actor, ActorRef, MailboxSpec, Overflow, Terminated, handles


class Broadcaster(Actor):
    """Keeps one tick an instrument, however many come: what it holds is bounded by the number of instruments.

    It is reactive because every tick of every instrument passes here; the publisher waits for the store in its place.
    Who needs every tick of some instruments follows them here.
    """

    mailbox: ClassVar[MailboxSpec] = MailboxSpec(capacity=100_000, overflow=Overflow.DROP_OLDEST)
    drains: ClassVar[bool] = True

    def __init__(self) -> None:
        super().__init__()
        self._ticks: dict[str, Tick] = {}
        self._wishes: dict[str, Follow] = {}
        """By the path of who follows."""
        self._followers: dict[str, tuple[ActorRef, ...]] = {}
        """By instrument."""

    @handles(Tick)
    def on_tick(self, tick: Tick) -> None:
        instrument = tick.instrument
        self._ticks[instrument] = tick
        if instrument in self._followers:
            for listener in self._followers[instrument]:
                listener.tell(tick)

    @handles(TakeNewest)
    def on_take_newest(self, _: TakeNewest) -> dict[str, Tick]:
        """The newest tick of each instrument that had one since the last time."""
        ticks, self._ticks = self._ticks, {}
        return ticks

    @handles(Follow)
    def on_follow(self, wish: Follow) -> None:
        known = self._wishes.get(wish.listener.path)
        if known is not None and known.instruments == wish.instruments:
            return
        if known is None:
            self.watch(wish.listener)
        self._wishes[wish.listener.path] = wish
        self._spread()

    @handles(FollowedWanted)
    def on_followed_wanted(self, wanted: FollowedWanted) -> frozenset[str]:
        wishes = [wish.instruments for path, wish in self._wishes.items() if not path.startswith(f"{wanted.besides}/")]
        return frozenset[str]().union(*wishes)

    @handles(Terminated)
    def on_terminated(self, terminated: Terminated) -> None:
        """Its successor says anew what it follows."""
        if self._wishes.pop(terminated.path, None) is not None:
            self._spread()

    def _spread(self) -> None:
        followers: defaultdict[str, list[ActorRef]] = defaultdict(list)
        for wish in self._wishes.values():
            for instrument in wish.instruments:
                followers[instrument].append(wish.listener)
        self._followers = {instrument: tuple(listeners) for instrument, listeners in followers.items()}
