"""Sharing: nobody carries more than it can, nothing is lost without a word, and few move when the set changes."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from engine.market.sharing import share

NAMES = [f"NSE:{letter}" for letter in "ABCDEFGHIJKL"]
PROVIDERS = ["first", "second", "third"]


def known(count: int, *providers: str) -> dict[str, tuple[str, ...]]:
    return dict.fromkeys(NAMES[:count], providers)


def test_the_first_carries_what_it_can_and_the_next_one_the_rest() -> None:
    shares = share(known(5, "first", "second"), {"first": 3})
    assert [shares.carriers[name] for name in NAMES[:5]] == ["first"] * 3 + ["second"] * 2
    assert shares.uncarried == ()


def test_what_nobody_has_room_for_is_told() -> None:
    shares = share(known(5, "first", "second"), {"first": 3, "second": 1})
    assert shares.uncarried == (NAMES[4],)


def test_what_only_one_provider_knows_has_its_place_there() -> None:
    candidates = {**known(3, "first", "second"), "NSE:X": ("first",)}
    shares = share(candidates, {"first": 2})
    assert shares.carriers["NSE:X"] == "first"
    assert Counter(shares.carriers.values()) == {"first": 2, "second": 2}


def test_one_that_moved_to_the_next_stays_there_when_room_is_made() -> None:
    before = share(known(4, "first", "second"), {"first": 3}).carriers
    fewer = dict.fromkeys(NAMES[1:4], ("first", "second"))
    assert share(fewer, {"first": 3}, before).carriers == {name: before[name] for name in NAMES[1:4]}


CANDIDATES = st.dictionaries(st.sampled_from(NAMES), st.permutations(PROVIDERS).flatmap(
    lambda order: st.integers(1, 3).map(lambda count: tuple(order[:count]))
))  # fmt: skip
CAPACITY = st.dictionaries(st.sampled_from(PROVIDERS), st.integers(0, 8))


@given(CANDIDATES, CAPACITY)
def test_all_is_carried_that_anybody_has_room_for_and_nobody_has_too_much(
    candidates: dict[str, tuple[str, ...]], capacity: dict[str, int]
) -> None:
    shares = share(candidates, capacity)
    carried = Counter(shares.carriers.values())
    assert all(carried[provider] <= most for provider, most in capacity.items())
    assert set(shares.carriers) | set(shares.uncarried) == set(candidates)
    assert all(provider in candidates[name] for name, provider in shares.carriers.items())
    for name in shares.uncarried:
        assert all(carried[provider] == capacity.get(provider, -1) for provider in candidates[name])


@given(CANDIDATES, CAPACITY)
def test_the_same_again_moves_nothing(candidates: dict[str, tuple[str, ...]], capacity: dict[str, int]) -> None:
    shares = share(candidates, capacity)
    assert share(candidates, capacity, shares.carriers) == shares


@given(CANDIDATES, CAPACITY, st.sampled_from(NAMES))
def test_what_is_gone_moves_nothing(
    candidates: dict[str, tuple[str, ...]], capacity: dict[str, int], gone: str
) -> None:
    before = share(candidates, capacity).carriers
    after = share({name: known for name, known in candidates.items() if name != gone}, capacity, before)
    assert {name: before[name] for name in before if name != gone}.items() <= after.carriers.items()


def test_what_comes_last_gets_the_room_that_is_left_whoever_carried_it() -> None:
    candidates = known(4, "first", "second")
    before = share(candidates, {"first": 1, "second": 1}).carriers
    assert set(before) == set(NAMES[:2])
    shares = share(candidates, {"first": 1, "second": 1}, before, last=NAMES[:2])
    assert set(shares.carriers) == set(NAMES[2:4])
    assert shares.uncarried == tuple(NAMES[:2])


@given(CANDIDATES, CAPACITY, st.sets(st.sampled_from(NAMES)))
def test_nothing_that_comes_first_waits_for_what_comes_last(
    candidates: dict[str, tuple[str, ...]], capacity: dict[str, int], last: set[str]
) -> None:
    shares = share(candidates, capacity, last=last)
    alone = share({name: known for name, known in candidates.items() if name not in last}, capacity)
    assert {name: provider for name, provider in shares.carriers.items() if name not in last} == alone.carriers
    assert share(candidates, capacity, shares.carriers, last=last) == shares
