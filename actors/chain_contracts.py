"""Chain contracts: which options there are on an underlying, and which of them expire next."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime

import anyio
import msgspec
import structlog

from engine.market import Calendars
from engine.market.chain_place import ChainPlace
from engine.market.derivatives import place_of_contracts
from engine.market.errors import CalendarError
from engine.market.instrument import Instrument, InstrumentKind
from engine.market.time_to_expiry import expires_ns
from engine.storage.durable import DurableStore
from engine.storage.errors import DurableStoreUnavailableError, StorageError

log = structlog.get_logger("ticktree.chain_contracts")

REREAD_NS = 60_000_000_000
"""Lists are read again after a minute: who adds instruments by hand is not to wait long."""
RETRY_NS = 10_000_000_000
"""So soon after PostgreSQL was found away."""
FORGET_NS = 3_600_000_000_000
"""What nobody has asked for in an hour."""
ANSWER_S = 5.0
"""Who follows a chain is not to wait for a database that hangs."""
_S_NS = 1_000_000_000
_SHOWN = 3


class NoChainError(Exception):
    """There is no such option chain."""


class _Listed(msgspec.Struct, frozen=True):
    """What is listed on an underlying, and when it was read."""

    read_ns: int
    contracts: Sequence[Instrument]
    expiries: Sequence[date]
    """Of its options, the next one first: gone through once, and not at each look of each chain."""


_NOTHING = _Listed(0, (), ())


class ChainContracts:
    """What the database lists, read when it is asked for and kept for a while."""

    def __init__(self, durable: DurableStore, calendars: Calendars, *, now_ns: Callable[[], int]) -> None:
        self._durable = durable
        self._calendars = calendars
        self._now_ns = now_ns
        self._known: dict[str, _Listed] = {}
        """By underlying."""
        self._again_ns, self._trouble = 0, ""
        """When PostgreSQL is asked again after it was found away, and what it said."""

    async def read(self, underlyings: Iterable[str]) -> None:
        """All of these that were not read lately, in one question.

        While PostgreSQL is away a list that was read once goes on being true: chains that run must not end for want of it.
        """
        now_ns = self._now_ns()
        old = {name for name in underlyings if now_ns - self._known.get(name, _NOTHING).read_ns > REREAD_NS}
        if not old or now_ns < self._again_ns:
            return
        try:
            found = await self._asked(sorted(old), datetime.fromtimestamp(now_ns // _S_NS, UTC).date())
        except StorageError as error:
            log.info("contracts_not_read", underlyings=len(old), error=str(error))
            self._again_ns, self._trouble = now_ns + RETRY_NS, str(error)
            return
        self._known = {name: listed for name, listed in self._known.items() if now_ns - listed.read_ns < FORGET_NS}
        self._known |= {
            name: _Listed(now_ns, tuple(contracts), _expiries(contracts)) for name, contracts in found.items()
        }

    async def _asked(self, underlyings: Sequence[str], day: date) -> Mapping[str, Sequence[Instrument]]:
        try:
            with anyio.fail_after(ANSWER_S):
                return await self._durable.contracts(underlyings, day)
        except TimeoutError as error:
            raise DurableStoreUnavailableError(f"no answer within {ANSWER_S:.0f} s") from error

    async def of(self, underlying: str) -> Sequence[Instrument]:
        """Futures and options on an instrument that have not expired by the date in UTC, the next ones first.

        Raises StorageError where that could never be read.
        """
        return (await self._of(underlying)).contracts

    async def find(self, underlying: str, expiry: date | None = None) -> ChainPlace:
        """The chain that expires then, or next. Raises NoChainError with what there is instead."""
        expiries = [day for day in (await self._of(underlying)).expiries if self._is_ahead(underlying, day)]
        if not expiries:
            raise NoChainError(f"no options on {underlying} are listed")
        if expiry is not None and expiry not in expiries:
            near = sorted(expiries, key=lambda day: abs(day - expiry))[:_SHOWN]
            raise NoChainError(
                f"no options on {underlying} expire on {expiry}; some do on {', '.join(map(str, sorted(near)))}"
            )
        return ChainPlace(underlying, expiry or expiries[0])

    async def _of(self, underlying: str) -> "_Listed":
        await self.read([underlying])
        if underlying not in self._known:
            raise DurableStoreUnavailableError(self._trouble)
        return self._known[underlying]

    def _is_ahead(self, underlying: str, expiry: date) -> bool:
        """Whether the exchange has not closed yet on that day; an exchange without hours has no chain."""
        exchange, _ = place_of_contracts(underlying)
        try:
            return expires_ns(self._calendars.of_exchange(exchange), expiry) > self._now_ns()
        except (LookupError, CalendarError):
            return False


def _expiries(contracts: Iterable[Instrument]) -> list[date]:
    options = (one for one in contracts if one.kind is InstrumentKind.OPTION)
    return sorted({one.expiry for one in options if one.expiry is not None})
