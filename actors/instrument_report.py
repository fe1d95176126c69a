"""The instrument's report: what of an instrument goes to the hot store, once an interval."""

from typing import Any

from engine.market import Candle, CandleBook, Tick, VolumeMeter
from engine.storage.hot import InstrumentReport


def report_of(
    tick: Tick, book: CandleBook, meter: VolumeMeter, segment_key: str, *, seen_ns: int, watched: bool
) -> InstrumentReport:
    """How an instrument stands; with all timeframes where somebody looks at it.

    ``tick`` is the newest that is to be shown, ``seen_ns`` the time of the newest that candles were made of.
    """
    unattributed, corrections = book.unattributed + meter.unattributed, meter.corrections
    return InstrumentReport(
        instrument=book.instrument,
        segment_key=segment_key,
        price=tick.price,
        quote=_quote(tick) | {"unattributed": unattributed, "corrections": corrections},
        state=_state(book, meter, seen_ns),
        forming=tuple(_forming(book, watched=watched)),
        watched=watched,
        unattributed=unattributed,
        corrections=corrections,
    )


def _state(book: CandleBook, meter: VolumeMeter, seen_ns: int) -> dict[str, Any]:
    """Who begins with it has to doubt what came since: the last tick, or what was closed after it."""
    closed_ns = 0 if book.forming("1m") is not None else book.watermark_ns
    return {
        "book": book.state(),
        "baseline": meter.state(),
        "ts_event": max(seen_ns, closed_ns),
        "source": book.source,
    }


def _forming(book: CandleBook, *, watched: bool) -> list[Candle]:
    if watched:
        return book.forming_all()
    minute = book.forming("1m")
    return [] if minute is None else [minute]


def _quote(tick: Tick) -> dict[str, Any]:
    """The fields of ``quote:{symbol}`` that the tick tells (contract section 3)."""
    return {
        "ltp": tick.price,
        "ts_event": tick.ts_event,
        "ts_recv": tick.ts_recv,
        "volume": tick.volume,
        "open": tick.day_open,
        "high": tick.day_high,
        "low": tick.day_low,
        "oi": tick.open_interest,
        "bid": tick.bid,
        "ask": tick.ask,
        "previous_close": tick.previous_close,
        "provider": tick.provider,
    }
