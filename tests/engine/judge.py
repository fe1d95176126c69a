"""The judge: what the exchange says it traded, against what the stores hold."""

from collections.abc import Iterator, Mapping, Sequence

from engine.market import TIMEFRAMES, Calendar, Candle, derive

Numbers = tuple[float, float, float, float, int]
Held = Mapping[str, Mapping[str, Sequence[Candle]]]
"""Candles by timeframe and instrument."""


def numbers(candle: Candle) -> Numbers:
    return candle.open, candle.high, candle.low, candle.close, candle.volume


def expected(minutes: Sequence[Candle], calendar: Calendar, through_ns: int) -> dict[str, dict[int, Numbers]]:
    """The closed candles of all timeframes that these minutes make, by their opening times."""
    found: dict[str, dict[int, Numbers]] = {}
    for timeframe in TIMEFRAMES:
        candles = minutes if timeframe == "1m" else derive(minutes, timeframe, calendar)
        found[timeframe] = {
            candle.time: numbers(candle) for candle in candles if _end(calendar, timeframe, candle) <= through_ns
        }
    return found


def disagreements(
    told: Mapping[str, Sequence[Candle]], held: Held, calendar: Calendar, through_ns: int, *, where: str
) -> Iterator[str]:
    """Every closed candle that is missing, different, too many or still in doubt, as a sentence."""
    for instrument, minutes in told.items():
        for timeframe, truth in expected(minutes, calendar, through_ns).items():
            present = {candle.time: candle for candle in held[timeframe].get(instrument, ())}
            name = f"{where} {instrument} {timeframe}"
            for time, values in truth.items():
                candle = present.get(time)
                if candle is None:
                    yield f"{name} {time}: missing, expected {values}"
                elif numbers(candle) != values:
                    yield f"{name} {time}: was {candle}, expected {values}"
                elif candle.resolve_required:
                    yield f"{name} {time}: right, but still in doubt"
            for time in present.keys() - truth.keys():
                if _end(calendar, timeframe, present[time]) <= through_ns:
                    yield f"{name} {time}: nothing was traded, was {present[time]}"


def _end(calendar: Calendar, timeframe: str, candle: Candle) -> int:
    bucket = calendar.bucket(timeframe, candle.time)
    assert bucket is not None
    return bucket.end_ns
