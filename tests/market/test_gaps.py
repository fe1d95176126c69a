"""Gaps: at most one an instrument, tried when due, retried with patience."""

from hypothesis import given
from hypothesis import strategies as st

from engine.market.gaps import Gap, GapBook, retry_delay_s

moments = st.integers(min_value=0, max_value=1000)


def gaps(instrument: str = "NSE:A") -> st.SearchStrategy[Gap]:
    return st.builds(lambda start, length, due: Gap(instrument, start, start + length, due), moments, moments, moments)


@given(st.lists(gaps(), min_size=1))
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
    assert (book.spans(), len(book), book.taken) == ({"NSE:A": (50, 70)}, 2, 1)
    assert book.take_due(0) is None
    book.close(gap)
    assert book.spans() == {"NSE:A": (55, 70)}
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
