import pytest

from engine.market import TIMEFRAMES, TimeframeError, length_s, parse_timeframe


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("1m", "1m"), ("1", "1m"), ("1Min", "1m"), ("minute", "1m"), ("5", "5m"), ("5minute", "5m"), ("15MIN", "15m"),
        ("30 mins", "30m"), ("60", "1h"), ("60minute", "1h"), ("1H", "1h"), ("hour", "1h"), ("240", "4h"), ("4h", "4h"),
        ("D", "1d"), ("1D", "1d"), ("day", "1d"), ("daily", "1d"), ("1440", "1d"), (" 1d ", "1d"),
    ],
)  # fmt: skip
def test_a_timeframe_is_understood_in_the_spellings_of_vendors_and_charts(written: str, meant: str) -> None:
    assert parse_timeframe(written) == meant


@pytest.mark.parametrize("month", ["M", "1M", "5M"])
def test_a_month_is_never_taken_for_a_minute(month: str) -> None:
    with pytest.raises(TimeframeError):
        parse_timeframe(month)


@pytest.mark.parametrize(
    "written", ["", " ", "0", "3m", "7", "m5", "1w", "-5m", "5.0", "five", "1m1m", "99999999999m", "\uff11m"]
)
def test_what_is_no_timeframe_is_refused_with_the_ones_there_are(written: str) -> None:
    with pytest.raises(TimeframeError, match="1m, 5m, 15m, 30m, 1h, 4h, 1d"):
        parse_timeframe(written)


def test_every_timeframe_reads_as_itself_and_has_a_length() -> None:
    assert [parse_timeframe(timeframe) for timeframe in TIMEFRAMES] == list(TIMEFRAMES)
    assert [length_s(timeframe) for timeframe in TIMEFRAMES] == [60, 300, 900, 1800, 3600, 14400, 86400]
