"""The appeal: made in its own time, so many times, and answered only by who was asked about it."""

from engine.market import PriceGuard, Reach, Tick
from engine.market.appeal import APPEAL_INTERVAL_NS, MOST_APPEALS, Appeal
from engine.market.validation import APPEAL_NS, QUIET_NS

SECOND = 1_000_000_000
OPEN = 1_795_060_800 * SECOND


def in_doubt(price: float = 120.0) -> PriceGuard:
    guard = PriceGuard(Reach(0.05, 0.0), 100.0, OPEN)
    hold(guard, OPEN, price)
    return guard


def hold(guard: PriceGuard, at_ns: int, price: float) -> None:
    assert guard.judge(Tick("NSE:A", price, 1, None, at_ns, at_ns, "test")).held is not None


def test_it_is_due_when_the_ticks_have_had_their_time_and_then_at_intervals() -> None:
    appeal = Appeal(in_doubt())
    assert appeal.due_ns == OPEN + APPEAL_NS
    assert appeal.make(appeal.due_ns)
    assert appeal.due_ns == OPEN + APPEAL_NS + APPEAL_INTERVAL_NS


def test_a_newer_suspect_puts_it_off() -> None:
    guard = in_doubt()
    hold(guard, OPEN + APPEAL_NS, 140.0)
    assert Appeal(guard).due_ns == OPEN + APPEAL_NS + QUIET_NS


def test_so_many_are_made_and_no_more() -> None:
    appeal = Appeal(in_doubt())
    assert [appeal.make(appeal.due_ns) for _ in range(MOST_APPEALS + 2)] == [True] * MOST_APPEALS + [False] * 2


def test_an_answer_counts_only_to_a_question_asked_when_it_was_due() -> None:
    guard = in_doubt()
    appeal = Appeal(guard)
    assert not appeal.answer(100.0, OPEN + APPEAL_NS - 1).discarded
    assert [one.tick.price for one in appeal.answer(100.0, OPEN + APPEAL_NS).discarded] == [120.0]
    assert not appeal.answer(100.0, OPEN + APPEAL_NS).discarded
