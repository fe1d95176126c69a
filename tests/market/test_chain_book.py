"""The chain book takes what is heard and asked for, and says what it means."""

from datetime import date

import msgspec
import pytest

from engine.market import Calendar, Instrument, InstrumentKind, OptionType, Quote
from engine.market.chain_book import ChainBook
from engine.market.chain_snapshot import BuildUp, ChainSnapshot, ForwardSource, Quality
from engine.market.option_chain import OptionChain, OptionLeg, Strike
from tests.market.builders import MINUTE, SECOND, at
from tests.market.chains import EXPIRY, UNDERLYING, VIX, book, both, future, heard, leg

NOON = at("2026-11-23 12:00")
CALL, PUT = both(26000)


@pytest.fixture(scope="module")
def nfo() -> Calendar:
    from config.calendars import load_calendar

    return Calendar.parse(load_calendar("NFO"))


def test_a_snapshot_is_one_instant_of_all_that_was_heard(nfo: Calendar) -> None:
    chain = book(nfo, CALL, PUT, future())
    chain.take(heard(UNDERLYING, 25990.0, NOON))
    chain.take(heard(VIX, 13.2, NOON))
    chain.take(heard(future(), 26010.0, NOON))
    chain.take(heard(CALL, 180.0, NOON, bid=179.0, ask=181.0, open_interest=750))
    told = chain.snapshot(NOON + SECOND)
    assert (told.spot, told.vix, told.future_price) == (25990.0, 13.2, 26010.0)
    assert (told.forward, told.forward_source) == (26010.0, ForwardSource.FUTURE)
    assert told.expires_at == at("2026-11-26 15:40") // 1_000_000
    assert told.as_of == (NOON + SECOND) // 1_000_000
    call = leg(told, CALL)
    assert (call.ltp, call.bid, call.ask, call.oi, call.quote_age_ms) == (180.0, 179.0, 181.0, 750, 1000)
    assert call.quality is Quality.GOOD
    assert call.priced_by == "mid"
    assert call.iv is not None
    put = leg(told, PUT)
    assert (put.ltp, put.iv, put.delta, put.quote_age_ms) == (None, None, None, None)
    assert put.reason == "no_price"
    assert put.quality is Quality.UNKNOWN


def test_what_the_chain_goes_by_says_how_old_it_is(nfo: Calendar) -> None:
    chain = book(nfo, *both(25950, 26000, 26050), future(date(2026, 12, 29)))
    before = chain.snapshot(NOON)
    ages = ("spot_age_ms", "future_age_ms", "forward_age_ms", "vix_age_ms")
    assert [getattr(before, age) for age in ages] == [None] * 4
    assert [before.reasons[age] for age in ages] == ["not_heard", "not_heard", "no_forward", "not_heard"]
    chain.take(heard(UNDERLYING, 25990.0, NOON))
    assert chain.snapshot(NOON + SECOND).forward_age_ms == 1_000, "the spot's"
    for after, contract in enumerate(both(25950, 26000, 26050)):
        chain.take(heard(contract, 180.0, NOON + after * SECOND, bid=179.0, ask=181.0))
    chain.take(heard(future(date(2026, 12, 29)), 26150.0, NOON + 2 * SECOND))
    chain.take(heard(VIX, 13.2, NOON + 3 * SECOND))
    told = chain.snapshot(NOON + 10 * SECOND)
    assert [getattr(told, age) for age in ages] == [10_000, 8_000, 10_000, 7_000], "of the forward the oldest leg's"
    assert not set(ages) & set(told.reasons)


def test_who_goes_on_from_a_snapshot_makes_nothing_newer_than_it_was(nfo: Calendar) -> None:
    first = book(nfo, CALL, PUT, future())
    first.take(heard(UNDERLYING, 25990.0, NOON))
    second = book(nfo, CALL, PUT, future())
    second.resume(first.snapshot(NOON + 50 * SECOND), NOON + 50 * SECOND)
    assert second.snapshot(NOON + 60 * SECOND).spot_age_ms == 60_000
    assert second.snapshot(NOON + 61 * SECOND).forward is None


