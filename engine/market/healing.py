"""Healing: what has to be revised so that an instrument's candles agree with its provider's history."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from engine.market.calendar import Calendar
from engine.market.candle import OFFICIAL, Candle, CandleState
from engine.market.derive import derive
from engine.market.limits import flaw_of
from engine.market.timeframe import DERIVED_TIMEFRAMES


class Healing(msgspec.Struct, frozen=True, gc=False):
    """The outcome of one comparison."""

    revisions: tuple[Candle, ...]
    """Closed candles that were missing, wrong or flagged, as they have to be published: minutes first."""
    minutes: tuple[Candle, ...]
    """All one-minute candles before the border, healed; what the forming derived candles are made of."""
    unanswered: tuple[int, ...]
    """Open times of flagged or flawed minutes that the history does not have (yet): the provider may lag."""
    absent: tuple[int, ...] = ()
    """Open times of minutes that neither stand nor are in the history: nobody has seen a trade."""


def heal(
    calendar: Calendar,
    *,
    present: Mapping[str, Sequence[Candle]],
    history: Sequence[Candle],
    start_ns: int,
    end_ns: int,
    through_ns: int,
) -> Healing:
    """Compares what stands (``present``, closed candles by timeframe) with the provider's one-minute ``history``.

    Only buckets that ``[start_ns, end_ns]`` touches and that end by ``through_ns`` are revised. The provider's word
    counts; a minute that it does not have but we saw trade is kept as it is, with its flag. One of ours that can not be
    true, as a null among its prices, counts as flagged, and nothing is made of it.
    """
    touched = set(touched_minutes(calendar, start_ns, end_ns, through_ns))
    recorded = {candle.time: candle for candle in present.get("1m", ()) if candle.time < through_ns}
    truth = {candle.time: candle for candle in history if candle.time in touched}
    revised = [
        revision
        for time in sorted(touched)
        if (revision := revision_of(recorded.get(time), truth.get(time))) is not None
    ]
    healed = recorded | {candle.time: candle for candle in revised}
    minutes = tuple(healed[time] for time in sorted(healed) if not flaw_of(healed[time]))
    derived = _derived_revisions(calendar, present, minutes, start_ns=start_ns, end_ns=end_ns, through_ns=through_ns)
    unanswered = tuple(time for time in sorted(touched) if time not in truth and _is_flagged(recorded.get(time)))
    absent = tuple(time for time in sorted(touched) if time not in truth and time not in recorded)
    return Healing((*revised, *derived), minutes, unanswered, absent)


def touched_minutes(calendar: Calendar, start_ns: int, end_ns: int, through_ns: int) -> Iterator[int]:
    """The open times of the minutes that ``[start_ns, end_ns]`` touches and that end by ``through_ns``, in order."""
    for bucket in calendar.buckets("1m", start_ns, end_ns + 1):
        if bucket.end_ns <= through_ns:
            yield bucket.start_ns


def revision_of(old: Candle | None, truth: Candle | None) -> Candle | None:
    """What has to be published where ``old`` stands and ``truth`` should; None when nothing has to."""
    if truth is None:
        return None
    if old is None:
        return msgspec.structs.replace(truth, state=CandleState.REVISED, revision=1)
    if _values(old) == _values(truth):
        return None
    open_interest = old.open_interest if truth.open_interest is None else truth.open_interest
    return msgspec.structs.replace(
        truth,
        state=CandleState.REVISED,
        revision=old.revision + 1,
        open_interest=open_interest,
    )


def official_revision(old: Candle | None, official: Candle) -> Candle | None:
    """The exchange's own bar of a day, as it has to be published where ``old`` stands; None when nothing has to.

    One that lies wholly above or below what we saw trade is not believed: it is another day's, or another instrument's.
    """
    if flaw_of(official) or (old is not None and contradicts(old, official)):
        return None
    return revision_of(old, msgspec.structs.replace(official, source=f"{official.provider}{OFFICIAL}"))


def contradicts(old: Candle, official: Candle) -> bool:
    """Whether two bars of the same bucket have no price in common."""
    return old.low > official.high or old.high < official.low


def _values(candle: Candle) -> tuple[float, float, float, float, int, bool]:
    return candle.open, candle.high, candle.low, candle.close, candle.volume, candle.resolve_required


def _is_flagged(candle: Candle | None) -> bool:
    return candle is not None and (candle.resolve_required or bool(flaw_of(candle)))


def _derived_revisions(
    calendar: Calendar,
    present: Mapping[str, Sequence[Candle]],
    minutes: Sequence[Candle],
    *,
    start_ns: int,
    end_ns: int,
    through_ns: int,
) -> Iterable[Candle]:
    for timeframe in DERIVED_TIMEFRAMES:
        closed = {
            bucket.start_ns
            for bucket in calendar.buckets(timeframe, start_ns, end_ns + 1)
            if bucket.end_ns <= through_ns
        }
        recorded = {candle.time: candle for candle in present.get(timeframe, ())}
        for truth in derive(minutes, timeframe, calendar):
            if (old := recorded.get(truth.time)) is not None and old.is_official:
                continue
            if truth.time in closed and (revision := revision_of(old, truth)) is not None:
                yield revision
