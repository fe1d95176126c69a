"""What a job may be asked for: which instruments, which stretch of time, and how much of both."""

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Annotated, Any

import msgspec

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""No provider keeps anything older."""
LONGEST = timedelta(days=6 * 366)
"""Of one job; who wants more asks for it one after the other."""
MOST_INSTRUMENTS = 50_000
"""More names are not kept in a job's row."""
MOST_STEPS = 500_000
"""At five calls a second that is more than a day."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_US_NS = 1_000

Moment = Annotated[datetime, msgspec.Meta(tz=True)]
"""A time that says where: without its offset it would be another one on every machine."""


class JobError(ValueError):
    """The job can not be done as it was asked for; who asked is told why."""


class JobNotNowError(JobError):
    """The same wish can be granted soon, without anybody having done anything wrong."""


class OwnerBusyError(JobNotNowError):
    """Only who asked has as many under way as one may have; others need not wait."""


class Stretch(msgspec.Struct, frozen=True):
    """From ``start`` to before ``end``."""

    start: Moment
    end: Moment

    @property
    def start_ns(self) -> int:
        """Nanoseconds UTC."""
        return _ns(self.start)

    @property
    def end_ns(self) -> int:
        """Nanoseconds UTC."""
        return _ns(self.end)

    def parts(self, length: timedelta) -> int:
        """How many parts of a length it has."""
        return -(-(self.end - self.start) // length)

    def part(self, number: int, length: timedelta) -> "Stretch":
        """One of them; the last may be shorter."""
        start = self.start + number * length
        return Stretch(start, min(start + length, self.end))


class StretchArguments(Stretch, frozen=True, kw_only=True):
    """A stretch of some instruments' history; instruments by their canonical names."""

    instruments: tuple[str, ...]


def stretch_of(arguments: Mapping[str, Any], now_ns: int) -> Stretch:
    """``start`` and ``end`` where a market can have been: from 2000 to tomorrow, six years at most. Raises JobError."""
    stretch = Stretch(_moment("start", arguments.get("start")), _moment("end", arguments.get("end")))
    if stretch.start < EARLIEST:
        raise JobError(f"start lies before {EARLIEST.date()}, nobody keeps what is older")
    after_tomorrow = _midnight_after_tomorrow(now_ns)
    if stretch.end > after_tomorrow:
        raise JobError(f"end lies after {after_tomorrow:%Y-%m-%dT%H:%MZ}, what has not been can not be read")
    if stretch.start >= stretch.end:
        raise JobError("start lies not before end")
    if stretch.end - stretch.start > LONGEST:
        raise JobError(f"start to end are more than {LONGEST.days} days, ask for them one part after the other")
    return stretch


def instruments_of(written: object) -> list[str]:
    """The names, each once, in their order; none where none is written. Raises JobError."""
    try:
        names = msgspec.convert([] if written is None else written, list[str])
    except msgspec.ValidationError as error:
        raise JobError("the instruments are a list of names") from error
    return bounded(sorted(set(names)))


def bounded(names: list[str]) -> list[str]:
    """The same names; raises JobError when they are too many for one job."""
    if len(names) > MOST_INSTRUMENTS:
        raise JobError(f"a job takes at most {MOST_INSTRUMENTS:,} instruments, these are {len(names):,}")
    return names


def _moment(name: str, written: object) -> datetime:
    try:
        return msgspec.convert(written, Moment)
    except msgspec.ValidationError as error:
        was = "was missing" if written is None else f"was {str(written)[:40]!r}"
        raise JobError(f"{name} is a time with its offset, as in 2026-11-20T09:15:00Z, {was}") from error


def _midnight_after_tomorrow(now_ns: int) -> datetime:
    """Of UTC: wherever somebody is, their own tomorrow may end a little later, but never their today."""
    today = (_EPOCH + timedelta(microseconds=now_ns // _US_NS)).date()
    return datetime.combine(today + timedelta(days=2), time(), UTC)


def _ns(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1) * _US_NS
