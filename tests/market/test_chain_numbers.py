"""The numbers of a snapshot hold together: every leg reprices, and calls and puts agree."""

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from config.calendars import load_calendar
from engine.market import Calendar, OptionType
from engine.market.chain_snapshot import ChainSnapshot, ForwardSource, Leg
from engine.market.greeks import DAYS_A_YEAR, Terms, price
from tests.market.builders import MINUTE, at
from tests.market.chains import UNDERLYING, book, heard, option

TICK = 0.05
RATE = 6.5
STRIKES = [24_000.0 + 100 * row for row in range(41)]
NFO = Calendar.parse(load_calendar("NFO"))
CLOSES = at("2026-11-26 15:40")
CONTRACTS = [option(strike, option_type) for strike in STRIKES for option_type in OptionType]


def quoted(forward: float, years: float, money: float, smile: float) -> list[float]:
    """To the tick, and one tick where they are worth less."""
    strike = np.array([contract.strike for contract in CONTRACTS], float)
    is_call = np.array([contract.option_type is OptionType.CALL for contract in CONTRACTS])
    flat = np.ones(len(CONTRACTS))
    volatility = money + smile * np.abs(np.log(strike / forward)) * 100
    worth = price(Terms(flat * forward, strike, flat * years, flat * RATE, is_call), volatility)
    return (np.maximum(np.round(worth / TICK), 1) * TICK).tolist()


def repriced(told: ChainSnapshot, strike: float, leg: Leg, is_call: bool) -> float:
    """From nothing but what the snapshot says."""
    assert told.forward is not None
    assert leg.iv is not None
    columns = ([number] for number in (told.forward, strike, told.days / DAYS_A_YEAR, told.rate))
    return float(price(Terms(*map(np.array, columns), np.array([is_call])), np.array([leg.iv]))[0])


def legs(told: ChainSnapshot) -> list[tuple[float, Leg, bool]]:
    both = [(strike.strike, leg, leg is strike.ce) for strike in told.strikes for leg in (strike.ce, strike.pe)]
    return [(strike, leg, is_call) for strike, leg, is_call in both if leg is not None]


@given(
    spot=st.floats(25_000.0, 27_000.0),
    minutes=st.integers(1, 4 * 24 * 60),
    money=st.floats(6.0, 60.0),
    smile=st.floats(0.0, 2.0),
    spread=st.integers(0, 3),
)
@settings(max_examples=40)
def test_every_leg_reprices_and_calls_and_puts_agree(
    spot: float, minutes: int, money: float, smile: float, spread: int
) -> None:
    now = CLOSES - minutes * MINUTE
    chain = book(NFO, *CONTRACTS, rate=RATE)
    probe = chain.snapshot(now)  # nights stand still
    years = probe.days / DAYS_A_YEAR
    forward = spot * math.exp(RATE / 100 * years)
    chain.take(heard(UNDERLYING, spot, now))
    for contract, middle in zip(CONTRACTS, quoted(forward, years, money, smile), strict=True):
        bid, ask = middle - spread * TICK, middle + spread * TICK
        sides = {"bid": bid, "ask": ask} if bid > 0 else {}
        chain.take(heard(contract, middle, now, **sides))
    told = chain.snapshot(now)

    assert told.forward_source is ForwardSource.PARITY
    assert told.forward is not None
    assert abs(told.forward - forward) <= 2 * TICK
    known = [(strike, leg, is_call) for strike, leg, is_call in legs(told) if leg.iv is not None]
    assert known
    for strike, leg, is_call in known:
        assert leg.ltp is not None
        assert abs(repriced(told, strike, leg, is_call) - leg.ltp) < TICK / 2
    for strike, leg, is_call in legs(told):
        assert (leg.iv is None) == (leg.reason is not None) == (leg.delta is None)
        if leg.iv is None:
            assert leg.reason in ("below_intrinsic", "no_time_value")
            assert is_call == (strike < forward), "only what is in the money can cost less than its exercise"
    for strike in told.strikes:
        ce, pe = strike.ce, strike.pe
        if ce and pe and ce.iv and pe.iv and ce.vega and pe.vega and min(ce.vega, pe.vega) > 1.0:
            assert abs(ce.iv - pe.iv) <= 3 * TICK / min(ce.vega, pe.vega)


def at_the_money(now: int) -> list[Leg]:
    """Of a chain that was heard at that time."""
    contracts = [option(26_000.0, option_type) for option_type in OptionType]
    chain = book(NFO, *contracts, rate=RATE)
    chain.take(heard(UNDERLYING, 26_010.0, now))
    for contract in contracts:
        chain.take(heard(contract, 50.0, now))
    return [leg for _, leg, _ in legs(chain.snapshot(now))]


def test_time_runs_to_the_closing_minute_and_then_there_is_none() -> None:
    assert all(leg.iv is not None for leg in at_the_money(CLOSES - MINUTE))
    for leg in at_the_money(CLOSES + MINUTE):
        assert (leg.reason, leg.iv, leg.delta, leg.theta) == ("expired", None, None, None)
