"""The pace: how often the engine does what it does by the clock."""

import msgspec


class Pace(msgspec.Struct, frozen=True):
    """Seconds between two rounds of each work. A simulated month goes slower: it need not be fresh within 50 ms."""

    publish_s: float = 0.05
    """Newest prices to the web processes."""
    flush_s: float = 0.25
    """Reports and closed candles to the hot store."""
    report_s: float = 1.0
    """An instrument's report, while it trades."""
    watched_s: float = 0.25
    """The same of instruments that somebody watches."""
    chain_s: float = 0.1
    """An option chain's, while a client follows it and something is heard."""
    note_s: float = 0.5
    """Which gaps are open, to the hot store."""
    tree_s: float = 1.0
    """The actor tree's summary, to the hot store; so long it listens for commands in one go, too."""
    renew_s: float = 5.0
    """The lease."""
    look_s: float = 1.0
    """Looks at who is silent, of lines and of instruments."""
    silence_floor_s: float = 20.0
    """An instrument's expected interval is never taken for shorter: three of them and a silence is over."""
