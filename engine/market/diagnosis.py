"""Diagnosis: why a line or an instrument says nothing. Tables of rules over plain evidence; the first that holds decides."""

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Generic, TypeVar

import msgspec

from engine.market.quote import Witness
from engine.market.silence import OVER_AFTER, SUSPECT_AFTER

LINE_FLOOR_S = 2.0
"""A line's expected interval is never taken for shorter: our own process may well be busy for a second."""
INSTRUMENT_FLOOR_S = 20.0
"""Nor is an instrument's: beside a line that lives, one silent instrument is no emergency."""
QUIET_AFTER = 3.0
"""Floors after which an instrument that has said nothing is called quiet, however usual that is for it."""


class Cause(StrEnum):
    """What is behind what is heard of an instrument or a line, or not heard."""

    LIVE = "live"
    QUIET = "quiet"
    """Nothing is traded, and that is nothing unusual."""
    CLOSED = "closed"
    """The exchange does not trade now: night, holiday or lunch."""
    HALTED = "halted"
    """Nothing is traded where something should be, as the provider itself confirms."""
    STALLED = "stalled"
    """There are trades, and the line brings none of them."""
    DISCONNECTED = "disconnected"
    """There is no line at present."""
    TOKEN_DEAD = "token_dead"  # noqa: S105 - a cause, not a token
    """The provider no longer takes our token."""
    SUBSCRIPTION_LOST = "subscription_lost"
    """The line brings others' trades, but none of this instrument's."""
    MAPPING_DEAD = "mapping_dead"
    """The provider knows no instrument under the id that we have for it."""
    FALLBACK = "fallback"
    """No feed brings it, and its last price is asked for again and again instead."""
    NOT_CARRIED = "not_carried"
    """No line has it any more: it was removed, or its provider was. Nobody is diagnosed so; it is told once."""


STATUSES = {
    Cause.LIVE: "live",
    Cause.QUIET: "live",
    Cause.CLOSED: "closed",
    Cause.HALTED: "closed",
    Cause.STALLED: "stale",
    Cause.DISCONNECTED: "stale",
    Cause.TOKEN_DEAD: "stale",
    Cause.SUBSCRIPTION_LOST: "stale",
    Cause.MAPPING_DEAD: "unmapped",
    Cause.FALLBACK: "fallback",
    Cause.NOT_CARRIED: "unmapped",
}
"""What clients are told for each cause (contract, section 6): whether the last price is the market's."""

RECONNECT_CURES = frozenset({Cause.STALLED})
RESUBSCRIBING_CURES = frozenset({Cause.SUBSCRIPTION_LOST, Cause.MAPPING_DEAD})


class LineEvidence(msgspec.Struct, frozen=True, gc=False):
    """What is known of one connection. Seconds."""

    silence_s: float
    """Since the last tick on it, the open, or the subscribing, whichever was last."""
    expected_s: float
    """By its own pace."""
    is_open: bool = True
    """One of its instruments' exchanges trades."""
    connected: bool = True
    token_refused: bool = False
    witness: Witness | None = None
    """What the provider says, asked after the last tick."""

    def waited(self, intervals: float) -> bool:
        """Whether the silence is so many expected intervals long."""
        return self.silence_s >= intervals * max(self.expected_s, LINE_FLOOR_S)


class InstrumentEvidence(msgspec.Struct, frozen=True, gc=False):
    """What is known of one instrument. Seconds."""

    silence_s: float
    """Since its last tick, the open, or its line's beginning, whichever was last."""
    expected_s: float
    """By its own pace, learned over sessions."""
    is_open: bool = True
    line: Cause = Cause.LIVE
    """Its siblings: whether the line they share is well."""
    witness: Witness | None = None
    """What the provider says, asked after the last tick."""
    floor_s: float = INSTRUMENT_FLOOR_S
    polled: bool = False
    """Its price is asked for, because no feed brings it."""

    def waited(self, intervals: float) -> bool:
        """Whether the silence is so many expected intervals long."""
        return self.silence_s >= intervals * max(self.expected_s, self.floor_s)

    @property
    def calm(self) -> bool:
        """Too early for any thought."""
        return self.silence_s < QUIET_AFTER * self.floor_s and not self.waited(SUSPECT_AFTER)


