"""The chain maker: starts the actors of option chains, each from where the one before it was."""

from collections.abc import Callable, Sequence
from functools import partial

import structlog

from actors.option_chain import ChainMemory, ChainOutlets, OptionChainActor
from actors.pace import Pace
from engine.market import Calendars
from engine.market.calendar import Calendar
from engine.market.chain_book import ChainBook
from engine.market.chain_place import ChainPlace
from engine.market.derivatives import place_of_contracts
from engine.market.instrument import Instrument, InstrumentKind
from engine.runtime import GENTLE, ChildSpec, Restart
from engine.storage.durable import DurableStore
from engine.storage.errors import StorageError
from engine.storage.hot import HotStore

log = structlog.get_logger("ticktree.chain_maker")

VOLATILITY_INDICES = {"NSE": "NSE:INDIA VIX"}
"""Of exchanges that publish one: it is of their best known underlying, and looked at beside all of them."""


class ChainMaker:
    """A chain goes on from the hot copy, whose first open interest of today and quotes are still true."""

    def __init__(
        self,
        hot: HotStore,
        durable: DurableStore,
        calendars: Calendars,
        to: ChainOutlets,
        *,
        rate: float,
        window: int,
        pace: Pace,
        now_ns: Callable[[], int],
    ) -> None:
        """``rate`` is interest in per cent a year; ``window`` counts strikes on either side of the money."""
        self._hot = hot
        self._durable = durable
        self._calendars = calendars
        self._to = to
        self._rate = rate
        self._window = window
        self._pace = pace
        self._now_ns = now_ns

    async def spec(self, place: ChainPlace, contracts: Sequence[Instrument]) -> ChildSpec:
        """An actor for a chain that does not run. Raises StorageError."""
        calendar = self._calendars.of_exchange(place_of_contracts(place.underlying)[0])
        memory = ChainMemory(await self._hot.chain(*place))
        options = [
            one.canonical for one in contracts if one.kind is InstrumentKind.OPTION and one.expiry == place.expiry
        ]
        previous = await self._previous_interest(calendar, options)
        begin = partial(self._begun, place, tuple(contracts), calendar, memory, previous)
        return ChildSpec(str(place), begin, restart=Restart.TRANSIENT, backoff=GENTLE)

    def _begun(
        self,
        place: ChainPlace,
        contracts: Sequence[Instrument],
        calendar: Calendar,
        memory: ChainMemory,
        previous: dict[str, int],
    ) -> OptionChainActor:
        """Also after a crash: the memory is of the newest telling then."""
        vix = VOLATILITY_INDICES.get(place.underlying.partition(":")[0])
        book = ChainBook(*place, contracts, calendar, rate=self._rate, vix=vix)
        if memory.snapshot is not None:
            book.resume(memory.snapshot, self._now_ns())
        book.baselines(previous, {})
        return OptionChainActor(book, calendar, self._to, memory, window=self._window, pace=self._pace)

    async def _previous_interest(self, calendar: Calendar, options: Sequence[str]) -> dict[str, int]:
        """Open interest of the trading day before, by our own candles; a provider's word, which comes later, goes before it.

        Of an older day it would show a week's change as one of today.
        """
        today_ns = self._today_ns(calendar)
        session = calendar.previous_session(today_ns)
        before = None if session is None else calendar.day(session.date)
        since_ns = today_ns if before is None else before.start_ns
        try:
            days = await self._durable.candles_many(options, "1d", since_ns, today_ns)
        except StorageError as error:
            log.info("previous_interest_not_read", error=str(error))
            return {}
        told = {name: [day.open_interest for day in candles] for name, candles in days.items()}
        return {name: interests[-1] for name, interests in told.items() if interests and interests[-1] is not None}

    def _today_ns(self, calendar: Calendar) -> int:
        """When the day began whose prices are the newest."""
        now_ns = self._now_ns()
        day = calendar.trading_day(now_ns)
        if day is not None:
            return day.start_ns
        session = calendar.previous_session(now_ns)
        return now_ns if session is None else session.start_ns
