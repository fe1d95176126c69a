"""What a client of the live feed may say, and how the exchange refuses the rest."""

from typing import Final

import msgspec

from engine.providers.simulator.feed_server import Refusal

MOST_PER_MESSAGE: Final = 100
TOO_MANY_INSTRUMENTS: Final = 804
BAD_SECURITY_ID: Final = 813
BAD_REQUEST: Final = 814


class WantedInstrument(msgspec.Struct, rename="pascal"):
    """An instrument as a client names it; ids are text, but some clients need to be told so."""

    exchange_segment: str
    security_id: str | int


class FeedRequest(msgspec.Struct, rename="pascal"):
    """One message of a client."""

    request_code: int
    instrument_count: int = 0
    instrument_list: list[WantedInstrument] = []


def parse_request(message: str | bytes) -> FeedRequest:
    """The request a message holds; raises ``Refusal`` for what Dhan would not take."""
    try:
        request = msgspec.json.decode(message, type=FeedRequest)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Refusal(BAD_REQUEST) from error
    if len(request.instrument_list) > MOST_PER_MESSAGE:
        raise Refusal(TOO_MANY_INSTRUMENTS)
    if len(request.instrument_list) != request.instrument_count:
        raise Refusal(BAD_REQUEST)
    return request
