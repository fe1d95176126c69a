"""Three instruments to save candles of."""

from datetime import date, time

from engine.market.instrument import Instrument, InstrumentKind
from engine.storage.durable import DurableStore, Exchange, ProviderMapping
from engine.storage.memory import MemoryDurableStore

NSE = Exchange("NSE", "National Stock Exchange", "Asia/Kolkata", "IN", "INR", time(9, 15), time(15, 30))
SYMBOLS = ("INFY", "RELIANCE", "TCS")
JANUARY = date(2026, 1, 1)


def equity(symbol: str, *, tick_size: float = 0.05, name: str = "") -> Instrument:
    return Instrument(0, "NSE", symbol, name or symbol.title(), InstrumentKind.EQUITY, tick_size)


def mapping(symbol: str, token: str, since: date = JANUARY, provider: str = "dhan") -> ProviderMapping:
    return ProviderMapping(provider, f"NSE:{symbol}", "NSE_EQ", token, since)


async def seeded(store: DurableStore) -> None:
    mappings = [mapping(symbol, str(number)) for number, symbol in enumerate(SYMBOLS)]
    await store.seed([NSE], [equity(symbol) for symbol in SYMBOLS], mappings)


async def emptied(store: DurableStore) -> None:
    """Takes candles and verdicts out again, between two examples of a property."""
    if isinstance(store, MemoryDurableStore):
        store.tables.bars.clear()
        store.tables.replaced.clear()
        store.tables.verdicts.clear()
    else:
        await store._link.value("TRUNCATE price_history_intraday, candle_revisions, completeness")


async def without_tick_days(store: DurableStore) -> None:
    """Takes away the partitions that tests before made, which no emptying of tables does."""
    await store._link.value("TRUNCATE tick_instruments, tick_days_noted")
    for day in await store.tick_days.days():
        await store._link.value(f"DROP TABLE ticks_{day:%Y%m%d}")
