"""What is fuzzed: everything that reads bytes of a provider, with what it must keep to, and frames to begin with."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from engine.providers.base import Mode, ProviderError, Route
from engine.providers.dhan.charts import chart_candles, last_price_table, route_quotes
from engine.providers.dhan.depth_codec import decode_depth
from engine.providers.dhan.depth_decoder import DepthDecoder
from engine.providers.dhan.options import read_chain, read_expiries
from engine.providers.dhan.orders import read_update
from engine.providers.kite.messages import read_message
from engine.providers.simulator.dhan.depth import DhanDepthSpeech
from tests.providers.conformance.case import Case
from tests.providers.conformance.cases import CASES
from tests.providers.conformance.frames import NOON, assert_total, door_of, frames_of, judged

_LARGEST_SEED: Final = 65_536
_ROUTE: Final = Route("NSE:RELIANCE", "NSE_EQ", "2885", 0.1, "equity")
_ORDER: Final = b'{"Data":{"orderNo":"1","status":"TRADED"},"Type":"order_alert"}'
_ANSWERS: Final = (
    b'{"data":{"NSE_EQ":{"2885":{"last_price":1500.5,"volume":7,"ohlc":{"open":1,"close":2,"high":3,"low":1}}}}}',
    b'{"open":[1],"high":[2],"low":[1],"close":[2],"volume":[9],"timestamp":[1767000000],"open_interest":[0]}',
    b'{"data":["2026-11-24"],"status":"success"}',
    b'{"data":{"last_price":1,"oc":{"25650.000000":{"ce":{"last_price":1,"greeks":{"delta":0.5}}}}}}',
)


class Target(NamedTuple):
    """One thing to be fuzzed."""

    run: Callable[[bytes], object]
    """Fails by raising."""
    seeds: Callable[[], list[bytes]]


def targets(recordings: Path) -> dict[str, Target]:
    """All of them by name; recorded files are begun with where they are."""
    feeds = {case.name: Target(partial(_decode, case), partial(_frames, case, recordings)) for case in CASES}
    return {
        **feeds,
        "dhan_depth": Target(_depth, _books),
        "dhan_orders": Target(read_update, lambda: [_ORDER]),
        "dhan_answers": Target(_answers, lambda: list(_ANSWERS)),
        "kite_messages": Target(
            read_message, lambda: [b'{"type":"order","data":{"order_id":"1"}}', b'{"type":"error"}']
        ),
    }


def _decode(case: Case, frame: bytes) -> None:
    decoder, _, routes = judged(case)
    assert_total(decoder, routes, frame)


def _frames(case: Case, recordings: Path) -> list[bytes]:
    _, door, _ = judged(case)
    return frames_of(case, door) + list(_recorded(recordings / case.name))


def _recorded(folder: Path) -> Iterator[bytes]:
    for file in sorted(folder.rglob("*")):
        if file.suffix in {".packet", ".bin", ".dbn"} and file.stat().st_size <= _LARGEST_SEED:
            yield file.read_bytes()


def _depth(frame: bytes) -> None:
    decoder = DepthDecoder([_ROUTE])
    decode_depth(frame)
    for _, book in decoder.decode(frame + frame, NOON):
        assert all(level.price > 0 and level.quantity > 0 for level in (*book.bids, *book.asks))


def _books() -> list[bytes]:
    door, speech = door_of("simulator", world=False), DhanDepthSpeech()
    frames: list[bytes] = []
    for place, listing in enumerate(door.exchange.market.listings):
        trade = door.last(place)
        if trade is not None and speech.route(listing):
            frames.append(speech.frame(speech.encode(listing, trade, Mode.FULL)))
    return frames


def _answers(body: bytes) -> None:
    """An answer of any form is read, or refused as the provider's failure."""
    try:
        answer: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return
    for read in _READERS.values():
        with suppress(ProviderError):
            read(answer)


_READERS: Final[Mapping[str, Callable[[Any], object]]] = {
    "last prices": last_price_table,
    "quotes": partial(route_quotes, routes=[_ROUTE]),
    "chart": partial(chart_candles, route=_ROUTE, timeframe="1m", source="dhan"),
    "expiries": read_expiries,
    "chain": partial(read_chain, underlying=_ROUTE, expiry=date(2026, 11, 24), provider="dhan"),
}
