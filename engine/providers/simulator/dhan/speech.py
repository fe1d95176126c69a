"""Dhan's language: binary packets one after the other; with quotes the open interest comes apart."""

from collections.abc import Sequence
from typing import Final

from engine.providers.base import Mode
from engine.providers.dhan.codec import SEGMENT_CODES
from engine.providers.simulator.dhan.packets import encode_open_interest, encode_previous_close, encode_trade
from engine.providers.simulator.instruments import Listing
from engine.providers.simulator.tape import Event, Trade

PACKETS_PER_FRAME: Final = 100


class DhanSpeech:
    """What Dhan says; it remembers the open interest it has told with quotes, to tell each change once."""

    packets_per_frame = PACKETS_PER_FRAME

    def __init__(self) -> None:
        self._open_interest: dict[tuple[str, int], int] = {}

    def route(self, listing: Listing) -> tuple[str, str] | None:
        return (listing.segment, str(listing.security_id)) if listing.segment in SEGMENT_CODES else None

    def encode(self, listing: Listing, event: Event, mode: Mode) -> list[bytes]:
        """The packets of an event: the open interest first where it has changed; an index answers ticker mode only."""
        if mode is not Mode.TICKER and listing.kind == "index":
            return []
        if mode is not Mode.QUOTE:
            return _packets(listing, event, mode)
        changed = event.open_interest != self._open_interest.get(listing.key, 0)
        self._open_interest[listing.key] = event.open_interest
        if changed and isinstance(event, Trade):
            return [encode_open_interest(listing, event.open_interest), encode_trade(mode, listing, event)]
        return _packets(listing, event, mode)

    def welcome(self, listing: Listing, trade: Trade, mode: Mode) -> list[bytes]:
        """The last trade; before it the open interest with quotes, after it the previous close of an index."""
        if listing.kind == "index":
            told = mode is Mode.TICKER
            return [encode_trade(mode, listing, trade), encode_previous_close(listing, trade)] if told else []
        packets = [encode_trade(mode, listing, trade)]
        if mode is Mode.QUOTE and trade.open_interest > 0:
            packets.insert(0, encode_open_interest(listing, trade.open_interest))
        return packets

    def frame(self, packets: Sequence[bytes]) -> bytes:
        return b"".join(packets)


def _packets(listing: Listing, event: Event, mode: Mode) -> list[bytes]:
    if isinstance(event, Trade):
        return [encode_trade(mode, listing, event)]
    return [] if mode is Mode.TICKER else [encode_open_interest(listing, event.open_interest)]
