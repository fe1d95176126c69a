"""The chain maker: starts the actors of option chains, each from where the one before it was."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import partial
from weakref import WeakValueDictionary

import msgspec
import structlog

from actors.option_chain import ChainMemory, ChainOutlets, OptionChainActor
from actors.pace import Pace
from engine.market import Calendars
from engine.market.calendar import Calendar
from engine.market.chain_book import ChainBook
from engine.market.chain_place import ChainPlace
from engine.market.chain_snapshot import ChainSnapshot
from engine.market.derivatives import place_of_contracts
from engine.market.instrument import Instrument, InstrumentKind
from engine.market.time_to_expiry import trading_day_before
from engine.runtime import GENTLE, ChildSpec, Restart
from engine.storage.durable import DurableStore
from engine.storage.errors import StorageError
from engine.storage.hot import HotStore

log = structlog.get_logger("ticktree.chain_maker")

VOLATILITY_INDICES = {"NSE": "NSE:INDIA VIX"}
"""Of exchanges that publish one: it is of their best known underlying, and looked at beside all of them."""


class PreviousInterest(msgspec.Struct, frozen=True):
    """Open interest by canonical name, at the close of a trading day."""

    day: date | None
    interest: Mapping[str, int] = {}


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
        self._memories: WeakValueDictionary[ChainPlace, ChainMemory] = WeakValueDictionary()
        """Of the chains that run, and gone with them."""

    async def spec(self, place: ChainPlace, contracts: Sequence[Instrument]) -> ChildSpec:
        """An actor for a chain that does not run. Raises StorageError."""
        return await self._spec(place, contracts, ChainMemory(await self._hot.chain(*place)))

    async def renewed(self, place: ChainPlace, contracts: Sequence[Instrument]) -> ChildSpec | None:
        """An actor to take the place of one that runs, where other contracts are listed now than that was made of.

        It goes on from what that one tells when it is stopped. A list without any option of the chain is no reason to end it.
        """
        memory = self._memories.get(place)
        if memory is None or contracts is memory.listed:
            return None
        if not _options(place, contracts) or _names(place, contracts) == memory.contracts:
            memory.listed = contracts
            return None
        return await self._spec(place, contracts, memory)

    async def _spec(self, place: ChainPlace, contracts: Sequence[Instrument], memory: ChainMemory) -> ChildSpec:
        calendar = self._calendars.of_exchange(place_of_contracts(place.underlying)[0])
        previous = await self._previous_interest(calendar, _options(place, contracts))
        begin = partial(self._begun, place, tuple(contracts), calendar, memory, previous)
        return ChildSpec(str(place), begin, restart=Restart.TRANSIENT, backoff=GENTLE)

    def _begun(
        self,
        place: ChainPlace,
        contracts: Sequence[Instrument],
        calendar: Calendar,
        memory: ChainMemory,
        previous: PreviousInterest,
    ) -> OptionChainActor:
        """Also after a crash: the memory is of the newest telling then."""
        vix = VOLATILITY_INDICES.get(place.underlying.partition(":")[0])
        book = ChainBook(*place, contracts, calendar, rate=self._rate, vix=vix)
        self._go_on(book, calendar, memory.snapshot, previous)
        self._memories[place], memory.contracts = memory, _names(place, contracts)
        return OptionChainActor(book, calendar, self._to, memory, window=self._window, pace=self._pace)

    def _go_on(
        self, book: ChainBook, calendar: Calendar, snapshot: ChainSnapshot | None, previous: PreviousInterest
    ) -> None:
        """What was read when the chain was first made says nothing of a later day, on which it may have crashed.

        Of one and the same day, what the chain had heard by then goes before what was read.
        """
        _, day_before = self._days(calendar)
        interest: Mapping[str, int] = previous.interest if previous.day == day_before else {}
        heard_of_it = snapshot is not None and snapshot.previous_day == previous.day
        if heard_of_it:
            book.baselines(interest, {})
        if snapshot is not None:
            book.resume(snapshot, self._now_ns())
        if not heard_of_it:
            book.baselines(interest, {})

    async def _previous_interest(self, calendar: Calendar, options: Sequence[str]) -> PreviousInterest:
        """Open interest of the trading day before, by our own candles; a provider's word, which comes later, goes before it.

        Of an older day it would show a week's change as one of today.
        """
        today, day_before = self._days(calendar)
        bounds = [day.start_ns for day in map(calendar.day, filter(None, (day_before, today))) if day is not None]
        if len(bounds) < 2:
            return PreviousInterest(day_before)
        try:
            days = await self._durable.candles_many(options, "1d", bounds[0], bounds[1])
        except StorageError as error:
            log.info("previous_interest_not_read", error=str(error))
            return PreviousInterest(day_before)
        told = {name: candles[-1].open_interest for name, candles in days.items() if candles}
        return PreviousInterest(day_before, {name: interest for name, interest in told.items() if interest is not None})

    def _days(self, calendar: Calendar) -> tuple[date, date | None]:
        """The day whose prices are the newest, and the trading day before it."""
        today = calendar.session_date(self._now_ns())
        if calendar.day(today) is None:
            today = trading_day_before(calendar, today) or today
        return today, trading_day_before(calendar, today)


def _options(place: ChainPlace, contracts: Sequence[Instrument]) -> list[str]:
    return [one.canonical for one in contracts if one.kind is InstrumentKind.OPTION and one.expiry == place.expiry]


def _names(place: ChainPlace, contracts: Sequence[Instrument]) -> frozenset[str]:
    """What a chain is made of: its options, and the futures that may price them."""
    futures = (one for one in contracts if one.kind is InstrumentKind.FUTURE)
    ahead = (one.canonical for one in futures if one.expiry is not None and one.expiry >= place.expiry)
    return frozenset((*_options(place, contracts), *ahead))
