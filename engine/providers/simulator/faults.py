"""Faults on request: what goes wrong between the exchange and its clients, when, for how long, and how much."""

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from re import fullmatch
from typing import Any, Final, TypeVar
from zlib import crc32

import msgspec

from engine.providers.simulator.chance import generator, unit


class FaultKind(StrEnum):
    """What can go wrong."""

    DROP = "drop"
    """Trades are lost; amount: the share of them, all by default."""
    FREEZE = "freeze"
    """Sockets stay open but nothing comes through them, pings included; what should have come is lost."""
    STALL = "stall"
    """Nothing is traded to anybody while pings go on."""
    DUPLICATE = "duplicate"
    """Trades come twice; amount: the share of them, all by default."""
    REORDER = "reorder"
    """Some trades come up to two seconds after later ones; amount: the share of them, half by default."""
    CORRUPT = "corrupt"
    """Bytes are flipped; amount: the share of packets it happens to, a tenth by default."""
    BAD_PRINT = "bad_print"
    """Some trades come with a price whose decimal point has slipped, while history is right; amount: the share of them, a
    fiftieth by default."""
    LEVEL_SHIFT = "level_shift"
    """At once, and for good: everything trades at so many times its price, truly; amount: how many, 1.2 by default."""
    CLOSE = "close"
    """At once: every live connection is cut without a word."""
    DISCONNECT = "disconnect"
    """At once: every live connection gets the disconnect packet with the code in amount (800 by default) and is closed."""
    REFUSE = "refuse"
    """The access token is no longer good, for the live feed and for REST; amount: the handshake's HTTP status (401 by
    default), or the code of a disconnect packet after a good handshake."""
    LIMIT = "429"
    """Both answer HTTP 429; amount: the seconds told in Retry-After, 1 by default."""
    ERROR = "error"
    """REST answers HTTP 500."""
    HALT = "halt"
    """A symbol is not traded, all of them without one: neither the feed nor history knows of any trade."""
    ILLIQUID = "illiquid"
    """A symbol is traded now and then; amount: the share of the time, a twentieth by default, in stretches of 5 s."""
    RETIRE = "retire"
    """At once and for good: nobody knows a symbol's id any more, as after an expiry or a renumbering."""
    LOSE = "lose"
    """At once: every client's subscription of a symbol, or of all, is forgotten without a word; a new one is taken."""


_AT_ONCE: Final = frozenset(
    {FaultKind.CLOSE, FaultKind.DISCONNECT, FaultKind.RETIRE, FaultKind.LOSE, FaultKind.LEVEL_SHIFT}
)
_OF_SYMBOLS: Final = frozenset({FaultKind.HALT, FaultKind.ILLIQUID, FaultKind.RETIRE, FaultKind.LOSE})
_DEFAULT_AMOUNTS: Final = {
    FaultKind.BAD_PRINT: 0.02,
    FaultKind.LEVEL_SHIFT: 1.2,
    FaultKind.CORRUPT: 0.1,
    FaultKind.ILLIQUID: 0.05,
    FaultKind.REORDER: 0.5,
    FaultKind.REFUSE: 401.0,
    FaultKind.DISCONNECT: 800.0,
}


_LONGEST_HOLD_S: Final = 2.0
_STRETCH_S: Final = 5.0
_SLIPS: Final = (0.1, 10.0)
"""Where a decimal point slips to."""

T = TypeVar("T")


class FaultError(ValueError):
    """The fault is not understood."""

    def __init__(self, detail: str) -> None:
        super().__init__(f"{self.__doc__} {detail}")


class Fault(msgspec.Struct, frozen=True):
    """One fault: from ``at_s`` seconds on (of the clock it is planned by), for ``duration_s``."""

    kind: FaultKind
    at_s: float = 0.0
    duration_s: float = 10.0
    """Means nothing for what happens at once."""
    amount: float = 1.0
    symbol: str = ""
    """``EXCHANGE:SYMBOL`` where it concerns one instrument."""


def parse_faults(text: str) -> tuple[Fault, ...]:
    """A schedule like ``close@30,drop=0.2@90+10,halt:NSE:TCS@5``: kind[:symbol][=amount][@seconds][+duration],…"""
    return tuple(_parse_fault(part.strip()) for part in text.split(",") if part.strip())


def _parse_fault(text: str) -> Fault:
    number = r"(\d+(?:\.\d+)?)"
    match = fullmatch(rf"(\w+)(?::([^=@+\s]+))?(?:={number})?(?:@{number})?(?:\+{number})?", text)
    if match is None:
        raise FaultError(f"expected kind[:symbol][=amount][@seconds][+duration], was {text!r}")
    name, symbol, amount, at_s, duration_s = match.groups()
    if name not in list(FaultKind):
        raise FaultError(f"expected one of {', '.join(FaultKind)}, was {name!r}")
    kind = FaultKind(name)
    if symbol and kind not in _OF_SYMBOLS:
        raise FaultError(f"expected no symbol, {name} is of all, was {text!r}")
    return Fault(
        kind,
        at_s=float(at_s or 0.0),
        duration_s=float(duration_s or 10.0),
        amount=float(amount) if amount else _DEFAULT_AMOUNTS.get(kind, 1.0),
        symbol=symbol or "",
    )


