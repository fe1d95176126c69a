"""The lines that are exchanged with the gateway before its records begin. Without I/O."""

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from itertools import groupby
from typing import Final

from config import VERSION
from engine.providers.base import Mode, ProviderError, Route
from engine.providers.databento.symbols import stype_of
from engine.providers.secret import Secret

LONGEST_LINE: Final = 4_096
SYMBOLS_PER_LINE: Final = 500
START_LINE: Final = b"start_session=0\n"
SCHEMAS: Final = {Mode.TICKER: "trades", Mode.QUOTE: "tbbo", Mode.FULL: "mbp-1"}
"""Trades; trades with the best bid and ask; these and every change of them."""

_KEY_ID_LENGTH: Final = 5


def parse_line(line: bytes) -> dict[str, str]:
    """``a=1|b=2`` as a dictionary; raises ``ProviderError`` for what is no such line."""
    text = line.decode("utf-8", "replace").strip()
    parts = [part.partition("=") for part in text.split("|")]
    if not all(name and equals for name, equals, _ in parts):
        raise ProviderError(f"Databento's gateway said {text[:60]!r}, which is none of its lines")
    return {name: value for name, _, value in parts}


def login_line(challenge: str, key: Secret, dataset: str, heartbeat_s: int) -> bytes:
    """The answer to the challenge: it proves that we know the key, and does not tell it."""
    secret = key.reveal()
    proof = sha256(f"{challenge}|{secret}".encode()).hexdigest()
    told = {
        "auth": f"{proof}-{secret[-_KEY_ID_LENGTH:]}",
        "dataset": dataset,
        "encoding": "dbn",
        "ts_out": 0,
        "compression": "none",
        "heartbeat_interval_s": heartbeat_s,
        "slow_reader_behavior": "warn",  # otherwise it drops what we are slow to read
        "client": f"ticktree {VERSION}",
    }
    return _line(told.items())


def subscription_lines(routes: Sequence[Route], mode: Mode, start_ns: int = 0) -> list[bytes]:
    """The requests for these routes, beginning in the past unless ``start_ns`` is 0."""
    by_stype = sorted({route.security_id for route in routes}, key=lambda symbol: (stype_of(symbol) or "", symbol))
    return [
        _line(_subscription(stype or "raw_symbol", list(symbols), mode, start_ns))
        for stype, group in groupby(by_stype, key=stype_of)
        for symbols in _portions(list(group))
    ]


def _subscription(stype: str, symbols: list[str], mode: Mode, start_ns: int) -> Iterator[tuple[str, object]]:
    yield from (("schema", SCHEMAS[mode]), ("stype_in", stype), ("symbols", ",".join(symbols)))
    if start_ns:
        yield "start", start_ns
    yield from (("snapshot", 0), ("is_last", 1))


def _portions(symbols: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(symbols), SYMBOLS_PER_LINE):
        yield symbols[start : start + SYMBOLS_PER_LINE]


def _line(fields: Iterable[tuple[str, object]]) -> bytes:
    return ("|".join(f"{name}={value}" for name, value in fields) + "\n").encode()
