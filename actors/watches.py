"""Who is looked at: collects what web processes say their clients watch, and tells the instruments."""

from typing import Any, ClassVar

import anyio

from actors.messages import FollowedWanted, ForgetStale, Watch, WatchedOnes, WatchList
from engine.runtime import ActorRef, MailboxSpec, Overflow, TaskActor, handles

FORGET_AFTER_S = 30.0
"""Of the loop's time: a replay at any speed is watched by people who live in ours."""
CHECK_INTERVAL_S = 5.0


class Watches(TaskActor):
    """An instrument is watched while at least one web process has said so within the last 30 seconds."""

    mailbox: ClassVar[MailboxSpec] = MailboxSpec(capacity=1000, overflow=Overflow.DROP_OLDEST)

    def __init__(self, instruments: str, *, fallback: ActorRef) -> None:
        super().__init__()
        self._fallback = fallback
        self._instruments = instruments
        self._lists: dict[str, tuple[float, frozenset[str]]] = {}
        self._watched: frozenset[str] = frozenset()

    async def on_start(self) -> None:
        self.send_every(CHECK_INTERVAL_S, ForgetStale())

    @handles(WatchList)
    def on_watch_list(self, message: WatchList) -> dict[str, Any]:
        """Answers which of the names are no instrument of this engine."""
        unmapped = [name for name in message.instruments if not self._ref(name).is_alive()]
        wanted = frozenset(message.instruments).difference(unmapped)
        self._lists[message.process] = (anyio.current_time(), wanted)
        self._apply()
        return {"unmapped": unmapped}

    @handles(FollowedWanted)
    def on_followed_wanted(self, _: FollowedWanted) -> frozenset[str]:
        return self._watched

    @handles(ForgetStale)
    def on_forget_stale(self, _: ForgetStale) -> None:
        oldest_s = anyio.current_time() - FORGET_AFTER_S
        self._lists = {process: entry for process, entry in self._lists.items() if entry[0] >= oldest_s}
        self._apply()

    def _apply(self) -> None:
        watched = frozenset[str]().union(*(names for _, names in self._lists.values()))
        for name in watched - self._watched:
            self._ref(name).tell(Watch(watched=True))
        for name in self._watched - watched:
            self._ref(name).tell(Watch(watched=False))
        if watched != self._watched:
            self._fallback.tell(WatchedOnes(watched))
        self._watched = watched

    def _ref(self, instrument: str) -> Any:
        return self.system.ref(f"{self._instruments}/{instrument}")
