"""What the historical calls answer: DBN, mostly packed by zstd, taken apart while it comes. Without I/O."""

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
import zstandard

from engine.market.candle import Candle, CandleState
from engine.providers.base import ProviderError, Route
from engine.providers.databento.failures import http_failure
from engine.providers.databento.metadata import symbol_numbers
from engine.providers.databento.records import BAR, BAR_KINDS, PRICE_SCALE, UNDEFINED_PRICE, Framing

_PACKED: Final = b"\x28\xb5\x2f\xfd"
_LICENSED_UNTIL: Final = re.compile(r"end time before (\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?)")
_SECOND: Final = 1_000_000_000

Bar = tuple[int, int, int, int, int, int, int]
"""Instrument id, opening time (ns), open, high, low, close (billionths), volume."""


class BarReader:
    """Collects the bars of one answer, wherever its pieces are cut."""

    def __init__(self, timeframe: str) -> None:
        self.bars: list[Bar] = []
        self._timeframe = timeframe
        self._framing = Framing()
        self._unpack: Any = None
        self._begun = False
        self._failed = False

    def take(self, data: bytes) -> None:
        """The next piece. Nothing is raised before the end: who breaks off a stream of httpx leaves it unclosed."""
        if not self._begun and data:
            self._begun = True
            if data.startswith(_PACKED[: len(data)]):
                self._unpack = zstandard.ZstdDecompressor().decompressobj(read_across_frames=True)
        piece = self._framing.push(self._unpacked(data))
        for run in piece.runs:
            if BAR_KINDS.get(run.kind) == self._timeframe and run.size == BAR.size:
                self.bars += BAR.iter_unpack(piece.data[run.start : run.stop])

    def finish(self) -> None:
        """The answer has ended; raises ``ProviderError`` for one that was none, or not whole."""
        if self._failed or self._framing.broken:
            why = self._framing.broken or "it can not be unpacked"
            raise ProviderError(f"Databento's answer can not be read: {why}")
        if self._begun and (not self._framing.metadata or self._framing.pending):
            raise ProviderError("Databento's answer broke off")

    def numbers(self) -> dict[str, tuple[int, ...]]:
        """Which instrument ids each symbol went by."""
        return symbol_numbers(self._framing.metadata) if self._framing.metadata else {}

    def bars_of(self, symbol: str) -> list[Bar]:
        """Those of one symbol; all where the answer does not say which it went by."""
        numbers = self.numbers().get(symbol)
        return [bar for bar in self.bars if bar[0] in numbers] if numbers else self.bars

    def _unpacked(self, data: bytes) -> bytes:
        if self._failed:
            return b""
        try:
            return data if self._unpack is None else self._unpack.decompress(data)
        except zstandard.ZstdError:
            self._failed = True
            return b""


def candles_of(bars: list[Bar], route: Route, timeframe: str, source: str) -> Iterator[Candle | None]:
    """The candles of one instrument's bars; ``None`` stands for one without prices."""
    for _, time_ns, *prices, volume in bars:
        if UNDEFINED_PRICE in prices:
            yield None
            continue
        told = [price / PRICE_SCALE for price in prices]
        yield Candle(route.instrument, timeframe, time_ns, *told, volume=volume, state=CandleState.FINAL, source=source)


class _Payload(msgspec.Struct):
    available_start: datetime | None = None
    available_end: datetime | None = None


class _Detail(msgspec.Struct):
    case: str = ""
    message: str = ""
    payload: _Payload | None = None


class _Complaint(msgspec.Struct):
    detail: _Detail | str = ""


class OutOfRangeError(ProviderError):
    """The account may read another stretch of time than it asked for; what is ``None`` is not limited."""

    def __init__(self, cause: ProviderError, start_ns: int | None, end_ns: int | None) -> None:
        super().__init__(str(cause), advice=cause.advice, code=cause.code)
        self.start_ns = start_ns
        self.end_ns = end_ns


def refusal(status: int, body: bytes, *, wait_s: float | None = None) -> ProviderError:
    """The error of a call that was not answered with bars."""
    complaint = _Complaint()
    with suppress(msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        complaint = msgspec.json.decode(body, type=_Complaint)
    detail = complaint.detail if isinstance(complaint.detail, _Detail) else _Detail(message=complaint.detail)
    error = http_failure(status, detail.case or None, wait_s=wait_s)
    payload = detail.payload or _Payload()
    if payload.available_start or payload.available_end:
        return OutOfRangeError(error, _nanoseconds(payload.available_start), _nanoseconds(payload.available_end))
    licensed = _LICENSED_UNTIL.search(detail.message)
    if licensed:
        return OutOfRangeError(error, None, _nanoseconds(datetime.fromisoformat(licensed[1])))
    return error


def _nanoseconds(moment: datetime | None) -> int | None:
    if moment is None:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return int(aware.timestamp()) * _SECOND
