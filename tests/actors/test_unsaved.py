"""The ledger of what Redis holds alone never forgets too early, whatever the order of writing and saving."""

from hypothesis import given
from hypothesis import strategies as st

from actors.unsaved import Unsaved


def test_nothing_written_is_nothing_unsaved() -> None:
    assert Unsaved(5, 0).since_ns == 0


def test_what_an_earlier_life_left_is_unsaved_until_any_later_batch_is_saved() -> None:
    ledger = Unsaved(5, 700)
    assert ledger.write(900) == 6
    assert ledger.since_ns == 700
    ledger.save(6)
    assert ledger.since_ns == 0


@given(steps=st.lists(st.one_of(st.integers(1, 1_000), st.none()), max_size=50), lag=st.integers(0, 5))
def test_it_tells_the_oldest_of_what_is_not_saved_yet(steps: list[int | None], lag: int) -> None:
    """A number writes a batch of that oldest opening; None saves all but the last few batches."""
    ledger, written, saved = Unsaved(0, 0), list[tuple[int, int]](), 0
    for step in steps:
        if step is not None:
            written.append((ledger.write(step), step))
        elif written:
            saved = max(saved, written[-1][0] - lag)
            ledger.save(saved)
        left = [oldest for number, oldest in written if number > saved]
        assert ledger.since_ns == min(left, default=0)
