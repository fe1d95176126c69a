"""The fallback: while no feed brings some instruments, their last trades are asked for, as fast as providers allow."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

import anyio
import structlog

from actors.messages import Count, Polled, PolledTick, Stranded, WatchedOnes
from actors.quote_sources import QuoteSources
from engine.market import Calendars, Quote, Tick
from engine.market.carriage import POLLED
from engine.runtime import ActorRef, MailboxSpec, Overflow, TaskActor, handles

log = structlog.get_logger("ticktree.fallback")

CALL_INTERVAL_S = 1.0
"""From one call to the next: what the slowest provider allows."""
A_CALL = 1_000
"""Instruments in one call."""
WATCHED_A_CALL = 500
"""Of them so many at most because somebody looks at them: nobody else's turn is to fail for that."""
ANSWERED_S = 30.0
"""An instrument counts as polled so long after an answer, or as long as two turns of all take."""


class Fallback(TaskActor):
    """Polls those that are stranded and whose exchange is open, each in its turn, the watched ones in every call."""

    mailbox: ClassVar[MailboxSpec] = MailboxSpec(capacity=1_000, overflow=Overflow.DROP_OLDEST)

    def __init__(
        self,
        sources: QuoteSources,
        calendars: Calendars,
        *,
        instruments: str,
        sentinel: ActorRef,
        interval_s: float = CALL_INTERVAL_S,
    ) -> None:
        """``instruments`` is the path below which their actors are."""
        super().__init__()
        self._sources = sources
        self._calendars = calendars
        self._instruments = instruments
        self._sentinel = sentinel
        self._interval_s = interval_s
        self._queue: dict[str, None] = {}
        """Whose turn it is, the next first."""
        self._watched: frozenset[str] = frozenset()
        self._answered_s: dict[str, float] = {}
        self._quotes: dict[str, Quote] = {}
        self._polled: frozenset[str] = frozenset()
        self._polling = False
        self._calls = 0

    @handles(Stranded)
    def on_stranded(self, stranded: Stranded) -> None:
        """Those that wait already keep their turn; those that are brought again are left at once."""
        names = stranded.instruments
        self._queue = {name: None for name in self._queue if name in names} | dict.fromkeys(names)
        self._answered_s = {name: at_s for name, at_s in self._answered_s.items() if name in names}
        self._quotes = {name: quote for name, quote in self._quotes.items() if name in names}
        log.warning("instruments_stranded", count=len(names), why=next(iter(names.values()), "all are brought again"))
        self._tell_polled()
        if names and not self._polling:
            self._polling = True
            self.spawn(self._poll)

    @handles(WatchedOnes)
    def on_watched_ones(self, watched: WatchedOnes) -> None:
        self._watched = watched.instruments

    @handles(Count)
    def on_count(self, _: Count) -> dict[str, int]:
        return {"instruments_stranded": len(self._queue), "instruments_polled": len(self._polled), "polls": self._calls}

    async def _poll(self) -> None:
        while self._queue:
            portion = self._next_portion()
            if portion:
                self._calls += 1
                self._tell(await self._sources.quotes(portion))
            self._tell_polled()
            await anyio.sleep(self._interval_s)
        self._polling = False

    def _next_portion(self) -> Sequence[str]:
        now_ns = self.system.clock.now_ns()
        opened = [name for name in self._queue if self._calendars.of(name).is_open(now_ns)]
        first = [name for name in opened if name in self._watched][:WATCHED_A_CALL]
        portion = [*first, *[name for name in opened if name not in set(first)][: A_CALL - len(first)]]
        for name in portion:  # to the end of the queue
            self._queue[name] = self._queue.pop(name)
        return portion

    def _tell(self, answers: Mapping[str, tuple[str, Quote]]) -> None:
        """Only what is news: an answer that is the same again is no trade, nor is one without a price."""
        now_s, now_ns = anyio.current_time(), self.system.clock.now_ns()
        for name, (provider, quote) in answers.items():
            if name not in self._queue:  # a feed has brought it while we asked
                continue
            self._answered_s[name] = now_s
            if quote.price > 0 and self._quotes.get(name) != quote:
                self._quotes[name] = quote
                self.system.ref(f"{self._instruments}/{name}").tell(PolledTick(tick_of(name, provider, quote, now_ns)))

    def _tell_polled(self) -> None:
        turns_s = 2 * self._interval_s * (1 + len(self._queue) / (A_CALL - WATCHED_A_CALL))
        since_s = anyio.current_time() - max(ANSWERED_S, turns_s)
        polled = frozenset(name for name, at_s in self._answered_s.items() if at_s >= since_s)
        if polled != self._polled:
            self._polled = polled
            self._sentinel.tell(Polled(tuple(sorted(polled))))


def tick_of(instrument: str, provider: str, quote: Quote, now_ns: int) -> Tick:
    """What a quote tells of the last trade, as a tick; its time is now where the provider does not say when it was.

    Its total is left out: what was traded while no feed brought it, the provider's history tells minute by minute.
    """
    traded_ns = now_ns if quote.traded_ns is None else min(quote.traded_ns, now_ns)
    return Tick(
        instrument,
        quote.price,
        0,
        None,
        traded_ns,
        now_ns,
        provider + POLLED,
        open_interest=quote.open_interest,
        bid=quote.bid,
        ask=quote.ask,
        day_open=quote.day_open,
        day_high=quote.day_high,
        day_low=quote.day_low,
        previous_close=quote.previous_close,
    )
