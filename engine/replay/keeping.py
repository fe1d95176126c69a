"""Keeping what a replay made: copied into stores of its own, where no living engine's data is."""

import msgspec

from engine.recording import MixedDataError
from engine.replay.digest import standing
from engine.replay.run import Stage
from engine.storage.durable import DurableStore
from engine.storage.hot import HotStore
from engine.storage.hot.series import chunks

_CANDLES_A_SAVE = 20_000
_FOR_EVER = 2**62


class Kept(msgspec.Struct, frozen=True):
    """What was copied."""

    candles: int
    revisions: int
    verdicts: int


async def refuse_living_stores(hot: HotStore, durable: DurableStore) -> None:
    """Raises ``MixedDataError`` where an engine is on duty, or was: what it knows must not mix with a replay."""
    owner = await hot.lease_owner()
    if owner is not None:
        raise MixedDataError(f"An engine ({owner}) is on duty at the stores meant for replays.")
    if await durable.checkpoint():
        raise MixedDataError("An engine has saved into the database meant for replays.")


async def keep(stage: Stage, hot: HotStore, durable: DurableStore) -> Kept:
    """Copies candles, what they replaced and verdicts; safe to repeat. Times of publication are the replay's own."""
    await refuse_living_stores(hot, durable)
    tables = stage.durable.tables
    await durable.seed(
        list(tables.exchanges.values()),
        list(tables.instruments.values()),
        [mapping for mapping, end in tables.mappings if end is None],
    )
    older = sorted(tables.replaced, key=lambda candle: candle.revision)
    bars = [candle for candle in standing(stage.durable) if candle.timeframe != "1d"]
    days = [day for kept in tables.days.values() for day in kept.values()]
    for part in chunks([*older, *bars], _CANDLES_A_SAVE):
        await durable.save(part)
        await hot.write_candles(part)
    await durable.save([], days)
    await hot.write_candles([day.candle for day in days])
    found = await stage.durable.verdicts(sorted(tables.instruments), 0, _FOR_EVER)
    verdicts = [verdict for said in found.values() for verdict in said]
    await durable.note_verdicts(verdicts)
    return Kept(len(bars) + len(days), len(older), len(verdicts))