def test_the_price_of_another_future_is_not_taken_over(nfo: Calendar) -> None:
    later = book(nfo, CALL, PUT, future(date(2026, 12, 29)))
    later.take(heard(future(date(2026, 12, 29)), 26150.0, NOON))
    chain = book(nfo, CALL, PUT, future(), future(date(2026, 12, 29)))
    chain.resume(later.snapshot(NOON), NOON)
    told = chain.snapshot(NOON)
    assert (told.future, told.future_price, told.forward) == (future().canonical, None, None)


def test_what_is_known_of_no_option_has_no_sum_no_ratio_and_no_pain(nfo: Calendar) -> None:
    chain = book(nfo, *both(25950, 26000), future())
    assert not chain.is_heard
    chain.take(heard(UNDERLYING, 25990.0, NOON))
    assert chain.is_heard
    told = chain.snapshot(NOON)
    assert (told.ce_oi, told.pe_oi, told.ce_volume, told.pe_volume) == (None, None, None, None)
    assert (told.pcr_oi, told.pcr_volume, told.max_pain, told.ce_walls) == (None, None, None, ())
    chain.take(heard(CALL, 180.0, NOON, open_interest=750))
    told = chain.snapshot(NOON)
    assert (told.ce_oi, told.pe_oi) == (750, None)
    assert (told.pcr_oi, told.max_pain) == (None, None), "of puts nobody knows, which is not that there are none"
    chain.take(heard(PUT, 190.0, NOON, open_interest=0))
    told = chain.snapshot(NOON)
    assert (told.pe_oi, told.pcr_oi, told.max_pain) == (0, 0.0, 25950.0)


def test_what_belongs_to_another_chain_does_not_matter(nfo: Calendar) -> None:
    other = both(26000, expiry=date(2026, 12, 29))[0]
    chain = book(nfo, CALL, PUT, other, future(date(2026, 12, 29)))
    assert not chain.take(heard(other, 400.0, NOON))
    assert chain.legs == {CALL.canonical, PUT.canonical}
    assert chain.instruments == chain.legs | {UNDERLYING, VIX, future(date(2026, 12, 29)).canonical}


def test_the_future_of_a_later_day_is_told_and_no_forward(nfo: Calendar) -> None:
    chain = book(nfo, CALL, PUT, future(date(2026, 12, 29)), rate=0.0)
    chain.take(heard(UNDERLYING, 25990.0, NOON))
    chain.take(heard(future(date(2026, 12, 29)), 26150.0, NOON))
    told = chain.snapshot(NOON)
    assert told.future_price == 26150.0
    assert (told.forward, told.forward_source) == (25990.0, ForwardSource.SPOT)


def test_options_on_a_future_are_worth_by_that_future_whenever_it_expires() -> None:
    from config.calendars import load_calendar

    mcx = Calendar.parse(load_calendar("MCX"))
    options = [
        Instrument(0, "MCX", f"GOLD{side}", "", InstrumentKind.OPTION, 1.0, 1, EXPIRY, 120_000.0, side, "GOLD")
        for side in OptionType
    ]
    on = Instrument(0, "MCX", "GOLD04DEC26FUT", "", InstrumentKind.FUTURE, 1.0, 1, date(2026, 12, 4), underlying="GOLD")
    chain = ChainBook("MCX:GOLD", EXPIRY, [*options, on], mcx, rate=6.0)
    chain.take(heard(on, 121_000.0, NOON))
    told = chain.snapshot(NOON)
    assert (told.spot, told.forward, told.forward_source) == (None, 121_000.0, ForwardSource.FUTURE)
    assert chain.around(1) == [option.canonical for option in options]


