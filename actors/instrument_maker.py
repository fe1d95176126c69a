"""The instrument maker: starts the actors of instruments, each from its state in the hot store, or anew."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import structlog

from actors.instrument import InstrumentActor, Outlets
from engine.market import Calendars, Candle, CandleBook, InstrumentKind, LimitTable, PriceGuard, StateError, VolumeMeter
from engine.providers.base import Route
from engine.runtime import GENTLE, ChildSpec, Clock
from engine.storage.hot import HotStore

log = structlog.get_logger("ticktree.provider_manager")

DAY_NS = 86_400_000_000_000


class InstrumentMaker:
    """``carrier`` says, each time an instrument begins, whose feed carries it then, and under which name."""

    def __init__(
        self,
        hot: HotStore,
        calendars: Calendars,
        limits: LimitTable,
        outlets: Outlets,
        *,
        clock: Clock,
        carrier: Callable[[str], tuple[str, Route]],
    ) -> None:
        self._hot = hot
        self._calendars = calendars
        self._limits = limits
        self._outlets = outlets
        self._clock = clock
        self._carrier = carrier

    async def specs(self, instruments: Iterable[str]) -> list[ChildSpec]:
        """One actor for each of these, which do not run."""
        absent = list(instruments)
        states = await self._hot.states(absent)
        closed = await self._closed_since(states)
        return [ChildSpec(name, partial(self._instrument, name, states, closed), backoff=GENTLE) for name in absent]

    async def _closed_since(self, states: Mapping[str, Mapping[str, Any]]) -> dict[str, list[Candle]]:
        """Minutes that were written after the states that still hold them open: a kill may come between the two."""
        opened = [CandleBook.unclosed_ns(state.get("book", {})) for state in states.values()]
        since_ns = min((start_ns for start_ns in opened if start_ns is not None), default=None)
        if since_ns is None:
            return {}
        now_ns = self._clock.now_ns()
        return await self._hot.candles_many(list(states), "1m", max(since_ns, now_ns - DAY_NS), now_ns)

    def _instrument(
        self, name: str, states: dict[str, dict[str, Any]], closed: dict[str, list[Candle]]
    ) -> InstrumentActor:
        """The state serves the first start only: after a crash it is of long ago, and would be told again as news."""
        try:
            return self._resumed(name, states.pop(name, {}), closed.pop(name, ()))
        except StateError as error:
            log.warning("state_unusable", instrument=name, error=str(error))
            return self._resumed(name, {})

    def _resumed(self, name: str, state: Mapping[str, Any], closed: Sequence[Candle] = ()) -> InstrumentActor:
        """One that goes on from its state; without any it begins now, and its day is healed."""
        provider, route = self._carrier(name)
        calendar, now_ns = self._calendars.of(name), self._clock.now_ns()
        book = CandleBook.restore(name, calendar, provider, state.get("book"), now_ns)
        book.know_closed(closed)
        if state.get("source", provider) != provider:  # another carried it when the state was taken
            book.succeed(provider, now_ns)
        is_traded = route.kind != InstrumentKind.INDEX
        meter = VolumeMeter.restore(state.get("baseline"), calendar, now_ns, counts_ticks=is_traded)
        seen_ns = int(state.get("ts_event", 0))
        reach = self._limits.of(name, route.kind).jump.reach(route.tick_size)
        guard = PriceGuard(reach, state["book"]["price"] if state else None, seen_ns)
        return InstrumentActor(book, meter, guard, route.key, self._outlets, interrupted_since_ns=seen_ns)
