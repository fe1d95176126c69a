"""Gaps: at most one a run of an instrument, tried when due, retried with patience."""

from collections.abc import Iterable

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.market.gaps import MOST_SPANS, RUN_NS, Gap, GapBook, retry_delay_s
from engine.market.timeframe import MINUTE_NS

moments = st.integers(min_value=0, max_value=1000)


def of_today(start_ns: int, length_ns: int, due_ns: int) -> Gap:
    return Gap("NSE:A", start_ns, start_ns + length_ns, due_ns)


def of_earlier_days(start_minute: int, count: int) -> Gap:
    return Gap("NSE:A", start_minute * MINUTE_NS, (start_minute + count) * MINUTE_NS - 1, due_ns=0, patient=True)


gaps = st.builds(of_today, moments, moments, moments)
many = st.lists(st.builds(of_earlier_days, st.integers(0, 100_000), st.integers(1, 50_000)), min_size=1, max_size=20)


def minutes_of(spans: Iterable[tuple[int, int]]) -> set[int]:
    return {minute for start, end in spans for minute in range(start // MINUTE_NS, end // MINUTE_NS + 1)}


@given(st.lists(gaps, min_size=1))
def test_gaps_of_one_instrument_become_one_that_covers_them_all(added: list[Gap]) -> None:
    book = GapBook()
    for gap in added:
        book.add(gap)

    (only,) = book
    assert only.start_ns == min(gap.start_ns for gap in added)
    assert only.end_ns == max(gap.end_ns for gap in added)
    assert book.next_due_ns() == min(gap.due_ns for gap in added)


def test_the_gap_that_has_waited_longest_is_taken_first_and_only_when_due() -> None:
    book = GapBook()
    book.add(Gap("NSE:A", 0, 1, due_ns=20))
    book.add(Gap("NSE:B", 0, 1, due_ns=10))

    assert book.take_due(9) is None
    assert [gap.instrument for _ in range(2) if (gap := book.take_due(20))] == ["NSE:B", "NSE:A"]
    assert book.next_due_ns() is None


def test_gaps_of_today_go_before_those_of_earlier_days_however_long_these_have_waited() -> None:
    book = GapBook()
    for number in range(3):
        book.add(Gap(f"NSE:{number}", 0, 1, due_ns=number, patient=True))
        book.add(Gap(f"NSE:{number}", 5, 6, due_ns=10 + number))
    first = [book.take_due(20) for _ in range(3)]
    assert [gap and (gap.instrument, gap.patient) for gap in first] == [(f"NSE:{n}", False) for n in range(3)]
    assert book.take_due(20) is None  # the others are of instruments that are being healed
    for gap in first:
        assert gap is not None
        book.close(gap)
    then = [book.take_due(20) for _ in range(3)]
    assert [gap and (gap.instrument, gap.patient) for gap in then] == [(f"NSE:{n}", True) for n in range(3)]


def test_what_is_being_healed_is_open_until_its_heal_has_ended() -> None:
    book = GapBook()
    book.add(Gap("NSE:A", 50, 60, 0))
    gap = book.take_due(0)
    assert gap is not None
    book.add(Gap("NSE:A", 55, 70, 0))
    assert (book.spans(), len(book), book.taken) == ({"NSE:A": ((50, 70),)}, 2, 1)
    assert book.take_due(0) is None
    book.close(gap)
    assert book.spans() == {"NSE:A": ((55, 70),)}
    assert book.take_due(0) == Gap("NSE:A", 55, 70, 0)


@given(st.integers(min_value=0, max_value=10_000), st.floats(min_value=0, max_value=0.999))
def test_retries_wait_longer_each_time_up_to_a_cap(attempts: int, chance: float) -> None:
    delay = retry_delay_s(attempts, jitter=lambda: chance)
    assert 2.0 <= delay <= 360.0
    assert retry_delay_s(attempts + 1, jitter=lambda: chance) >= delay


def test_gaps_come_due_in_order_however_often_they_were_put_off_and_merged() -> None:
    book = GapBook()
    for due_ns in (30, 10, 20):
        book.add(Gap("NSE:A", 0, 5, due_ns=due_ns))
        book.add(Gap(f"NSE:{due_ns}", 0, 5, due_ns=due_ns))
    taken: list[str] = []
    while (gap := book.take_due(25)) is not None:
        taken.append(gap.instrument)
        book.close(gap)
    assert sorted(taken) == ["NSE:10", "NSE:20", "NSE:A"]
    assert book.next_due_ns() == 30
    book.add(Gap("NSE:A", 0, 5, due_ns=40))
    left = [book.take_due(50) for _ in range(3)]
    assert [gap and gap.instrument for gap in left] == ["NSE:30", "NSE:A", None]
    assert book.next_due_ns() is None


def test_what_lies_between_two_gaps_is_in_no_doubt_though_one_heal_does_for_both() -> None:
    book = GapBook()
    book.add(of_earlier_days(600, 5))
    book.add(of_earlier_days(1200, 5))
    spans = of_earlier_days(600, 5).spans + of_earlier_days(1200, 5).spans
    assert book.spans() == {"NSE:A": spans}
    assert book.covers("NSE:A", 601 * MINUTE_NS, 602 * MINUTE_NS)
    assert not book.covers("NSE:A", 601 * MINUTE_NS, 1201 * MINUTE_NS)
    assert not book.covers("NSE:B", 601 * MINUTE_NS, 602 * MINUTE_NS)
    gap = book.take_due(0)
    assert gap is not None
    assert (len(book), gap.spans) == (1, spans)
    assert book.covers("NSE:A", 601 * MINUTE_NS, 602 * MINUTE_NS)


@settings(max_examples=40, deadline=None)
@given(many)
def test_earlier_days_are_healed_in_runs_that_together_are_all_that_is_in_doubt(added: list[Gap]) -> None:
    book = GapBook()
    for gap in added:
        book.add(gap)
    doubted = minutes_of(span for gap in added for span in gap.spans)
    assert minutes_of(book.spans()["NSE:A"]) == doubted
    assert all(book.covers("NSE:A", gap.start_ns, gap.end_ns) for gap in added)
    healed: set[int] = set()
    starts: list[int] = []
    while (taken := book.take_due(0)) is not None:
        assert taken.end_ns - taken.start_ns < RUN_NS
        assert book.take_due(0) is None  # two at once would number their revisions alike
        assert not healed & minutes_of(taken.spans)
        healed |= minutes_of(taken.spans)
        starts.append(taken.start_ns)
        book.close(taken)
        assert minutes_of(book.spans().get("NSE:A", ())) == doubted - healed
    assert (healed, len(book)) == (doubted, 0)
    assert starts == sorted(starts, reverse=True)


def test_the_newest_days_of_all_are_healed_before_older_ones_of_anybody() -> None:
    book = GapBook()
    for name in ("NSE:A", "NSE:B"):
        book.add(Gap(name, 0, 2 * RUN_NS - 1, due_ns=0, patient=True))
    order: list[tuple[str, int]] = []
    while (gap := book.take_due(0)) is not None:
        order.append((gap.instrument, gap.start_ns // RUN_NS))
        book.close(gap)
    assert order == [("NSE:A", 1), ("NSE:B", 1), ("NSE:A", 0), ("NSE:B", 0)]


def test_of_more_doubts_than_can_be_noted_the_nearest_become_one() -> None:
    book = GapBook()
    book.add(of_earlier_days(40_000, 1))
    for number in range(3 * MOST_SPANS):
        book.add(of_earlier_days(3 * number, 1))
    spans = book.spans()["NSE:A"]
    assert len(spans) == MOST_SPANS
    assert spans[-1] == of_earlier_days(40_000, 1).spans[0]
    assert minutes_of(spans) >= {3 * number for number in range(3 * MOST_SPANS)}