def test_a_feed_knows_better_than_an_answer_until_it_falls_silent(nfo: Calendar) -> None:
    chain = book(nfo, CALL, PUT)
    chain.take(heard(CALL, 180.0, NOON))
    chain.take_quotes({CALL.canonical: Quote(170.0), PUT.canonical: Quote(90.0)}, NOON + SECOND, "kite")
    told = chain.snapshot(NOON + SECOND)
    assert (leg(told, CALL).ltp, leg(told, CALL).polled) == (180.0, False)
    assert (leg(told, PUT).ltp, leg(told, PUT).polled) == (90.0, True)
    chain.take_quotes({CALL.canonical: Quote(170.0)}, NOON + 2 * MINUTE, "kite")
    assert leg(chain.snapshot(NOON + 2 * MINUTE), CALL).ltp == 170.0


def test_a_providers_chain_brings_what_open_interest_changed_from(nfo: Calendar) -> None:
    chain = book(nfo, CALL, PUT)
    call = OptionLeg(price=180.0, open_interest=900, previous_open_interest=750, previous_close=150.0, bid=0.0, ask=0.0)
    chain.take_polled(OptionChain(UNDERLYING, EXPIRY, 25990.0, (Strike(26000.0, call),), "dhan"), NOON)
    chain.take(heard(CALL, 190.0, NOON + SECOND, open_interest=960))
    told = leg(chain.snapshot(NOON + SECOND), CALL)
    assert (told.oi, told.oi_change, told.oi_change_open) == (960, 210, 60)
    assert (told.bid, told.ask, told.quality) == (None, None, Quality.NO_BID)
    assert told.build_up is BuildUp.LONG_BUILD_UP


def test_a_leg_says_why_a_change_of_its_open_interest_is_not_known(nfo: Calendar) -> None:
    chain = book(nfo, CALL, PUT)
    chain.take(heard(CALL, 180.0, NOON, open_interest=900))
    told = chain.snapshot(NOON)
    assert leg(told, CALL).reasons == {"oi_change": "no_baseline"}
    assert leg(told, PUT).reasons == dict.fromkeys(("oi", "oi_change", "oi_change_open"), "not_heard")
    chain.baselines({CALL.canonical: 700}, {})
    assert leg(chain.snapshot(NOON), CALL).reasons == {}
    morning = chain.snapshot(at("2026-11-25 08:00"))
    assert leg(morning, CALL).reasons == {"oi_change_open": "no_baseline"}, "nothing was heard of the day yet"


def test_on_another_day_open_interest_changes_from_where_it_stood(nfo: Calendar) -> None:
    chain = book(nfo, CALL, PUT)
    chain.baselines({CALL.canonical: 700}, {CALL.canonical: 720})
    chain.take(heard(CALL, 180.0, at("2026-11-20 15:00"), open_interest=750))
    assert leg(chain.snapshot(at("2026-11-21 12:00")), CALL).oi_change == 50, "on a Saturday it is still Friday's"
    chain.take(heard(CALL, 180.0, NOON, open_interest=800))
    told = leg(chain.snapshot(NOON), CALL)
    assert (told.oi_change, told.oi_change_open) == (50, 0)


def test_of_what_a_feed_has_let_go_an_answer_counts_at_once(nfo: Calendar) -> None:
    chain = book(nfo, CALL, PUT)
    for option in (CALL, PUT):
        chain.take(heard(option, 180.0, NOON))
    answers = {option.canonical: Quote(200.0) for option in (CALL, PUT)}
    chain.take_quotes(answers, NOON + SECOND, "kite", frozenset({PUT.canonical, "NFO:ELSEWHERE"}))
    told = chain.snapshot(NOON + SECOND)
    assert (leg(told, CALL).ltp, leg(told, CALL).polled) == (180.0, False)
    assert (leg(told, PUT).ltp, leg(told, PUT).polled) == (200.0, True)
    whole = OptionChain(UNDERLYING, EXPIRY, None, (Strike(26000.0, OptionLeg(price=210.0)),), "dhan")
    chain.take_polled(whole, NOON + 2 * SECOND, {CALL.canonical})
    assert leg(chain.snapshot(NOON + 2 * SECOND), CALL).ltp == 210.0


