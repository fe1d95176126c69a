"""What an engine finds out before its tree is planted."""

from datetime import UTC, datetime

from structlog.testing import capture_logs

from engine.boot import known_calendars
from engine.market import Instrument, InstrumentKind
from engine.runtime import ReplayClock
from engine.seeding import exchanges
from engine.storage.memory import MemoryDurableStore

DECEMBER_NS = int(datetime(2026, 12, 20, tzinfo=UTC).timestamp()) * 10**9


async def started(*, around_the_clock: bool) -> list[str]:
    store = MemoryDurableStore()
    shares = (("NSE", "TCS"), ("NYSE", "IBM"))
    instruments = [Instrument(0, code, symbol, symbol, InstrumentKind.EQUITY, 0.05) for code, symbol in shares]
    await store.seed(exchanges(around_the_clock=around_the_clock), instruments, [])
    with capture_logs() as events:
        await known_calendars(store, ReplayClock(DECEMBER_NS, 1))
    return [event["why"] for event in events if event["event"] == "calendar_runs_out"]


async def test_an_engine_that_starts_says_which_known_holidays_run_out() -> None:
    (told,) = await started(around_the_clock=False)
    assert told.startswith("The NSE calendar ends in 11 days (2026-12-31)")


async def test_exchanges_that_never_close_have_no_holidays_to_run_out_of() -> None:
    assert await started(around_the_clock=True) == []
