"""The alert rule: what somebody wants to be told of, and when it is time to tell it.

Every condition comes down to one number that reaches a line. A rule waits on one side of it, is told when the number gets to
the other, and waits again only when the number has gone back by more than the hysteresis: a price that flutters around its
level is told once.
"""

from math import inf
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from engine.market.tick import Tick

NS_PER_S: Final = 1_000_000_000
MINUTE_NS: Final = 60 * NS_PER_S
BELOW: Final = -1
ABOVE: Final = 1
TOLD: Final = 0
"""Neither side: it was told, and waits for the number to go back."""

Instrument = Annotated[str, Meta(min_length=1, max_length=100)]
Provider = Annotated[str, Meta(min_length=1, max_length=40)]
Comparison = Literal["above", "below", "crosses", "rises", "falls", "gaps"]
LEVELS: Final = frozenset({"above", "below", "crosses"})
"""Comparisons with a price, which a candle can be put before as well as a tick."""


class _Condition(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", forbid_unknown_fields=True):
    """What is looked at."""


class PriceCondition(_Condition, frozen=True, kw_only=True, tag="price"):
    """A price gets to a value from below (``above``), from above (``below``) or from either side (``crosses``); or it
    ``rises`` or ``falls`` by so many percent since the previous close, or its day opens so far from that (``gaps``).
    """

    instrument: Instrument
    comparison: Comparison
    value: Annotated[float, Meta(gt=0, le=1e9)]
    """A price, or percent."""


class GapCondition(_Condition, frozen=True, kw_only=True, tag="gap"):
    """So many minutes of an instrument are missing and not healed yet."""

    instrument: Instrument
    minutes: Annotated[int, Meta(ge=1, le=1_440)] = 1


class FeedCondition(_Condition, frozen=True, kw_only=True, tag="feed"):
    """A provider's feed has not brought what it should for so long, while its markets are open."""

    provider: Provider
    seconds: Annotated[int, Meta(ge=5, le=86_400)] = 60


class TokenCondition(_Condition, frozen=True, kw_only=True, tag="token"):
    """A provider's token ends within so many hours, or has ended."""

    provider: Provider
    hours: Annotated[float, Meta(gt=0, le=720)] = 2.0


Condition = PriceCondition | GapCondition | FeedCondition | TokenCondition


class Seen(msgspec.Struct, frozen=True):
    """The prices of a minute that a rule was put before until it moved: what the minute's candle shows beyond them is news."""

    minute_ns: int
    high: float
    low: float

    def with_price(self, minute_ns: int, price: float) -> "Seen":
        """With another one; of a later minute it is the first."""
        if minute_ns > self.minute_ns:
            return Seen(minute_ns, price, price)
        if self.low <= price <= self.high:
            return self
        return Seen(self.minute_ns, max(self.high, price), min(self.low, price))


class Standing(msgspec.Struct, frozen=True):
    """Where a rule stands, which outlives the engine."""

    side: int | None = None
    """The side of the line it waits on; ``None``: nothing was seen yet."""
    about: str = ""
    """What it was last looked at for: another day's opening is another matter."""
    fired_ns: int = 0
    """When it was told last."""
    seen: Seen | None = None
    """What it had been put before when it came to stand so; ``None``: nothing was seen yet, or it is not about a price."""


class AlertRule(msgspec.Struct, frozen=True, kw_only=True):
    """A rule, whose it is, and where it stands."""

    id: int
    owner: str
    name: str
    condition: Condition
    once: bool
    """Whether it ends when it has been told."""
    cool_down_s: int
    """Not told again sooner than this; what still holds then is."""
    hysteresis_percent: float
    """How far a number goes back before it may be told again: of the value, or percentage points of a change."""
    revision: int
    """How often it was rewritten: what an engine says of an older one counts no more."""
    standing: Standing
    written_ns: int = 0
    """When it was written as it is."""


class Look(msgspec.Struct, frozen=True):
    """What was seen: the number, and what is to be said of it if it has got to the line."""

    value: float
    sentence: str
    """With a place for each of what it is about; a tick is put before many rules, and few of them are told."""
    parts: tuple[object, ...] = ()
    about: str = ""

    @property
    def words(self) -> str:
        return self.sentence.format(*self.parts)


_REACHED: Final = {
    "above": "{} rose to {:.12g}: it is at {:.12g}",
    "below": "{} fell to {:.12g}: it is at {:.12g}",
    "crosses": "{} crossed {:.12g}: it is at {:.12g}",
}
_REACHED_UNSEEN: Final = {
    "above": "{} rose to {:.12g} on {} while it was not watched: it got to {:.12g}",
    "below": "{} fell to {:.12g} on {} while it was not watched: it got to {:.12g}",
    "crosses": "{} crossed {:.12g} on {} while it was not watched: it got to {:.12g}",
}
_OPENED: Final = "{} opened {:+.2f} % from its previous close: {:.12g} after {:.12g}"
_CHANGED: Final = "{} is {:+.2f} % from its previous close: {:.12g} after {:.12g}"


def look_at_price(condition: PriceCondition, tick: Tick) -> Look | None:
    """What a tick says of a condition; ``None``: nothing, as where the previous close is not known."""
    name, comparison, price, close = condition.instrument, condition.comparison, tick.price, tick.previous_close
    if comparison in _REACHED:
        return Look(price, _REACHED[comparison], (name, condition.value, price))
    if not close:
        return None
    if comparison == "gaps":
        if tick.day_open is None:
            return None
        change = (tick.day_open / close - 1) * 100
        return Look(abs(change), _OPENED, (name, change, tick.day_open, close), f"{close:.12g} {tick.day_open:.12g}")
    change = (price / close - 1) * 100
    return Look(change, _CHANGED, (name, change, price, close))


def look_at_unseen_price(condition: PriceCondition, price: float, when: str) -> Look:
    """What a price of the past says, of a condition about a level."""
    return Look(price, _REACHED_UNSEEN[condition.comparison], (condition.instrument, condition.value, when, price))


def look_at_gap(condition: GapCondition, missing: int) -> Look:
    """``missing`` minutes are not healed now."""
    return Look(missing, "{}: {} min are missing or in doubt; they are being healed", (condition.instrument, missing))


def look_at_feed(condition: FeedCondition, status: str, down_s: float, why: str) -> Look:
    """The feed has been in this status, which is no good one, for so long; 0: it is well."""
    because = f" ({why})" if why else ""
    return Look(down_s, "The feed of {} has been {} for {:.0f} s{}", (condition.provider, status, down_s, because))


def look_at_token(condition: TokenCondition, left_s: float) -> Look:
    """The token is good for so long; less than 0: it has ended; 0: it is good for nothing, whenever it ends."""
    ends = "is missing or refused" if left_s == 0 else "has ended" if left_s < 0 else f"ends in {left_s / 3_600:.1f} h"
    return Look(-left_s, "The token of {} {}", (condition.provider, ends))


def judge(rule: AlertRule, look: Look, now_ns: int) -> tuple[Standing, bool]:
    """Where the rule stands after a look, and whether it is to be told now."""
    line, before = _line(rule), rule.standing
    if rule.once and before.fired_ns:
        return before, False
    side = None if look.about != before.about else before.side
    if side is None:
        side = line.first_side(look.value)
    elif side == TOLD:
        side = line.side_again(look.value)
    standing = msgspec.structs.replace(before, side=side, about=look.about)
    since_ns = now_ns - before.fired_ns  # below 0 where the clock was set back: nobody is silent for as long as that
    is_due = not before.fired_ns or not 0 <= since_ns < rule.cool_down_s * NS_PER_S
    if is_due and line.is_reached(side, look.value):
        return Standing(TOLD, look.about, now_ns, before.seen), True
    return standing, False


def wakes_at(rule: AlertRule) -> tuple[float, float]:
    """The price that has to be risen to, and the one that has to be fallen to, as a negative one, before a rule about a level
    stands elsewhere; infinity: no such one does it.
    """
    line, side = _line(rule), rule.standing.side
    if rule.once and rule.standing.fired_ns:
        return inf, inf
    if side is None:
        return -inf, inf
    if side == BELOW:
        return line.level, inf
    if side == ABOVE:
        return inf, -line.level
    return line.level + line.band if line.downwards else inf, line.band - line.level if line.upwards else inf


def rests_until_ns(rule: AlertRule, now_ns: int) -> int:
    """Until when no price concerns a rule that waits again, as it cools down; 0: it does not."""
    fired_ns, until_ns = rule.standing.fired_ns, rule.standing.fired_ns + rule.cool_down_s * NS_PER_S
    is_waiting = rule.standing.side in (BELOW, ABOVE)
    return until_ns if fired_ns and is_waiting and fired_ns <= now_ns < until_ns else 0


def waits_again(rule: AlertRule, value: float) -> bool:
    """Whether a number is far enough from the line for a rule that was told to wait for it again."""
    return _line(rule).side_again(value) != TOLD


class _Line(msgspec.Struct, frozen=True):
    """The number to be reached, by how much it is to be left again, and from which sides."""

    level: float
    band: float
    upwards: bool = True
    downwards: bool = False

    def first_side(self, value: float) -> int | None:
        """One that goes one way is told also when the number is there already; one that goes both ways needs a side."""
        if not self.downwards:
            return BELOW
        if not self.upwards:
            return ABOVE
        return None if value == self.level else BELOW if value < self.level else ABOVE

    def side_again(self, value: float) -> int:
        if self.upwards and value < self.level - self.band:
            return BELOW
        if self.downwards and value > self.level + self.band:
            return ABOVE
        return TOLD

    def is_reached(self, side: int | None, value: float) -> bool:
        return (side == BELOW and value >= self.level) or (side == ABOVE and value <= self.level)


def _line(rule: AlertRule) -> _Line:
    condition, band = rule.condition, rule.hysteresis_percent
    match condition:
        case PriceCondition(comparison="above" | "below" | "crosses" as comparison, value=value):
            return _Line(value, value * band / 100, comparison != "below", comparison != "above")
        case PriceCondition(comparison="falls", value=value):
            return _Line(-value, band, upwards=False, downwards=True)
        case PriceCondition(value=value):
            return _Line(value, band)
        case GapCondition(minutes=minutes):
            return _Line(minutes, 0.0)
        case FeedCondition(seconds=seconds):
            return _Line(seconds, 0.0)
        case TokenCondition(hours=hours):
            return _Line(-hours * 3_600, 0.0)
