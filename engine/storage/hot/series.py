"""What both ways of keeping closed candles have in common, and how long lists are cut into commands of bearable size."""

from collections.abc import Iterator, Sequence
from typing import Protocol, TypeVar

from engine.market.candle import Candle

Item = TypeVar("Item")


class CandleSeries(Protocol):
    """Keeps the closed candles of the retention time."""

    async def write(self, candles: Sequence[Candle]) -> None:
        """Stores candles, over what was there at their opening time. Safe to repeat."""
        ...

    async def read(
        self, instruments: Sequence[str], timeframe: str, start_ns: int, end_ns: int
    ) -> dict[str, list[Candle]]:
        """The candles that open in [start, end) of each instrument that has some, oldest first."""
        ...


def chunks(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """The items in slices of ``size``: while the server runs one command it serves nobody else."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
