"""Option chains and expiry days: what Dhan says, and what the simulated exchange says in its words."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import date

import pytest

from engine.market.option_chain import Greeks, OptionChain, OptionLeg, Strike
from engine.providers.base import Advice, ProviderError, Route
from engine.providers.dhan.account import DhanEndpoints
from engine.providers.dhan.options import CALLS_PER_SECOND, DhanOptions, read_chain, read_expiries
from engine.providers.keyring import Keyring
from engine.providers.retry import RetryPolicy
from engine.providers.simulator.options import SIMULATED_CLIENT_ID, SIMULATED_TOKEN
from engine.providers.simulator.server import Simulator
from tests.providers.dhan.routes import HDFCBANK, NIFTY
from tests.providers.simulator.markets import at, simulator

START = at("2026-11-20 12:00:30")
EXPIRY = date(2026, 11, 24)
LEG = {
    "average_price": 146.99,
    "greeks": {"delta": 0.53, "theta": -15.1, "gamma": 0.0013, "vega": 12.2},
    "implied_volatility": 9.78,
    "last_price": 134,
    "oi": 3786445,
    "previous_close_price": 244.85,
    "previous_oi": 402220,
    "previous_volume": 31931705,
    "security_id": 42528,
    "top_ask_price": 134,
    "top_ask_quantity": 1365,
    "top_bid_price": 133.55,
    "top_bid_quantity": 1625,
    "volume": 117567970,
}


@asynccontextmanager
async def options_at(running: Simulator, *, fast: bool = True) -> AsyncGenerator[DhanOptions]:
    keyring = Keyring.holding("dhan", SIMULATED_CLIENT_ID, SIMULATED_TOKEN)
    endpoints = DhanEndpoints(running.feed_url, running.rest_url)
    rate = 1_000.0 if fast else CALLS_PER_SECOND
    options = DhanOptions(keyring, endpoints, calls_per_second=rate, retry=RetryPolicy(attempts=1))
    try:
        yield options
    finally:
        options.close()


def chain_of(strikes: dict[str, object]) -> OptionChain:
    body = {"data": {"last_price": 25642.8, "oc": strikes}, "status": "success"}
    return read_chain(body, underlying=NIFTY, expiry=EXPIRY, provider="dhan")


def test_strikes_are_sorted_as_numbers_and_a_missing_side_is_none() -> None:
    told = chain_of({"9900.000000": {"pe": LEG}, "25650.000000": {"ce": LEG, "pe": LEG}, "rubbish": {"ce": LEG}})

    assert (told.underlying, told.expiry, told.price) == ("NSE:NIFTY", EXPIRY, 25642.8)
    assert [strike.price for strike in told.strikes] == [9900.0, 25650.0]
    assert told.strikes[0].call is None
    assert told.strikes[0].put == told.strikes[1].call


def test_a_leg_is_told_as_it_stands_and_what_is_missing_is_nothing() -> None:
    [full, bare] = chain_of({"1": {"ce": LEG}, "2": {"ce": {}}}).strikes

    assert full == Strike(
        1.0,
        OptionLeg(
            provider_symbol="42528",
            price=134.0,
            average_price=146.99,
            bid=133.55,
            bid_quantity=1625,
            ask=134.0,
            ask_quantity=1365,
            volume=117567970,
            open_interest=3786445,
            implied_volatility=9.78,
            greeks=Greeks(0.53, -15.1, 0.0013, 12.2),
            previous_close=244.85,
            previous_volume=31931705,
            previous_open_interest=402220,
        ),
    )
    assert bare == Strike(2.0, OptionLeg())


def test_expiries_are_days_in_order() -> None:
    assert read_expiries({"data": ["2026-12-29", "2026-11-24"]}) == [date(2026, 11, 24), date(2026, 12, 29)]


@pytest.mark.parametrize("body", [{}, [], {"data": ["tomorrow"]}, {"data": {"oc": 5}}])
def test_an_answer_of_another_form_is_a_failure_of_the_provider(body: object) -> None:
    with pytest.raises(ProviderError, match="unknown form"):
        read_expiries(body)
    with pytest.raises(ProviderError, match="unknown form"):
        read_chain(body, underlying=NIFTY, expiry=EXPIRY, provider="dhan")


async def test_the_simulated_exchange_lists_expiries_and_chains_of_its_options() -> None:
    async with simulator(instruments=200, start_ns=START, speed=1e-6) as running, options_at(running) as options:
        expiries = await options.expiries(NIFTY)
        chain = await options.chain(NIFTY, expiries[0])
        listings = running.exchange.market.listings

    listed = {
        one.strike for one in listings if one.expiry == expiries[0] and one.underlying == "NSE:NIFTY" and one.strike
    }
    assert {strike.price for strike in chain.strikes} == listed
    strike = next(strike for strike in chain.strikes if strike.call and strike.put)
    assert strike.call
    assert strike.put
    assert strike.call.open_interest
    assert 0 <= (strike.call.greeks.delta or 0) <= 1
    assert -1 <= (strike.put.greeks.delta or 0) <= 0


async def test_the_interest_that_a_simulated_day_began_with_stays_the_same_all_day() -> None:
    async def interest(start_ns: int) -> tuple[list[int | None], list[int | None]]:
        async with simulator(instruments=200, start_ns=start_ns, speed=1e-6) as running, options_at(running) as options:
            chain = await options.chain(NIFTY, (await options.expiries(NIFTY))[0])
        legs = [leg for strike in chain.strikes for leg in (strike.call, strike.put) if leg is not None]
        return [leg.open_interest for leg in legs], [leg.previous_open_interest for leg in legs]

    now, previous = await interest(START)
    later, still = await interest(START + 3_600 * 10**9)
    assert still == previous
    assert now != later
    rose = [after > (before or 0) for after, before in zip(later, still, strict=True) if after is not None]
    assert {True, False} == set(rose), "some rise, some fall"


async def test_what_has_no_options_has_an_empty_chain_and_no_expiries() -> None:
    async with simulator(instruments=10, start_ns=START) as running, options_at(running) as options:
        assert await options.expiries(HDFCBANK) == []
        assert (await options.chain(HDFCBANK, EXPIRY)).strikes == ()


async def test_an_unknown_underlying_is_a_request_to_be_mended() -> None:
    nobody = Route("NSE:NOBODY", "NSE_EQ", "999999", 0.05, "equity")
    async with simulator(instruments=10, start_ns=START) as running, options_at(running) as options:
        with pytest.raises(ProviderError) as refused:
            await options.expiries(nobody)

    assert refused.value.advice is Advice.FIX_REQUEST


@pytest.mark.slow
async def test_one_call_in_three_seconds_is_never_too_many() -> None:
    async with (
        simulator(instruments=10, start_ns=START, rate_limits=True) as running,
        options_at(running, fast=False) as options,
    ):
        for _ in range(3):
            await options.expiries(HDFCBANK)
