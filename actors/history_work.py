"""The history job: the past of some instruments, read from their providers a timeframe at a time."""

import msgspec

from actors.messages import HistoryFilled
from actors.past import Past
from actors.sources import FOR_GOOD
from engine.market import TIMEFRAMES
from engine.providers.base import ProviderError
from engine.runtime import ActorRef


class HistoryArguments(msgspec.Struct, frozen=True):
    """Instruments by their canonical names."""

    instruments: tuple[str, ...]


class HistoryWork:
    """A step is a timeframe of an instrument, the longest first; the charts hear when an instrument's last is done.

    What was read before is not asked for again, so a step that is repeated goes on where it was.
    """

    def __init__(self, arguments: HistoryArguments, past: Past, charts: ActorRef) -> None:
        self._past = past
        self._charts = charts
        self._instruments = arguments.instruments
        self._written = 0

    def __len__(self) -> int:
        return len(self._instruments) * len(TIMEFRAMES)

    async def step(self, number: int) -> str:
        """What a provider will never answer is said, and keeps nobody else's past from being read."""
        which, before = divmod(number, len(TIMEFRAMES))
        instrument, timeframe = self._instruments[which], TIMEFRAMES[-1 - before]
        try:
            written = await self._past.fill(instrument, timeframe)
        except ProviderError as error:
            if error.advice not in FOR_GOOD:
                raise
            return f"{instrument} {timeframe}: given up, {error}"
        self._written += written
        if timeframe == TIMEFRAMES[0] and self._written:
            self._charts.tell(HistoryFilled(instrument))
            self._written = 0
        return f"{instrument} {timeframe}: {written:,} candles new"
