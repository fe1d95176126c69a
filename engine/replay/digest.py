"""The digest of a run: fingerprints of all that it made, equal for runs that made the same."""

import hashlib
import json
from collections.abc import Iterable
from typing import Any

import msgspec

from engine.market import Candle
from engine.replay.heard import HeardHotStore
from engine.storage.memory import MemoryDurableStore

_FOR_EVER = 2**62


class Digest(msgspec.Struct, frozen=True):
    """SHA-256, each of one kind of result; times of publication do not count."""

    candles: str
    """Every revision of every candle of every timeframe."""
    ledger: str
    """The verdicts on minutes, and the candles that are still in doubt."""
    messages: str
    """What clients were told, in the order that each stream promises."""

    @property
    def whole(self) -> str:
        """One for all."""
        return hashlib.sha256(f"{self.candles}{self.ledger}{self.messages}".encode()).hexdigest()


async def digest_of(hot: HeardHotStore, durable: MemoryDurableStore) -> Digest:
    """The digest of what the stores of a run that has ended hold."""
    names = sorted(durable.tables.instruments)
    verdicts = await durable.verdicts(names, 0, _FOR_EVER)
    decided = [
        (one.instrument, one.status, one.start_ns, one.end_ns, one.reason)
        for name in names
        for one in verdicts.get(name, ())
    ]
    doubtful = sorted(_place(candle) for candle in standing(durable) if candle.resolve_required)
    return Digest(
        candles=_hash(sorted({_revision(candle) for candle in [*standing(durable), *durable.tables.replaced]})),
        ledger=_hash([*decided, *doubtful]),
        messages=hot.fingerprint(),
    )


def standing(durable: MemoryDurableStore) -> list[Candle]:
    """The newest revision of every candle, days among them."""
    bars = [candle for kept in durable.tables.bars.values() for candle in kept.values()]
    return bars + [day.candle for kept in durable.tables.days.values() for day in kept.values()]


def _place(candle: Candle) -> tuple[str, str, int]:
    return candle.instrument, candle.timeframe, candle.time


def _revision(candle: Candle) -> tuple[Any, ...]:
    interest = -1 if candle.open_interest is None else candle.open_interest
    prices = candle.open, candle.high, candle.low, candle.close
    return (*_place(candle), candle.revision, *prices, candle.volume, interest, candle.state.value, candle.source)


def _hash(rows: Iterable[Any]) -> str:
    found = hashlib.sha256()
    for row in rows:
        found.update(json.dumps(row).encode() + b"\n")
    return found.hexdigest()
