"""The tables: what a database in memory holds, and the numbers that it gives to instruments."""

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import msgspec
from anyio.lowlevel import checkpoint

from engine.market.verdict import VerdictStatus
from engine.storage.errors import DurableStoreUnavailableError
from engine.storage.memory.account_tables import Accounts

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from anyio import Event

    from engine.market.alert_rule import AlertRule
    from engine.market.candle import Candle
    from engine.market.chain_snapshot import ChainSnapshot
    from engine.market.corporate_action import CorporateAction
    from engine.market.instrument import Instrument
    from engine.market.kept_tick import KeptTick
    from engine.market.quarantine import Quarantined
    from engine.storage.durable import AuditEntry, DailyCandle, Exchange, Job, MappingConflict, ProviderMapping
    from engine.storage.durable.alerts import FiredAlert
    from engine.storage.durable.credentials import SealedCredential
    from engine.storage.durable.screeners import DailyScreener

Decision = tuple[VerdictStatus, str]
"""A verdict's status and reason."""


class Tables:
    """Everything, shared by the parts of one store."""

    def __init__(self) -> None:
        self.away = False
        """While it is true every call fails as one to a server that is down."""
        self.hanging: Event | None = None
        """Until it is set no call is answered, as by a server that is there and hangs."""
        self.exchanges: dict[str, Exchange] = {}
        self.instruments: dict[str, Instrument] = {}
        self.retired: set[str] = set()
        """Those that are not active."""
        self.mappings: list[tuple[ProviderMapping, date | None]] = []
        """Each with the day it ended."""
        self.open_mappings: dict[tuple[str, ...], int] = {}
        """Where the one stands that has not ended, by what may be mapped only once."""
        self.conflicts: dict[tuple[str, ...], tuple[date, MappingConflict]] = {}
        """Each with the day of the list that said so last."""
        self.bars: dict[tuple[str, str], dict[int, Candle]] = {}
        self.days: dict[str, dict[date, DailyCandle]] = {}
        self.replaced: list[Candle] = []
        """What revisions took the place of, in that order."""
        self.alert_rules: dict[int, AlertRule] = {}
        """Those that are to be judged."""
        self.alerts: dict[str, FiredAlert] = {}
        self.untold: dict[str, None] = {}
        """Alerts that nobody has been told of for certain."""
        self.chains: dict[tuple[str, date], dict[int, ChainSnapshot]] = {}
        """By underlying and expiry, and the minute's opening in unix ms."""
        self.actions: dict[tuple[str, date, str], CorporateAction] = {}
        """By instrument, ex-date and kind."""
        self.checkpoints: dict[str, int] = {}
        self.daily_screeners: dict[int, DailyScreener] = {}
        """Users' screeners that are run by themselves, by number."""
        self.tick_keeping: set[str] = set()
        """Instruments whose ticks are to be kept."""
        self.ticks: dict[str, dict[int, KeptTick]] = {}
        """By instrument and time of receipt."""
        self.verdicts: dict[str, dict[int, Decision]] = {}
        """By instrument and the minute's opening."""
        self.quarantine: dict[int, Quarantined] = {}
        """By number, in their order."""
        self.jobs: dict[str, Job] = {}
        self.hashes: dict[str, str] = {}
        self.audit: list[AuditEntry] = []
        self.accounts = Accounts()
        self.credentials: dict[int, SealedCredential] = {}

    async def arrive(self) -> None:
        """Lets others run, as a call to a server would."""
        await checkpoint()
        if self.hanging is not None:
            await self.hanging.wait()
        if self.away:
            raise DurableStoreUnavailableError("The connection was refused or lost.")

    def known(self, instruments: "Iterable[str]") -> set[str]:
        """Those that exist."""
        return {instrument for instrument in instruments if instrument in self.instruments}

    def zone(self, instrument: str) -> ZoneInfo:
        """The time zone of an instrument's exchange."""
        return ZoneInfo(self.exchanges[instrument.partition(":")[0]].timezone)

    def add_instrument(self, instrument: "Instrument") -> None:
        """A new one gets the next number; one that is known keeps its own."""
        known = self.instruments.get(instrument.canonical)
        number = known.id if known else len(self.instruments) + 1
        self.instruments[instrument.canonical] = msgspec.structs.replace(instrument, id=number)
