"""The names and life times of everything we keep in Redis, as the public contract fixes them."""

from datetime import date

from engine.market.timeframe import length_s

DAY_S = 86_400
LONGEST_DAY_S = 25 * 3600
"""Where a market never closes, the day on which summer time ends."""
PRICE_EXPIRY_S = 30
DEPTH_EXPIRY_S = 60
BUFFER_LENGTH = 500
EVENTS_LENGTH = 100_000
COMMANDS_LENGTH = 1_000
TICKS_LENGTH = 1_000
"""Ticks of an instrument, beside those that PostgreSQL lacks; a few more until whole nodes of a stream can go."""
TICKS_EXPIRY_S = 7 * DAY_S
"""They may be all there is of them, as long as PostgreSQL is away: a weekend should not be too long."""
REPLY_EXPIRY_S = 30
TREE_EXPIRY_S = 5
HEARTBEAT_EXPIRY_S = 60
TICKET_EXPIRY_S = 30
SIGN_IN_EXPIRY_S = 600
"""Time to sign in at a provider of identities."""
SESSIONS_LENGTH = 100_000
STREAM_EXPIRY_S = 3_600

EVENTS = "events"
EPOCH = "events:epoch"
EVENTS_WRITER = "events:writer"
HEALING = "healing"
HEARTBEAT = "market_stream:heartbeat"
LEASE = "lease:engine"
PACES = "paces"
PROCESSES = "processes"
SEEN = "seen"
SESSIONS = "sessions"
SOURCES = "realtime:sources"
STATUSES = "statuses"
STREAMS = "websocket_streams"
TICKS_KEPT = "ticks_kept"
TICKS_SAVED = "ticks_saved"
UNSAVED = "unsaved"


def price(segment_key: str) -> str:
    """Last traded price of a segment key."""
    return f"ltp:{segment_key}"


def asked(segment_key: str) -> str:
    """When a provider was asked for the last price of a segment key."""
    return f"asked:{segment_key}"


def quote(instrument: str) -> str:
    """Newest quote."""
    return f"quote:{instrument}"


def state(instrument: str) -> str:
    """What an instrument's actor resumes from."""
    return f"state:{instrument}"


def live_candle(instrument: str, timeframe: str) -> str:
    """The forming candle."""
    return f"live:{instrument}:{timeframe}:current"


def buffer(instrument: str, timeframe: str) -> str:
    """The newest closed candles of a watched symbol, newest first."""
    return f"live:{instrument}:{timeframe}:buffer"


def series(instrument: str, timeframe: str) -> str:
    """The closed candles."""
    return f"realtime:{instrument}:{timeframe}"


def ticks(instrument: str) -> str:
    """The newest ticks, where they are kept."""
    return f"ticks:{instrument}"


def chart(instrument: str, timeframe: str) -> str:
    """The candles of the last year, in day chunks."""
    return f"chart:{instrument}:{timeframe}:1year"


def chain(underlying: str, expiry: date) -> str:
    """The current option chain of an underlying."""
    return f"chain:{underlying}:{expiry.isoformat()}"


def depth(instrument: str) -> str:
    """The current book of an instrument that somebody looks at."""
    return f"depth:{instrument}"


def stream(key: str) -> str:
    """A started stream of prices and its owners."""
    return f"websocket_stream:{key}"


def ticket(digest: str) -> str:
    """What a socket's ticket admits, by the SHA-256 of the ticket."""
    return f"ticket:{digest}"


def sign_in(digest: str) -> str:
    """A sign-in that was begun with a provider of identities, by the SHA-256 of its state."""
    return f"sign_in:{digest}"


def attempts(name: str) -> str:
    """How often somebody tried lately."""
    return f"attempts:{name}"


def live_expiry_s(timeframe: str) -> int:
    """How long a forming candle outlives its last change: its only trade may be the first second's of the longest bucket."""
    return max(120, (LONGEST_DAY_S if timeframe == "1d" else length_s(timeframe)) + 60)


def buffer_expiry_s(timeframe: str) -> int:
    """How long a buffer outlives its last candle."""
    return max(600, 2 * length_s(timeframe))


def told_orders(provider: str) -> str:
    """How each order of a provider stood when it was told last."""
    return f"orders:{provider}"


def rate(name: str) -> str:
    """A bucket of tokens."""
    return f"rate:{name}"


def rate_today(name: str) -> str:
    """How many tokens of a bucket were taken today."""
    return f"rate:{name}:today"
