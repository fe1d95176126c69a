"""Carrying: which provider's feed brings an instrument's ticks, and how that changes."""

from actors.messages.message import Message


class Carry(Message, frozen=True, gc=False):
    """To an instrument: this provider carries you from the next border on, or ``urgent``, from its first tick on.

    ``since_ns`` is when the provider before it was last known to be well, where it is no more.
    """

    provider: str
    segment_key: str
    """Its name for the instrument, as in ``NSE_EQ:1333``."""
    urgent: bool = False
    since_ns: int = 0
