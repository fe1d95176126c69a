"""The delivery reports: where an exchange's report of a day is, as a file or on the web, and what it says."""

from collections.abc import Sequence
from datetime import date
from functools import partial
from http import HTTPStatus
from pathlib import Path

import anyio.to_thread
import msgspec

from config import VERSION
from engine.market.delivery import Reported, ReportError, parse_report

LARGEST_BYTES = 32 * 2**20
"""NSE's full report has less than one megabyte."""
PATIENCE_S = 30.0
HEADERS = {"User-Agent": f"ticktree/{VERSION}"}
_WEB = ("http://", "https://")


class Report(msgspec.Struct, frozen=True):
    """What came of reading one day's report."""

    rows: Sequence[Reported] = ()
    failure: str = ""
    """Why there are none; it may be there later."""


class DeliveryReports:
    """Reads the report of each day from its place: an address or a path with ``{date:%d%m%Y}`` in it."""

    exchange = "NSE"
    """Whose shares they are about."""

    def __init__(self, place: str) -> None:
        self._place = place

    async def read(self, day: date) -> Report:
        """The report of a day, within a minute."""
        place = self._place.format(date=day)
        with anyio.move_on_after(2 * PATIENCE_S):
            return await anyio.to_thread.run_sync(partial(_read, place, day), abandon_on_cancel=True)
        return Report(failure=f"{place} did not answer within {2 * PATIENCE_S:g} s")


def _read(place: str, day: date) -> Report:
    try:
        text = _fetched(place) if place.startswith(_WEB) else _laid(Path(place))
        return Report(parse_report(text.decode("utf-8", "replace"), day))
    except (OSError, ReportError) as error:
        return Report(failure=str(error))


def _laid(path: Path) -> bytes:
    with path.open("rb") as file:
        return _bounded(file.read(LARGEST_BYTES + 1))


def _fetched(address: str) -> bytes:
    import httpx  # noqa: PLC0415 - 0.2 s and 12 MB that most engines never need

    found = b""
    try:
        with httpx.stream(
            "GET", address, headers=HEADERS, timeout=PATIENCE_S, trust_env=False, follow_redirects=True
        ) as answer:
            if answer.status_code != HTTPStatus.OK:
                raise ReportError(_refusal(address, answer.status_code))
            for piece in answer.iter_bytes():
                found = _bounded(found + piece)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ReportError(f"{address}: {str(error) or type(error).__name__}") from error
    return found


def _refusal(address: str, status: int) -> str:
    advice = ": have the file laid down by other means, and name its path" if status == HTTPStatus.FORBIDDEN else ""
    return f"{address} answered {status}{advice}"


def _bounded(found: bytes) -> bytes:
    if len(found) > LARGEST_BYTES:
        raise ReportError(f"it has more than {LARGEST_BYTES:,} bytes")
    return found
