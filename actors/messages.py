"""What the engine's actors say to each other: frozen, complete, and named for what happened or what is wanted."""

from typing import Any

import msgspec

from engine.market.candle import Candle
from engine.market.diagnosis import Cause
from engine.market.quarantine import Fate, Quarantined
from engine.market.tick import Tick
from engine.providers.base import DecoderStatistics, Route
from engine.storage.durable import Job


class Message(msgspec.Struct, frozen=True, gc=False):
    """The base of all messages: immutable, so that sender and receiver never share state."""


class Watch(Message, frozen=True, gc=False):
    """Somebody looks at this instrument (or no longer does): report it more often, with all timeframes."""

    watched: bool


class Report(Message, frozen=True, gc=False):
    """Tell the writer now, whatever the interval: sent to oneself, and to all when the engine drains."""


class CloseDue(Message, frozen=True, gc=False):
    """The lateness bound has passed since the end of the oldest open bucket (ns UTC), and no tick came to say so."""

    end_ns: int


class SettleUp(Message, frozen=True, gc=False):
    """Close what was due at that time (ns UTC), however late its reminder is: who asks wants all of it in the store."""

    at_ns: int


class Interrupted(Message, frozen=True, gc=False):
    """What one instrument traded between two times may be missing; times in ns UTC."""

    instrument: str
    start_ns: int
    end_ns: int


class Heal(Message, frozen=True, gc=False):
    """What the provider's history says about one instrument.

    ``revisions`` are closed candles to publish; ``minutes`` are all one-minute candles of the trading day before
    ``through_ns``, of which the forming derived candles are made anew.
    """

    revisions: tuple[Candle, ...]
    minutes: tuple[Candle, ...]
    through_ns: int


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


class Saved(Message, frozen=True, gc=False):
    """All that was written to the hot store up to this batch stands in PostgreSQL."""

    batch: int


class HealDue(Message, frozen=True, gc=False):
    """A gap may be tried now."""


class NoteGaps(Message, frozen=True, gc=False):
    """Note which gaps are open."""


class Scan(Message, frozen=True, gc=False):
    """Compare what should be there with what is."""


class Backfill(Message, frozen=True, gc=False):
    """Read this stretch of history again, of these instruments or, when none is named, of all; ns UTC."""

    instruments: tuple[str, ...]
    start_ns: int
    end_ns: int


class StartJob(Message, frozen=True, gc=False):
    """Begin a piece of long work; answered with the job as it stands then."""

    kind: str
    arguments: dict[str, Any]


class ChangeJob(Message, frozen=True, gc=False):
    """``pause``, ``resume``, ``cancel`` or ``retry`` a job; answered with the job as it stands then."""

    id: str
    action: str


class JobChanged(Message, frozen=True, gc=False):
    """A job got somewhere, or to its end."""

    job: Job


class WatchList(Message, frozen=True, gc=False):
    """All instruments that the clients of one web process look at now."""

    process: str
    instruments: tuple[str, ...]


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


class ForgetStale(Message, frozen=True, gc=False):
    """Drop what nobody has repeated."""


class Audit(Message, frozen=True, gc=False):
    """Count how complete the last days are."""


class Count(Message, frozen=True, gc=False):
    """What have you counted? The answer is a mapping of names to numbers."""


class Publish(Message, frozen=True, gc=False):
    """Show how the process is."""


class Beat(Message, frozen=True, gc=False):
    """Say that the engine lives."""


class Renew(Message, frozen=True, gc=False):
    """Hold on to the lease."""


class TakeNewest(Message, frozen=True, gc=False):
    """Hand over the newest tick of every instrument that has had one."""


class Flush(Message, frozen=True, gc=False):
    """Write what has gathered."""


class Save(Message, frozen=True, gc=False):
    """Copy what is new to PostgreSQL; ``regular`` when the interval asks, not an operator or the end."""

    regular: bool = False


class SaveSoon(Message, frozen=True, gc=False):
    """Copy what cannot wait for the interval."""


class FeedStarted(Message, frozen=True, gc=False):
    """A feed begins, for the first time or after a crash, and knows none of its instruments yet."""

    provider: str


