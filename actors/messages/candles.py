"""Candles: what became of one on its way from an instrument through Redis to PostgreSQL."""

from actors.messages.message import Message
from engine.market.candle import Candle


class CloseDue(Message, frozen=True, gc=False):
    """The lateness bound has passed since the end of the oldest open bucket (ns UTC), and no tick came to say so."""

    end_ns: int


class SettleUp(Message, frozen=True, gc=False):
    """Close what was due at that time (ns UTC), however late its reminder is: who asks wants all of it in the store."""

    at_ns: int


class CandleClosed(Message, frozen=True, gc=False):
    """A candle became final or was revised; ``watched`` when somebody looks at its instrument.

    ``told`` when its numbers were told before and only its flag is news, which concerns the stores and no client.
    """

    candle: Candle
    watched: bool = False
    told: bool = False


class CandlesWritten(Message, frozen=True, gc=False):
    """These final and revised candles stand in the hot store; batches are numbered, also over restarts."""

    candles: tuple[Candle, ...]
    batch: int = 0


class WriteCandles(Message, frozen=True, gc=False):
    """Write the closed candles now; the answer comes when they stand in the hot store."""


class WritesLost(Message, frozen=True, gc=False):
    """The writer crashed, and with it went the candles that it had not written yet."""


class Save(Message, frozen=True, gc=False):
    """Copy what is new to PostgreSQL; ``regular`` when the interval asks, not an operator or the end."""

    regular: bool = False


class SaveSoon(Message, frozen=True, gc=False):
    """Copy what cannot wait for the interval."""


class Saved(Message, frozen=True, gc=False):
    """All that was written to the hot store up to this batch stands in PostgreSQL."""

    batch: int
