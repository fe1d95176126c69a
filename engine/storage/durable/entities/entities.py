"""The entities: what can be traded, where, in which branch, and by which names providers know it."""

from engine.storage.durable.entities.conflicts import Conflicts
from engine.storage.durable.entities.exchanges import Exchanges
from engine.storage.durable.entities.instruments import Instruments
from engine.storage.durable.entities.mappings import Mappings
from engine.storage.durable.entities.providers import Providers
from engine.storage.durable.entities.sectors import Sectors
from engine.storage.durable.link import PostgresLink


class Entities:
    """The tables that people look after by hand; what engines read and seed of them is the InstrumentMaster's."""

    def __init__(self, link: PostgresLink) -> None:
        self.exchanges = Exchanges(link)
        self.sectors = Sectors(link)
        self.providers = Providers(link)
        self.instruments = Instruments(link)
        self.mappings = Mappings(link)
        self.conflicts = Conflicts(link)
