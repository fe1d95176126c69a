"""Listening: what one connection's silence means, from its own pace and, in doubt, from the provider's word."""

from collections.abc import Iterable

from engine.market.diagnosis import LINE_FLOOR_S, LINE_RULES, Cause, LineEvidence, diagnose, explain
from engine.market.quote import Witness
from engine.market.silence import OVER_AFTER, SUSPECT_AFTER, PaceMeter

FIRST_GUESS_S = 0.05
"""The mean pause of a line nobody has heard yet: it is over after 15 s, unless the provider says that nothing is traded."""
DOUBT_S = 2.0
"""A shorter pause loses nothing that anybody has to look up."""
ASK_AT_LATEST_S = 300.0
"""Even a silence that is nothing unusual is looked into after so long, and again after as long."""


class Listening:
    """Follows one connection from its beginning to its end. Times are seconds of any steady clock."""

    def __init__(self, now_s: float, meter: PaceMeter | None = None) -> None:
        """``meter`` is what an earlier connection of the same instruments has learned."""
        self.meter = meter or PaceMeter(first_guess_s=FIRST_GUESS_S)
        self.meter.rest()
        self._since_s = now_s
        self._witness: Witness | None = None
        self._ask_s: float | None = None

    def heard(self, now_s: float) -> bool:
        """The line spoke; whether the pause before was so unusual that something may have been lost in it."""
        self._witness = self._ask_s = None
        doubtful_s = max(DOUBT_S, SUSPECT_AFTER * self.meter.expected_s)
        return self.meter.heard(now_s) > doubtful_s

    def look(self, now_s: float, *, is_open: bool) -> Cause:
        """Why nothing comes, if nothing comes. While the market is closed no silence counts."""
        if not is_open:
            self.meter.rest()
            self._since_s = now_s
            self._witness = self._ask_s = None
        return diagnose(LINE_RULES, self._evidence(now_s, is_open=is_open))

    def doubtful(self, now_s: float) -> bool:
        """Whether the provider should be asked now."""
        if self._ask_s is None:
            return self.silence_s(now_s) >= min(ASK_AT_LATEST_S, SUSPECT_AFTER * self.expected_s)
        return now_s >= self._ask_s

    def asked(self, now_s: float, answers: Iterable[Witness]) -> None:
        """What the provider said of some of the line's instruments; no answer at all changes nothing.

        One trade that did not come is enough. Asked again: soon at first, then after as long as it was silent.
        """
        said = set(answers) - {Witness.UNKNOWN}
        if said:
            self._witness = Witness.TRADED if Witness.TRADED in said else Witness.IDLE
        self._ask_s = now_s + min(ASK_AT_LATEST_S, max(self.silence_s(now_s) / 2, LINE_FLOOR_S))

    def patience_s(self, now_s: float) -> float:
        """How long the silence may still last before it is over; less than 0 when it is."""
        return OVER_AFTER * self.expected_s - self.silence_s(now_s)

    def explain(self, cause: Cause, now_s: float) -> str:
        """A sentence for whoever asks why."""
        if cause is Cause.STALLED:
            return f"stalled: no data for {self.silence_s(now_s):.0f} s while the market is open"
        return explain(cause, self.silence_s(now_s), self.expected_s)

    def silence_s(self, now_s: float) -> float:
        """How long the line has said nothing, in open hours."""
        return now_s - max(self._since_s, self.meter.last_s or self._since_s)

    @property
    def expected_s(self) -> float:
        """The line's expected interval, never taken for shorter than the floor."""
        return max(LINE_FLOOR_S, self.meter.expected_s)

    def _evidence(self, now_s: float, *, is_open: bool) -> LineEvidence:
        return LineEvidence(self.silence_s(now_s), self.meter.expected_s, is_open=is_open, witness=self._witness)