E = TypeVar("E")


class Rule(msgspec.Struct, Generic[E], frozen=True):
    """A cause, and the evidence that shows it once no rule before has held."""

    cause: Cause
    shows: Callable[[E], bool]


LINE_RULES: Sequence[Rule[LineEvidence]] = (
    Rule(Cause.TOKEN_DEAD, lambda line: line.token_refused),
    Rule(Cause.CLOSED, lambda line: not line.is_open),
    Rule(Cause.DISCONNECTED, lambda line: not line.connected),
    Rule(Cause.LIVE, lambda line: not line.waited(SUSPECT_AFTER)),
    Rule(Cause.STALLED, lambda line: line.witness is Witness.TRADED),
    Rule(Cause.QUIET, lambda line: line.witness is Witness.IDLE),
    Rule(Cause.STALLED, lambda line: line.waited(OVER_AFTER)),
    Rule(Cause.QUIET, lambda _: True),
)
"""Nobody's word outweighs the provider's own: with it a silent line of illiquid instruments is left alone for ever, and
one that withholds trades is found before its time. Only where the provider does not answer the pace alone decides."""

INSTRUMENT_RULES: Sequence[Rule[InstrumentEvidence]] = (
    Rule(Cause.CLOSED, lambda one: not one.is_open),
    Rule(Cause.FALLBACK, lambda one: one.polled),
    Rule(Cause.TOKEN_DEAD, lambda one: one.line is Cause.TOKEN_DEAD),
    Rule(Cause.DISCONNECTED, lambda one: one.line is Cause.DISCONNECTED),
    Rule(Cause.STALLED, lambda one: one.line is Cause.STALLED),
    Rule(Cause.LIVE, lambda one: one.calm),
    Rule(Cause.MAPPING_DEAD, lambda one: one.witness is Witness.UNKNOWN),
    Rule(Cause.SUBSCRIPTION_LOST, lambda one: one.witness is Witness.TRADED),
    Rule(Cause.HALTED, lambda one: one.witness is Witness.IDLE and one.waited(OVER_AFTER)),
    Rule(Cause.QUIET, lambda _: True),
)
"""From our side a halted instrument, a dead mapping and a lost subscription are one and the same silence."""


def diagnose(rules: Sequence[Rule[E]], evidence: E) -> Cause:
    """The cause of the first rule that holds."""
    return next(rule.cause for rule in rules if rule.shows(evidence))


_REASONS = {
    Cause.LIVE: "",
    Cause.QUIET: "nothing came for {silence:.0f} s; pauses up to {expected:.0f} s are usual",
    Cause.CLOSED: "the exchange is closed",
    Cause.HALTED: "halted: no trade for {silence:.0f} s where one in {expected:.0f} s is usual, and the provider confirms it",
    Cause.STALLED: "the feed brings nothing while the market is open",
    Cause.DISCONNECTED: "the feed is not connected",
    Cause.TOKEN_DEAD: "the provider no longer takes our token: it needs a new one",
    Cause.SUBSCRIPTION_LOST: "the provider tells of trades, but the feed has not brought any for {silence:.0f} s",
    Cause.MAPPING_DEAD: "the provider knows no instrument under the id we have: the mapping has to be renewed",
    Cause.FALLBACK: "no feed brings it at present: its last price is asked for again and again",
    Cause.NOT_CARRIED: "no provider's feed carries it any more",
}


def explain(cause: Cause, silence_s: float, expected_s: float) -> str:
    """A sentence for whoever asks why."""
    return _REASONS[cause].format(silence=silence_s, expected=expected_s)
