"""What DBN says beside prices: which number an instrument goes by, heartbeats, and errors."""

from typing import Final, cast

import msgspec
from databento_dbn import DBNDecoder, DBNError, ErrorMsg, SymbolMappingMsg, SystemMsg

from engine.providers.databento.records import ERROR_KIND, MAPPING_KIND, SYSTEM_KIND

_FIRST_VERSION_SIZE: Final = 80
_SIZES: Final = {MAPPING_KIND: 176, ERROR_KIND: 320, SYSTEM_KIND: 320}


class Mapping(msgspec.Struct, frozen=True):
    """From now on an instrument goes by this number."""

    instrument_id: int
    asked: str
    """The symbol as it was subscribed."""
    meant: str
    """The contract it stands for."""


class Word(msgspec.Struct, frozen=True):
    """Something the gateway says to whoever runs this."""

    text: str
    code: int
    is_error: bool


HEARTBEAT: Final = 0
ROUTINE: Final = frozenset({HEARTBEAT, 1, 4, 5})
"""Of the gateway's words that are no errors: heartbeats, acknowledgements and ends of intervals; nobody has to hear them."""
UNSET: Final = 255
"""The code of what has none, as in the first version of DBN."""


def read_control(records: bytes, size: int, version: int) -> list[Mapping | Word | None]:
    """What a run of control records of one kind and size says, ``None`` for each that can not be read."""
    # The package panics at records that are too short for their kind.
    if size < (_FIRST_VERSION_SIZE if version == 1 else _SIZES[records[1]]):
        return [None] * (len(records) // size)
    decoder = DBNDecoder(has_metadata=False, input_version=version)
    return [_told(message) for message in decoder.write_and_decode(records)]


def _told(message: object) -> Mapping | Word | None:
    try:
        return _read(message)
    except DBNError:  # texts that are no UTF-8
        return None


def _read(message: object) -> Mapping | Word | None:
    match message:
        case SymbolMappingMsg():
            return Mapping(message.instrument_id, message.stype_in_symbol, message.stype_out_symbol)
        case SystemMsg():
            code = HEARTBEAT if message.is_heartbeat() else _code(message.code)
            return Word(message.msg, code, is_error=False)
        case ErrorMsg():
            return Word(message.err, _code(message.code), is_error=True)
        case _:
            return None


def _code(code: object) -> int:
    return UNSET if code is None else int(cast("int", code))