class FaultStatistics(msgspec.Struct, frozen=True):
    """What the faults have done so far: trades, and packets for what was corrupted."""

    lost: int = 0
    duplicated: int = 0
    reordered: int = 0
    corrupted: int = 0
    misprinted: int = 0


class Faults:
    """The faults that are planned, and what they do to the stream; by the seed, the same again each time."""

    def __init__(self, *, seed: int = 0, schedule: Sequence[Fault] = ()) -> None:
        self._rng = generator(seed)
        self._planned = list(schedule)
        self._held: list[tuple[float, Any]] = []
        """What was held back, and until when."""
        self._counts: Counter[str] = Counter()

    def plan(self, faults: Sequence[Fault], *, now_s: float) -> None:
        """Add faults whose times count from now."""
        self._planned += [msgspec.structs.replace(fault, at_s=now_s + fault.at_s) for fault in faults]

    def clear(self) -> None:
        """Forget what is planned and end what goes on."""
        self._planned.clear()

    def active(self, kind: FaultKind, now_s: float) -> Fault | None:
        """The fault of a kind that goes on now."""
        for fault in self._planned:
            if fault.kind == kind and fault.at_s <= now_s < fault.at_s + fault.duration_s:
                return fault
        return None

    def halted(self, now_s: float) -> set[str]:
        """The symbols that are not traded now; an empty name stands for all."""
        return {fault.symbol for fault in self._planned if _halts(fault, now_s)}

    def strike(self, now_s: float) -> list[Fault]:
        """What is to happen at once and has come due; each is told one time. Faults that are over are forgotten."""
        due = [fault for fault in self._planned if fault.kind in _AT_ONCE and fault.at_s <= now_s]
        self._planned = [
            fault
            for fault in self._planned
            if (fault.at_s > now_s if fault.kind in _AT_ONCE else fault.at_s + fault.duration_s > now_s)
        ]
        return due

    def silent(self, now_s: float) -> bool:
        """Whether nothing at all comes through, not even pings."""
        return self.active(FaultKind.FREEZE, now_s) is not None

    def apply(self, events: list[T], now_s: float) -> list[T]:
        """What of a batch of events comes through, in which order; and what was held back before and comes now."""
        if not self._planned and not self._held:
            return events
        if self.silent(now_s) or self.active(FaultKind.STALL, now_s):
            self._count(lost=len(events) + len(self._held))
            self._held.clear()
            return []
        return self._reorder(self._duplicate(self._drop(events, now_s), now_s), now_s)

    def slip(self, now_s: float) -> float:
        """How many times its price a trade is told at: 1 unless it is to be a bad print."""
        fault = self.active(FaultKind.BAD_PRINT, now_s) if self._planned else None
        if fault is None or self._rng.random() >= fault.amount:
            return 1.0
        self._count(misprinted=1)
        return self._rng.choice(_SLIPS)

    def corrupt(self, packets: list[bytes], now_s: float) -> list[bytes]:
        """The packets with some of their bytes flipped, if that goes on now."""
        fault = self.active(FaultKind.CORRUPT, now_s) if self._planned else None
        if fault is None:
            return packets
        return [self._flip(packet) if self._rng.random() < fault.amount else packet for packet in packets]

    def statistics(self) -> FaultStatistics:
        return FaultStatistics(**self._counts)

    def planned(self) -> list[Fault]:
        """What goes on and what is to come."""
        return list(self._planned)

    def _drop(self, events: list[T], now_s: float) -> list[T]:
        fault = self.active(FaultKind.DROP, now_s)
        if fault is None:
            return events
        kept = [event for event in events if self._rng.random() >= fault.amount]
        self._count(lost=len(events) - len(kept))
        return kept

    def _duplicate(self, events: list[T], now_s: float) -> list[T]:
        fault = self.active(FaultKind.DUPLICATE, now_s)
        if fault is None:
            return events
        doubled = [copy for event in events for copy in [event] * (1 + (self._rng.random() < fault.amount))]
        self._count(duplicated=len(doubled) - len(events))
        return doubled

    def _reorder(self, events: list[Any], now_s: float) -> list[Any]:
        fault = self.active(FaultKind.REORDER, now_s)
        if fault is None:
            released, self._held = self._held, []
            return events + [event for _, event in released]
        passed = [event for event in events if not self._hold(event, now_s, share=fault.amount)]
        released = [event for until_s, event in self._held if until_s <= now_s]
        self._held = [held for held in self._held if held[0] > now_s]
        return passed + released

    def _hold(self, event: Any, now_s: float, *, share: float) -> bool:
        if self._rng.random() >= share:
            return False
        self._held.append((now_s + _LONGEST_HOLD_S * self._rng.random(), event))
        self._count(reordered=1)
        return True

    def _flip(self, packet: bytes) -> bytes:
        self._count(corrupted=1)
        damaged = bytearray(packet)
        damaged[self._rng.randrange(len(damaged))] ^= self._rng.randrange(1, 256)
        return bytes(damaged)

    def _count(self, **more: int) -> None:
        self._counts.update(more)


def _halts(fault: Fault, now_s: float) -> bool:
    """Whether a fault keeps its symbol from being traded now."""
    if not fault.at_s <= now_s < fault.at_s + fault.duration_s:
        return False
    if fault.kind is FaultKind.ILLIQUID:
        stretch = int((now_s - fault.at_s) / _STRETCH_S)
        return unit(crc32(fault.symbol.encode()), stretch) >= fault.amount
    return fault.kind is FaultKind.HALT
