"""One instrument's appeals: what its own ticks do not decide is put before a second source for as long as it is held."""

from actors.messages import AppealDue, Appealed, SecondOpinion
from engine.market import PriceGuard, Ruling
from engine.market.appeal import Appeal
from engine.runtime import Actor, ActorRef, Timer

SHORTEST_S = 1.0
"""Between two reminders."""
MARGIN_S = 0.01
"""A reminder comes after the moment it is for, however clocks round: before it, it would be one for nothing."""


class Appeals:
    """Reminds its actor when an appeal is due, and makes it.

    A reminder repeats itself until it is heard. An overflowing mailbox drops the oldest message, whatever it is; a doubt
    whose only reminder was lost would never end, and lock the market out.
    """

    def __init__(self, owner: Actor, instrument: str, guard: PriceGuard, quarantine: ActorRef) -> None:
        self._owner = owner
        self._instrument = instrument
        self._guard = guard
        self._quarantine = quarantine
        self._appeal: Appeal | None = None
        self._reminder: Timer | None = None

    def follow(self) -> None:
        """Begins and ends with the guard's doubt; to be called after each of its rulings."""
        if self._guard.appeal_ns is None:
            self._appeal = None
            self._stop_reminding()
        elif self._appeal is None:
            self._appeal = Appeal(self._guard)
            self._remind(self._appeal)

    def go_on(self, now_ns: int) -> Ruling:
        """A reminder came, maybe one too many: appeals when that is due; believes when it was in vain all this time."""
        appeal = self._appeal
        if appeal is None:
            return Ruling()
        if now_ns >= appeal.due_ns:
            if not appeal.make(now_ns):
                return self._guard.hear(None)
            self._quarantine.tell(Appealed(self._instrument, now_ns))
        self._remind(appeal)
        return Ruling()

    def answer(self, opinion: SecondOpinion) -> Ruling:
        return Ruling() if self._appeal is None else self._appeal.answer(opinion.price, opinion.asked_ns)

    def _remind(self, appeal: Appeal) -> None:
        self._stop_reminding()
        delay_s = self._owner.system.clock.seconds_until(appeal.due_ns)
        self._reminder = self._owner.send_every(max(delay_s + MARGIN_S, SHORTEST_S), AppealDue())

    def _stop_reminding(self) -> None:
        if self._reminder is not None:
            self._reminder.cancel()
            self._reminder = None
