"""Two providers that tell different prices are told of when they go on doing so, and once more when they agree again."""

from engine.market.divergence import Divergences, Told


def told(*live: float, price: float = 100.0, tick: float = 0.05) -> Told:
    return Told("NSE:A", tick, live, "dhan", price, "kite")


def test_prices_that_differ_at_two_looks_in_a_row_are_told_once_and_so_is_their_agreement() -> None:
    divergences = Divergences(1.0)
    found = [divergences.compare(told(price)) for price in (102.0, 102.0, 103.0, 100.0, 100.0)]
    assert [None if one is None else (one.words, one.is_over) for one in found] == [
        None,
        ("dhan says 102, kite says 100: 2.0% apart, at two looks in a row", False),
        None,
        ("dhan says 100, kite says 100: they agree again", True),
        None,
    ]


def test_one_look_alone_is_no_news_and_its_end_neither() -> None:
    divergences = Divergences(1.0)
    assert [divergences.compare(told(price)) for price in (102.0, 100.0, 102.0)] == [None] * 3


def test_a_price_that_moved_while_the_other_was_asked_agrees_with_either() -> None:
    divergences = Divergences(1.0)
    assert [divergences.compare(told(105.0, 100.5)) for _ in range(3)] == [None] * 3


def test_a_few_ticks_of_a_cheap_instrument_are_nothing() -> None:
    divergences = Divergences(1.0)
    assert [divergences.compare(told(1.10, price=1.0)) for _ in range(3)] == [None] * 3


def test_what_can_not_be_compared_begins_anew() -> None:
    divergences = Divergences(1.0)
    divergences.compare(told(102.0))
    assert divergences.doubtful == ["NSE:A"]
    divergences.forget(["NSE:A"])
    assert divergences.compare(told(102.0)) is None
