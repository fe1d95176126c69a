"""Charts and the past they show: who looks at it, and what of it has been read."""

from actors.messages.message import Message


class ChartWanted(Message, frozen=True, gc=False):
    """Somebody looks at the year of an instrument in a timeframe. The answer says whether it stands by now."""

    instrument: str
    timeframe: str


class RefreshCharts(Message, frozen=True, gc=False):
    """Put what has changed into the charts that somebody looks at."""


class HistoryWanted(Message, frozen=True, gc=False):
    """Somebody asks for an instrument whose past may never have been read."""

    instrument: str


class HistoryFilled(Message, frozen=True, gc=False):
    """More of an instrument's past stands in PostgreSQL than before."""

    instrument: str


class SweepHistory(Message, frozen=True, gc=False):
    """Look whose past is still to be read."""
