"""Chain contracts: which options there are on an underlying, and which of them expire next."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime

from engine.market import Calendars
from engine.market.chain_place import ChainPlace
from engine.market.derivatives import place_of_contracts
from engine.market.errors import CalendarError
from engine.market.instrument import Instrument, InstrumentKind
from engine.market.time_to_expiry import expires_ns
from engine.storage.durable import DurableStore

REREAD_NS = 60_000_000_000
"""Lists are read again after a minute: who adds instruments by hand is not to wait long."""
_S_NS = 1_000_000_000
_SHOWN = 3


class NoChainError(Exception):
    """There is no such option chain."""


class ChainContracts:
    """What the database lists, read when it is asked for and kept for a while."""

    def __init__(self, durable: DurableStore, calendars: Calendars, *, now_ns: Callable[[], int]) -> None:
        self._durable = durable
        self._calendars = calendars
        self._now_ns = now_ns
        self._known: dict[str, tuple[int, Sequence[Instrument]]] = {}

    async def of(self, underlying: str) -> Sequence[Instrument]:
        """Futures and options on an instrument that have not expired by the date in UTC, the next ones first."""
        now_ns = self._now_ns()
        read_ns, known = self._known.get(underlying, (0, ()))
        if now_ns - read_ns > REREAD_NS:
            today = datetime.fromtimestamp(now_ns // _S_NS, UTC).date()
            known = tuple(await self._durable.contracts(underlying, today))
            self._known[underlying] = now_ns, known
        return known

    async def find(self, underlying: str, expiry: date | None = None) -> ChainPlace:
        """The chain that expires then, or next. Raises NoChainError with what there is instead."""
        expiries = [day for day in await self._expiries(underlying) if self._is_ahead(underlying, day)]
        if not expiries:
            raise NoChainError(f"no options on {underlying} are listed")
        if expiry is not None and expiry not in expiries:
            near = sorted(expiries, key=lambda day: abs(day - expiry))[:_SHOWN]
            raise NoChainError(
                f"no options on {underlying} expire on {expiry}; some do on {', '.join(map(str, sorted(near)))}"
            )
        return ChainPlace(underlying, expiry or expiries[0])

    async def _expiries(self, underlying: str) -> list[date]:
        options = [one for one in await self.of(underlying) if one.kind is InstrumentKind.OPTION]
        return sorted({one.expiry for one in options if one.expiry is not None})

    def _is_ahead(self, underlying: str, expiry: date) -> bool:
        """Whether the exchange has not closed yet on that day; an exchange without hours has no chain."""
        exchange, _ = place_of_contracts(underlying)
        try:
            return expires_ns(self._calendars.of_exchange(exchange), expiry) > self._now_ns()
        except (LookupError, CalendarError):
            return False