def test_what_is_answered_before_the_open_is_how_the_day_before_ended(nfo: Calendar) -> None:
    chain = book(nfo, CALL, PUT)
    chain.take(heard(CALL, 180.0, at("2026-11-20 15:00"), open_interest=750))
    chain.take_quotes({CALL.canonical: Quote(181.0, None, 9_100, 765)}, at("2026-11-23 08:00"), "kite")
    early = chain.snapshot(at("2026-11-23 08:01"))
    assert leg(early, CALL).volume == 9_100
    chain.take(heard(CALL, 182.0, NOON, open_interest=900))
    told = chain.snapshot(NOON)
    assert (leg(told, CALL).oi_change_open, leg(told, CALL).volume) == (0, None)
    chain.take(heard(CALL, 182.0, NOON + SECOND, open_interest=960))
    assert leg(chain.snapshot(NOON + SECOND), CALL).oi_change_open == 60


def test_a_snapshot_says_of_which_days_its_changes_are(nfo: Calendar) -> None:
    friday, monday = date(2026, 11, 20), date(2026, 11, 23)
    chain = book(nfo, CALL, PUT)
    saturday = chain.snapshot(at("2026-11-21 12:00"))
    assert (saturday.day, saturday.previous_day) == (friday, date(2026, 11, 19))
    told = chain.snapshot(NOON)
    assert (told.day, told.previous_day) == (monday, friday)


def test_another_book_goes_on_from_a_snapshot(nfo: Calendar) -> None:
    first = book(nfo, CALL, PUT, future())
    first.baselines({CALL.canonical: 700}, {CALL.canonical: 720})
    first.take(heard(UNDERLYING, 25990.0, NOON))
    first.take(heard(future(), 26010.0, NOON))
    first.take(heard(VIX, 13.2, NOON))
    first.take(heard(CALL, 180.0, NOON, bid=179.0, ask=181.0, open_interest=750))
    told = first.snapshot(NOON + SECOND)
    second = book(nfo, CALL, PUT, future())
    second.resume(told, NOON + SECOND)
    assert second.snapshot(NOON + SECOND) == told
    assert second.snapshot(NOON + 2 * SECOND).strikes[0].ce != told.strikes[0].ce, "quotes grow older"


def test_another_book_believes_bids_and_asks_no_longer_than_the_one_before(nfo: Calendar) -> None:
    first, second = book(nfo, CALL, PUT), book(nfo, CALL, PUT)
    for option in (CALL, PUT):
        first.take(heard(option, 180.0, NOON, bid=0.0 if option is PUT else 179.0, ask=181.0))
        first.take(heard(option, 180.0, NOON + 50 * SECOND))
    told = first.snapshot(NOON + 55 * SECOND)
    assert (leg(told, CALL).quote_age_ms, leg(told, CALL).bid_ask_age_ms) == (5_000, 55_000)
    second.resume(told, NOON + 55 * SECOND)
    for now in (NOON + 55 * SECOND, NOON + 61 * SECOND):
        assert second.snapshot(now) == first.snapshot(now)
    over = leg(second.snapshot(NOON + 61 * SECOND), CALL)
    assert (over.bid, over.ask, over.bid_ask_age_ms) == (None, None, None)


def test_the_window_lies_around_the_money(nfo: Calendar) -> None:
    chain = book(nfo, *both(25800, 25900, 26000, 26100, 26200))
    assert chain.around(1) == []
    chain.take(heard(UNDERLYING, 25920.0, NOON))
    assert chain.around(1) == [contract.canonical for contract in both(25800, 25900, 26000)]
    chain.take(heard(UNDERLYING, 26190.0, NOON))
    assert chain.around(1) == [contract.canonical for contract in both(26100, 26200)]


