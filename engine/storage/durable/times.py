"""Times on their way in and out: the engine counts nanoseconds, PostgreSQL microseconds."""

from datetime import UTC, datetime, timedelta

MICROSECOND_NS = 1_000
SECOND_NS = 1_000_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

MOMENT = "TIMESTAMPTZ 'epoch' + {} * INTERVAL '1 microsecond'"
"""The moment of a column of microseconds, in SQL."""
MICROSECONDS = "(extract(epoch FROM {}) * 1000000)::bigint"
"""The microseconds of a moment, in SQL."""


def moment(time_ns: int) -> datetime:
    """The microsecond that a time falls in."""
    return EPOCH + timedelta(microseconds=time_ns // MICROSECOND_NS)


def ceiling(time_ns: int) -> datetime:
    """The first microsecond that is not before a time: what opens then or later lies on one."""
    return EPOCH + timedelta(microseconds=-(-time_ns // MICROSECOND_NS))