class Wanted(Message, frozen=True, gc=False):
    """The complete set of instruments a feed has to carry."""

    routes: tuple[Route, ...]


class FeedSeen(Message, frozen=True, gc=False):
    """A connection of a feed carried data until ``at_ns``."""

    provider: str
    connection: int
    at_ns: int


class FeedResumed(Message, frozen=True, gc=False):
    """A connection carries data that can be believed, again or for the first time; what came before may be wrong.

    ``since_ns`` tells since when; 0: since it was last seen.
    """

    provider: str
    connection: int
    instruments: tuple[str, ...]
    at_ns: int
    since_ns: int = 0


class FeedStatus(Message, frozen=True, gc=False):
    """How a feed is: ``live``, ``stale``, ``closed``, ``connecting`` or ``failed``, since when (ns) and why."""

    provider: str
    connection: int
    status: str
    since_ns: int
    why: str = ""
    cause: Cause = Cause.DISCONNECTED
    """What is behind it."""


class LineCarries(Message, frozen=True, gc=False):
    """What a connection carries from now on, instead of what it carried before."""

    provider: str
    connection: int
    routes: tuple[Route, ...]


class LinesWanted(Message, frozen=True, gc=False):
    """The sentinel begins anew and knows no connections."""


class LineHeard(Message, frozen=True, gc=False):
    """The newest tick of each instrument that a connection has heard since it last told."""

    provider: str
    connection: int
    ticks: dict[str, Tick]


class SymbolStatus(Message, frozen=True, gc=False):
    """How some instruments are, all for the same reason, since when (ns): a status of the contract and its cause."""

    instruments: tuple[str, ...]
    status: str
    since_ns: int
    why: str
    cause: Cause


class Diagnosed(Message, frozen=True, gc=False):
    """How many instruments there are of each cause."""

    counts: dict[str, int]


class Resubscribe(Message, frozen=True, gc=False):
    """Subscribe these instruments of a connection once more: the others on it are heard, they are not."""

    connection: int
    instruments: tuple[str, ...]


class CoverWanted(Message, frozen=True, gc=False):
    """The resolver begins anew after a crash and knows no routes."""


class FeedCounts(Message, frozen=True, gc=False):
    """What a connection has brought so far, and what of it nobody could use."""

    provider: str
    connection: int
    statistics: DecoderStatistics


class Covered(Message, frozen=True, gc=False):
    """The resolver's routes: all instruments whose history a provider may be asked for, carried by its feed or not."""

    provider: str
    routes: tuple[Route, ...]


class Doubted(Message, frozen=True, gc=False):
    """What was not believed at once, or what became of it."""

    entries: tuple[Quarantined, ...]


class TickRefused(Message, frozen=True, gc=False):
    """A tick was no observation at all, and why."""

    instrument: str
    why: str


class HeldLost(Message, frozen=True, gc=False):
    """The actor of an instrument begins anew: ticks that the one before it held are gone."""

    instrument: str


class AppealDue(Message, frozen=True, gc=False):
    """The ticks have had their time to decide what is held; to oneself, again and again until it is heard."""


class Appealed(Message, frozen=True, gc=False):
    """An instrument holds ticks that no other tick decides: what does a second source say? Asked then (ns UTC)."""

    instrument: str
    asked_ns: int


class SecondOpinion(Message, frozen=True, gc=False):
    """An instrument's last price, from a second source, and when the instrument asked for it (ns UTC)."""

    price: float
    asked_ns: int


class Overrule(Message, frozen=True, gc=False):
    """An operator decides all that an instrument holds now; answers whether it held anything."""

    release: bool


class Admit(Message, frozen=True, gc=False):
    """Take in a tick that was discarded before; answers whether its minute was still open."""

    tick: Tick


class Decide(Message, frozen=True, gc=False):
    """An operator's word on an entry of the quarantine."""

    id: int
    status: Fate
    decided_by: str


class Alert(Message, frozen=True, gc=False):
    """Something an operator should know, about one instrument or, where none is named, about several."""

    instrument: str
    words: str
    at_ns: int


class Command(Message, frozen=True, gc=False):
    """An operator's or web process's wish, as it came through the hot store."""

    id: str
    command: str
    arguments: dict[str, Any]