def test_after_the_close_prices_and_time_to_expiry_stand_still(nfo: Calendar) -> None:
    chain = book(nfo, CALL, PUT, future())
    closes = at("2026-11-23 15:40")
    chain.take(heard(future(), 26010.0, closes - SECOND))
    chain.take(heard(CALL, 180.0, closes - SECOND, bid=179.0, ask=181.0))
    evening, morning = chain.snapshot(at("2026-11-23 21:00")), chain.snapshot(at("2026-11-25 09:20"))
    assert leg(evening, CALL).quality is Quality.GOOD
    assert evening.days == pytest.approx(3.0)
    assert leg(morning, CALL).quality is Quality.STALE


def test_another_days_snapshot_gives_way_to_what_is_known_of_the_close(nfo: Calendar) -> None:
    first = book(nfo, CALL, PUT)
    first.take(heard(CALL, 180.0, at("2026-11-20 12:00"), open_interest=750))
    first.take(heard(PUT, 180.0, at("2026-11-20 12:00"), open_interest=900))
    second = book(nfo, CALL, PUT)
    second.resume(first.snapshot(at("2026-11-20 12:00")), at("2026-11-23 09:16"))
    second.baselines({CALL.canonical: 825}, {})
    second.take(heard(CALL, 180.0, NOON, open_interest=900))
    told = second.snapshot(NOON)
    assert (leg(told, CALL).oi_change, leg(told, CALL).oi_change_open) == (75, 0)
    assert (leg(told, PUT).oi_change, leg(told, PUT).volume) == (0, None)


def test_the_forward_is_the_middle_of_what_the_future_is_quoted_at(nfo: Calendar) -> None:
    chain = book(nfo, CALL, PUT, future())
    chain.take(heard(future(), 26012.0, NOON, bid=26009.0, ask=26012.0))
    assert chain.snapshot(NOON).forward == 26010.5
    assert chain.snapshot(NOON).future_price == 26012.0
    assert chain.snapshot(NOON + 2 * MINUTE).forward is None, "it is old, and nothing else is known"


def test_parity_is_read_from_fresh_quotes_while_there_are_enough(nfo: Calendar) -> None:
    strikes = [25900 + 50 * row for row in range(7)]
    chain = book(nfo, *both(*strikes), rate=0.0)
    for number, strike in enumerate(strikes):
        then, forward = (NOON - 5 * MINUTE, 26200.0) if number < 4 else (NOON, 26100.0)
        for contract, price in zip(both(strike), (400.0 + forward - strike, 400.0), strict=True):
            chain.take(heard(contract, price, then, bid=price - 1, ask=price + 1))
    told = chain.snapshot(NOON)
    assert (told.forward, told.forward_source) == (26100.0, ForwardSource.PARITY)


def test_what_builds_up_is_judged_by_the_price_that_is_believed(nfo: Calendar) -> None:
    chain = book(nfo, CALL, PUT)
    chain.baselines({CALL.canonical: 700}, {})
    chain.take(heard(CALL, 160.0, NOON, bid=179.0, ask=181.0, open_interest=750, previous_close=170.0))
    assert leg(chain.snapshot(NOON), CALL).build_up is BuildUp.LONG_BUILD_UP, (
        "the last trade is old, the quotes are not"
    )


def test_a_snapshot_can_be_sent_and_kept(nfo: Calendar) -> None:
    chain = book(nfo, CALL, PUT, future())
    chain.take(heard(future(), 26010.0, NOON))
    chain.take(heard(CALL, 180.0, NOON, bid=179.0, ask=181.0, open_interest=750, previous_close=170.0))
    told = chain.snapshot(NOON)
    for codec in (msgspec.msgpack, msgspec.json):
        assert codec.decode(codec.encode(told), type=ChainSnapshot) == told
