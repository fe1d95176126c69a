"""The durable store in memory: every method of the real one, over plain tables."""

from engine.storage.durable import DurableStore
from engine.storage.memory.accounts import MemoryApiKeys, MemorySignedIn, MemoryUserAccounts
from engine.storage.memory.alerts import MemoryAlertRules, MemoryFiredAlerts, MemoryWebhookDeliveries
from engine.storage.memory.chains import MemoryChainSnapshots
from engine.storage.memory.conflicts import MemoryMappingConflicts
from engine.storage.memory.corporate_actions import MemoryCorporateActions
from engine.storage.memory.credentials import MemorySealedCredentials
from engine.storage.memory.instruments import MemoryInstrumentMaster
from engine.storage.memory.prices import MemoryPriceHistory
from engine.storage.memory.quarantine import MemoryQuarantine
from engine.storage.memory.records import MemoryRecords
from engine.storage.memory.screeners import MemoryOwnScreeners
from engine.storage.memory.tables import Tables
from engine.storage.memory.ticks import MemoryTicks
from engine.storage.memory.verdicts import MemoryGapScan, MemoryVerdicts


class MemoryDurableStore(
    MemoryPriceHistory,
    MemoryInstrumentMaster,
    MemoryVerdicts,
    MemoryGapScan,
    MemoryQuarantine,
    MemoryRecords,
    MemoryUserAccounts,
    MemorySignedIn,
    MemoryApiKeys,
    MemorySealedCredentials,
    MemoryMappingConflicts,
    DurableStore,
):
    """For replays, simulations and tests; on trio and on asyncio. What it holds ends with the process."""

    def __init__(self) -> None:
        self.tables = Tables()
        MemoryPriceHistory.__init__(self, self.tables)
        self.ticks = MemoryTicks(self.tables)
        self.chains = MemoryChainSnapshots(self.tables)
        self.corporate_actions = MemoryCorporateActions(self.tables)
        self.screeners = MemoryOwnScreeners(self.tables)
        self.alert_rules = MemoryAlertRules(self.tables)
        self.fired_alerts = MemoryFiredAlerts(self.tables)
        self.deliveries = MemoryWebhookDeliveries(self.tables)

    async def ping(self) -> None:
        """Returns when the database answers."""
        await self.tables.arrive()

    async def close(self) -> None:
        """There is nothing to close."""
