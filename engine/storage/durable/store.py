"""The durable store: everything ticktree keeps in PostgreSQL, behind one object."""

from typing import Self

from engine.storage.durable.accounts import ApiKeys, Belongings, SignedIn, UserAccounts
from engine.storage.durable.alerts import AlertRules, FiredAlerts, WebhookDeliveries, Webhooks
from engine.storage.durable.archive_tables import ArchiveTables
from engine.storage.durable.candles import PriceHistory
from engine.storage.durable.chains import ChainSnapshots
from engine.storage.durable.conflicts import MappingConflicts
from engine.storage.durable.corporate_actions import CorporateActions
from engine.storage.durable.credentials import SealedCredentials
from engine.storage.durable.entities import Entities
from engine.storage.durable.instruments import InstrumentMaster, InstrumentNames
from engine.storage.durable.link import PostgresLink
from engine.storage.durable.locks import SessionLocks
from engine.storage.durable.quarantine import Quarantine
from engine.storage.durable.records import Records
from engine.storage.durable.scan import GapScan
from engine.storage.durable.screeners import OwnScreeners
from engine.storage.durable.screenings import Screenings
from engine.storage.durable.statistics import MarketStatistics
from engine.storage.durable.tick_days import TickDays
from engine.storage.durable.ticks import Ticks
from engine.storage.durable.verdicts import Verdicts

ANSWER_TIMEOUT_S = 30.0


class DurableStore(
    PriceHistory,
    InstrumentMaster,
    Verdicts,
    GapScan,
    Quarantine,
    Records,
    UserAccounts,
    SignedIn,
    ApiKeys,
    SealedCredentials,
    MappingConflicts,
):
    """Price history, instruments, verdicts, quarantine, records, accounts and sealed credentials in PostgreSQL.

    Every method may raise ``DurableStoreUnavailableError`` (repeat later) or ``DurableStoreError`` (do not), and none
    takes longer than about twice the answer timeout.
    """

    def __init__(self, link: PostgresLink) -> None:
        names = InstrumentNames(link)
        PriceHistory.__init__(self, link, names)
        self.ticks = Ticks(link, names)
        self.chains = ChainSnapshots(link)
        self.statistics = MarketStatistics(link, names)
        self.screenings = Screenings(link, names)
        self.archive = ArchiveTables(link)
        self.tick_days = TickDays(link)
        """For jobs, which no replay lives through; the double has none of the four."""
        self.alert_rules = AlertRules(link)
        self.fired_alerts = FiredAlerts(link)
        self.deliveries = WebhookDeliveries(link)
        """Of these three the double has what the engine does with them."""
        self.corporate_actions = CorporateActions(link, names)
        """Read by jobs and shown by web processes; the double has none."""
        self.entities = Entities(link)
        self.belongings = Belongings(link)
        self.webhooks = Webhooks(link)
        self.screeners = OwnScreeners(link)
        """These are for people's hands, in web processes; the double has none."""

    @classmethod
    async def connect(cls, url: str, *, answer_timeout_s: float = ANSWER_TIMEOUT_S) -> Self:
        """A store on the database at ``url``, which must be migrated."""
        return cls(await PostgresLink.open(url, answer_timeout_s=answer_timeout_s))

    def session_locks(self) -> SessionLocks:
        """Locks that end with the process that took them, for web processes; the double has none."""
        return SessionLocks(self._link.single_connection)

    async def ping(self) -> None:
        """Returns when the database answers."""
        await self._link.value("SELECT 1")

    async def close(self) -> None:
        """Closes the connections."""
        await self._link.close()
