"""How a price is believed: bad prints never reach a candle, true moves are never locked out, and no tick is lost."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from engine.market import Calendar, Tick, length_s
from engine.market.limits import Reach
from engine.market.quarantine import Suspect
from engine.market.validation import APPEAL_NS, CONFIRMING, MOST_HELD, QUIET_NS, PriceGuard, Ruling
from tests.market.builders import SECOND, Runner, at, numbers, tick

OPEN = at("2025-11-03 10:00:30")
SHARE = 0.05
REACH = Reach(SHARE, 0.5)
WIDE = 1 + 3.01 * SHARE
"""Beyond this share of a price nothing is believed at once, however old the price is."""


def prints(*prices: float, every_s: float = 1.0, since_ns: int = OPEN, volume: int = 1_000) -> list[Tick]:
    """Trades of ten units each, at even intervals."""
    return [
        tick(since_ns + round(number * every_s * SECOND), price, volume + 10 * number)
        for number, price in enumerate(prices)
    ]


@dataclass
class Judged:
    """A guard driven as an actor drives it: the band first, then the guard, and the second source when it is time."""

    guard: PriceGuard
    second_source: Callable[[int], float | None] = lambda _: None
    taken: list[Tick] = field(default_factory=list[Tick])
    taken_ns: list[int] = field(default_factory=list[int])
    released: list[Suspect] = field(default_factory=list[Suspect])
    discarded: list[Suspect] = field(default_factory=list[Suspect])
    refused: list[Tick] = field(default_factory=list[Tick])

    def feed(self, ticks: Iterable[Tick]) -> "Judged":
        for one in ticks:
            self.appeal(one.ts_recv)
            if self.guard.low <= one.price <= self.guard.high and one.ts_event < self.guard.until_ns:
                self._obey(Ruling((one,)), one.ts_recv)
                continue
            ruling = self.guard.judge(one, self.taken[-1] if self.taken else None)
            self._obey(ruling, one.ts_recv)
            if ruling.refused:
                self.refused.append(one)
        return self

    def appeal(self, now_ns: int) -> None:
        due_ns = self.guard.appeal_ns
        if due_ns is not None and due_ns <= now_ns:
            self._obey(self.guard.hear(self.second_source(due_ns)), due_ns)

    def end(self, price: float | None) -> "Judged":
        self._obey(self.guard.hear(price), self.guard.appeal_ns or 0)
        return self

    def _obey(self, ruling: Ruling, now_ns: int) -> None:
        self.taken += ruling.taken
        self.taken_ns += [now_ns] * len(ruling.taken)
        self.released += ruling.released
        self.discarded += ruling.discarded

    @property
    def prices(self) -> list[float]:
        return [one.price for one in self.taken]


def judged(*ticks: Tick, price: float | None = 100.0) -> Judged:
    return Judged(PriceGuard(REACH, price, OPEN)).feed(ticks)


# What happens to single ticks


def test_a_price_near_the_last_one_is_believed_at_once() -> None:
    assert judged(*prints(100.0, 104.0, 100.5, 105.5)).prices == [100.0, 104.0, 100.5, 105.5]


def test_a_jump_beyond_the_limit_is_held_with_its_evidence() -> None:
    guard = PriceGuard(REACH, 100.0, OPEN)
    [bad] = prints(106.0)
    held = guard.judge(msgspec.structs.replace(bad, day_high=101.0, day_low=99.0)).held
    assert held is not None
    assert held.reason == "jumped 6 from 100, limit 5"
    assert held.evidence()["day_high"] == 101.0
    assert (held.evidence()["size"], held.evidence()["volume"]) == (1, 1_000)


def test_a_bad_print_is_discarded_by_the_next_tick_near_the_old_price() -> None:
    seen = judged(*prints(100.0, 120.0, 100.1))
    assert seen.prices == [100.0, 100.1]
    assert [suspect.tick.price for suspect in seen.discarded] == [120.0]


def test_five_trades_that_agree_over_a_second_are_a_new_level() -> None:
    level = prints(*[120.0] * CONFIRMING, every_s=0.3)
    seen = judged(*prints(100.0, since_ns=OPEN - SECOND), *level[:-1])
    assert seen.prices == [100.0]
    assert seen.feed(level[-1:]).prices == [100.0, *[120.0] * CONFIRMING]


def test_a_hiccup_of_many_bad_prints_within_a_second_is_not_believed() -> None:
    hiccup = prints(*[120.0] * 20, every_s=0.04)
    assert judged(*hiccup, *prints(100.0, since_ns=OPEN + SECOND, volume=2_000)).prices == [100.0]


def test_packets_that_repeat_a_trade_are_no_further_evidence() -> None:
    [bad] = prints(120.0)
    again = [msgspec.structs.replace(bad, ts_recv=bad.ts_recv + number * SECOND // 2) for number in range(10)]
    seen = judged(*again)
    assert seen.prices == []
    assert seen.end(100.0).prices == []


def test_however_many_packets_repeat_a_trade_they_do_not_tip_the_scales() -> None:
    [bad] = prints(120.0)
    again = [msgspec.structs.replace(bad, ts_recv=bad.ts_recv + number) for number in range(MOST_HELD + 10)]
    seen = judged(*again)
    assert (seen.prices, len(seen.discarded)) == ([], 10)


def test_five_trades_over_just_a_second_are_enough_and_over_less_are_not() -> None:
    assert judged(*prints(*[120.0] * CONFIRMING, every_s=0.25)).prices == [120.0] * CONFIRMING
    assert judged(*prints(*[120.0] * CONFIRMING, every_s=0.249)).prices == []


def test_ticks_that_lead_back_in_steps_confirm_what_they_lead_back_from() -> None:
    assert judged(*prints(106.0, 104.0, 101.0)).prices == [106.0, 104.0, 101.0]


def test_a_claim_of_the_exchange_that_the_day_reached_so_far_confirms_a_spike() -> None:
    before, spike, after = prints(100.0, 120.0, 100.0)
    before = msgspec.structs.replace(before, day_high=101.0, day_low=99.0)
    claimed = msgspec.structs.replace(after, day_high=120.0, day_low=99.0)
    assert judged(before, spike, claimed).prices == [100.0, 120.0, 100.0]
    denied = msgspec.structs.replace(after, day_high=101.0, day_low=99.0)
    assert judged(before, spike, denied).prices == [100.0, 100.0]


def test_a_tick_of_before_the_doubt_decides_nothing_and_is_believed() -> None:
    """It was overtaken by the first tick of the new level."""
    first, *level = prints(*[120.0] * CONFIRMING)
    overtaken = msgspec.structs.replace(first, price=100.0, volume=995, ts_recv=first.ts_recv + 1)
    assert judged(first, overtaken, *level).prices == [100.0, *[120.0] * CONFIRMING]


def test_a_tick_of_before_a_change_of_level_is_believed_after_it_too() -> None:
    level = prints(*[120.0] * CONFIRMING)
    overtaken = msgspec.structs.replace(level[0], price=100.0, volume=995, ts_recv=level[-1].ts_recv + 1)
    after = prints(121.0, since_ns=OPEN + 6 * SECOND, volume=2_000)
    assert judged(*level, overtaken, *after).prices == [*[120.0] * CONFIRMING, 100.0, 121.0]


def test_a_crash_in_steps_beyond_the_limit_is_believed_whole() -> None:
    fall = [90.0, 80.0, 70.0, *[60.0] * CONFIRMING]
    assert judged(*prints(100.0, *fall)).prices == [100.0, *fall]


def test_a_bad_print_in_a_crash_is_discarded_and_the_crash_believed() -> None:
    seen = judged(*prints(80.0, 200.0, *[60.0] * CONFIRMING))
    assert seen.prices == [80.0, *[60.0] * CONFIRMING]


def test_the_older_a_price_the_further_it_may_have_moved() -> None:
    def later(seconds: float) -> list[float]:
        return judged(*prints(112.0, since_ns=OPEN + round(seconds * SECOND))).prices

    assert later(60) == []
    assert later(8 * 60) == [112.0]
    assert judged(*prints(116.0, since_ns=OPEN + 86_400 * SECOND)).prices == []


def test_a_second_source_decides_what_no_tick_does() -> None:
    assert judged(*prints(120.0)).end(119.0).prices == [120.0]
    assert judged(*prints(120.0)).end(101.0).prices == []
    assert judged(*prints(120.0), price=None).end(101.0).prices == []


def test_a_second_source_is_wanted_when_the_ticks_have_had_their_time() -> None:
    seen = judged(*prints(120.0))
    assert seen.guard.appeal_ns == OPEN + APPEAL_NS
    assert judged(*prints(100.0)).guard.appeal_ns is None


def test_without_any_second_source_a_lonely_price_is_believed_in_the_end() -> None:
    assert judged(*prints(120.0)).end(None).prices == [120.0]


def test_after_a_second_source_the_next_tick_near_it_is_believed() -> None:
    seen = judged(*prints(120.0), price=None).end(101.0)
    assert seen.feed(prints(100.5, since_ns=OPEN + 9 * SECOND, volume=2_000)).prices == [100.5]


def test_the_first_tick_of_all_is_compared_with_the_previous_close_of_its_own_packet() -> None:
    [first] = prints(103.0)
    assert judged(msgspec.structs.replace(first, previous_close=100.0), price=None).prices == [103.0]
    assert judged(msgspec.structs.replace(first, previous_close=50.0), price=None).prices == []
    assert judged(first, price=None).prices == []


def test_a_previous_close_that_comes_with_the_second_tick_decides_the_first() -> None:
    """As an index tells it."""
    first, second = prints(103.0, 104.0)
    assert judged(first, msgspec.structs.replace(second, previous_close=100.0), price=None).prices == [103.0, 104.0]
    bad, good = prints(1030.0, 104.0)
    assert judged(bad, msgspec.structs.replace(good, previous_close=100.0), price=None).prices == [104.0]


def test_history_that_comes_to_a_guard_without_a_price_judges_what_waits() -> None:
    guard = PriceGuard(REACH)
    good, bad = prints(100.0, 130.0)
    guard.judge(good)
    assert guard.know(101.0, OPEN).taken == (good,)
    assert guard.know(130.0, OPEN) == Ruling()  # it has its own by now
    assert guard.judge(bad, good).held is not None


def test_a_market_that_agrees_to_nothing_is_believed_before_it_fills_the_memory() -> None:
    wild = prints(*[price for number in range(MOST_HELD) for price in (150.0 + number * 20, 20.0)][: MOST_HELD + 1])
    assert judged(*wild[:-1]).taken == []
    assert judged(*wild).taken == wild


def test_an_operator_decides_what_is_held() -> None:
    guard = PriceGuard(REACH, 100.0, OPEN)
    [bad] = prints(120.0)
    assert guard.judge(bad).held is not None
    assert [suspect.tick for suspect in guard.overrule(release=False).discarded] == [bad]
    assert guard.judge(bad).held is not None
    assert guard.overrule(release=True).taken == (bad,)
    assert guard.overrule(release=True) == Ruling()


@pytest.mark.parametrize("price", [0.0, -1.0, float("nan"), float("inf")])
def test_what_is_no_price_is_refused_outright(price: float) -> None:
    seen = judged(*prints(100.0, price))
    assert seen.prices == [100.0]
    assert len(seen.refused) == 1


@pytest.mark.parametrize("shift_s", [61, 86_400 * 365])
def test_a_time_far_ahead_of_ours_is_refused_outright(shift_s: int) -> None:
    [good] = prints(100.0)
    damaged = msgspec.structs.replace(good, ts_event=good.ts_event + shift_s * SECOND)
    assert judged(good, damaged).taken == [good]


def test_a_tick_without_a_time_is_refused_outright() -> None:
    [good] = prints(100.0)
    assert judged(msgspec.structs.replace(good, ts_event=0)).refused


def test_a_guard_is_small() -> None:
    guard = PriceGuard(REACH, 100.0, OPEN)
    assert guard.__sizeof__() <= 120
    assert not hasattr(guard, "__dict__")


# Properties


@st.composite
def walks(draw: st.DrawFn, *, least: int = 8, most: int = 60) -> list[Tick]:
    """A true market: steps within a percent, pauses of up to twenty seconds, volume that only grows."""
    count = draw(st.integers(least, most))
    steps = draw(st.lists(st.floats(-0.01, 0.01), min_size=count, max_size=count))
    pauses = draw(st.lists(st.sampled_from([0.05, 0.4, 1.0, 3.0, 20.0]), min_size=count, max_size=count))
    price, ns, volume = 100.0, OPEN, 1_000
    ticks: list[Tick] = []
    for number, (step, pause) in enumerate(zip(steps, pauses, strict=True)):
        price, ns, volume = price * (1 + step), ns + round(pause * SECOND), volume + 1 + number
        ticks.append(tick(ns, round(price, 2), volume))
    return ticks


@st.composite
def with_bad_prints(draw: st.DrawFn) -> tuple[list[Tick], list[Tick]]:
    """A true market, and the same with bursts of up to four wrong prices anywhere, at its very ends too."""
    true = draw(walks())
    low, high = min(one.price for one in true) / WIDE, max(one.price for one in true) * WIDE
    bad = st.one_of(st.floats(0.01, low * 0.99), st.floats(high * 1.01, high * 1_000))
    feed: list[Tick] = []
    for place in range(len(true) + 1):
        after = true[place - 1] if place else msgspec.structs.replace(true[0], volume=true[0].volume)
        if draw(st.integers(0, 3)) == 0:
            burst = draw(st.lists(bad, min_size=1, max_size=CONFIRMING - 1))
            feed += [msgspec.structs.replace(after, price=price) for price in burst]
        feed += true[place : place + 1]
    return true, feed


def candles(
    ticks: Sequence[Tick], calendar: Calendar, *, received: Sequence[int] | None = None
) -> dict[tuple[str, int], Any]:
    """What a book makes of ticks that come in at those times, without what only history can heal."""
    runner = Runner(calendar, volume=1_000)
    for one, ns in zip(ticks, received or [one.ts_recv for one in ticks], strict=True):
        runner.clock(ns)
        runner.feed(one)
    runner.clock(ticks[-1].ts_recv + 86_400 * SECOND)
    late = [(bucket.start_ns, bucket.end_ns) for bucket in runner.book.take_late()]
    return {
        (name, one.time): numbers(one)
        for name in ("1m", "5m", "1d")
        for one in runner.final(name)
        if not any(start < one.time + length_s(name) * SECOND and one.time < end for start, end in late)
    }


@settings(max_examples=150, deadline=None)
@given(market=with_bad_prints(), known=st.sampled_from(["price", "previous close"]))
def test_bad_prints_never_reach_a_candle(nse: Calendar, market: tuple[list[Tick], list[Tick]], known: str) -> None:
    true, feed = market
    if known == "previous close":
        feed = [msgspec.structs.replace(one, previous_close=100.0) for one in feed]
        true = [msgspec.structs.replace(one, previous_close=100.0) for one in true]

    def second_source(ns: int) -> float:
        return next((one.price for one in reversed(true) if one.ts_recv <= ns), 100.0)

    guard = PriceGuard(REACH, 100.0 if known == "price" else None, OPEN)
    seen = Judged(guard, second_source).feed(feed).end(true[-1].price)
    assert seen.taken == true
    assert candles(seen.taken, nse) == candles(true, nse)


@settings(max_examples=60, deadline=None)
@given(market=with_bad_prints())
def test_nor_does_one_where_nothing_is_known_at_the_start(market: tuple[list[Tick], list[Tick]]) -> None:
    true, feed = market
    assume(true[-1].ts_recv - true[0].ts_recv > 8 * SECOND)
    seen = Judged(PriceGuard(REACH), lambda _: true[0].price).feed(feed).end(true[-1].price)
    assert seen.taken == true


@st.composite
def with_levels(draw: st.DrawFn) -> list[Tick]:
    """A true market that jumps: by any factor, and stays long enough at each level to say so."""
    ticks: list[Tick] = []
    level, ns, volume = 100.0, OPEN, 1_000
    for factor in draw(st.lists(st.sampled_from([0.3, 0.9, 0.94, 1.06, 1.2, 5.0]), min_size=1, max_size=5)):
        pauses = draw(st.lists(st.sampled_from([0.3, 1.0, 20.0, 400.0]), min_size=CONFIRMING, max_size=12))
        level, price = level * factor, level * factor
        for pause in pauses:
            price *= 1 + draw(st.floats(-0.002, 0.002))
            ns, volume = ns + round(pause * SECOND), volume + 5
            ticks.append(tick(ns, round(price, 2), volume))
    return ticks


@settings(max_examples=150, deadline=None)
@given(true=with_levels(), with_source=st.booleans())
def test_a_true_change_of_level_is_accepted_in_time_and_loses_no_tick(
    nse: Calendar, true: list[Tick], *, with_source: bool
) -> None:
    def second_source(ns: int) -> float | None:
        return next((one.price for one in reversed(true) if one.ts_recv <= ns), 100.0) if with_source else None

    seen = Judged(PriceGuard(REACH, 100.0, OPEN), second_source).feed(true).end(true[-1].price)
    assert seen.taken == true
    assert not seen.discarded
    assert all(ns - one.ts_recv < APPEAL_NS + QUIET_NS for one, ns in zip(true, seen.taken_ns, strict=True))
    waited = [
        sum(one.ts_recv < other.ts_recv <= ns for other in true) for one, ns in zip(true, seen.taken_ns, strict=True)
    ]
    assert max(waited) <= CONFIRMING
    assert candles(seen.taken, nse, received=seen.taken_ns).items() <= candles(true, nse).items()


@st.composite
def anything(draw: st.DrawFn) -> list[Tick]:
    """Ticks of any price, order, time and total."""
    count = draw(st.integers(1, 120))
    ticks: list[Tick] = []
    ns = OPEN
    for _ in range(count):
        ns += draw(st.integers(0, 8)) * SECOND // 2
        price = draw(st.sampled_from([100.0, 101.0, 104.0, 106.0, 120.0, 121.0, 300.0, 5.0, 0.0, float("nan")]))
        volume = draw(st.one_of(st.none(), st.integers(0, 300)))
        event_ns = ns + draw(st.sampled_from([0, 0, -SECOND, -5 * SECOND, 10_000 * SECOND]))
        ticks.append(Tick("NSE:A", price, 1, volume, event_ns, ns, "t"))
    return ticks


@settings(max_examples=100, deadline=None)
@given(ticks=anything(), price=st.sampled_from([None, 100.0, 120.0]), source=st.sampled_from([None, 100.0, 50.0]))
def test_every_tick_is_taken_discarded_or_refused_and_exactly_once(
    ticks: list[Tick], price: float | None, source: float | None
) -> None:
    seen = Judged(PriceGuard(REACH, price, OPEN), lambda _: source).feed(ticks).end(source)
    fates = [*seen.taken, *(suspect.tick for suspect in seen.discarded), *seen.refused]
    assert sorted(map(id, fates)) == sorted(map(id, ticks))
    assert {id(suspect.tick) for suspect in seen.released} <= set(map(id, seen.taken))


@settings(max_examples=100, deadline=None)
@given(market=with_bad_prints())
def test_volume_is_conserved_whatever_is_held(nse: Calendar, market: tuple[list[Tick], list[Tick]]) -> None:
    true, feed = market
    seen = Judged(PriceGuard(REACH, 100.0, OPEN), lambda _: true[-1].price).feed(feed).end(true[-1].price)
    runner = Runner(nse, volume=1_000).feed(*seen.taken)
    runner.clock(true[-1].ts_recv + 86_400 * SECOND)
    traded = sum(one.volume for one in runner.final("1m"))
    assert traded + runner.book.unattributed + runner.meter.unattributed == (true[-1].volume or 0) - 1_000


def test_the_volume_of_a_discarded_print_goes_to_the_trade_after_it(nse: Calendar) -> None:
    seen = judged(*prints(100.0, 250.0, 101.0))
    made = next(iter(candles(seen.taken, nse).values()))
    assert made == (100.0, 101.0, 100.0, 101.0, 20)
