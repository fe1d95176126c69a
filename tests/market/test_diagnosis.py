"""The diagnosis: each line of the tables, read as a table."""

import pytest

from engine.market.diagnosis import (
    INSTRUMENT_RULES,
    LINE_RULES,
    STATUSES,
    Cause,
    InstrumentEvidence,
    LineEvidence,
    diagnose,
    explain,
)
from engine.market.quote import Quote, Witness, bear_witness
from engine.market.tick import Tick

IDLE, TRADED, UNKNOWN = Witness.IDLE, Witness.TRADED, Witness.UNKNOWN


@pytest.mark.parametrize(
    ("cause", "evidence"),
    [
        (Cause.LIVE, LineEvidence(0.0, 2.0)),
        (Cause.LIVE, LineEvidence(3.9, 0.001)),  # the floor
        (Cause.QUIET, LineEvidence(5.0, 2.0)),  # suspect, and nobody has answered yet
        (Cause.QUIET, LineEvidence(9_000.0, 2.0, witness=IDLE)),
        (Cause.STALLED, LineEvidence(5.0, 2.0, witness=TRADED)),
        (Cause.STALLED, LineEvidence(6.0, 2.0)),
        (Cause.CLOSED, LineEvidence(9_000.0, 2.0, is_open=False)),
        (Cause.CLOSED, LineEvidence(9_000.0, 2.0, is_open=False, witness=TRADED)),
        (Cause.DISCONNECTED, LineEvidence(0.0, 2.0, connected=False)),
        (Cause.TOKEN_DEAD, LineEvidence(0.0, 2.0, is_open=False, connected=False, token_refused=True)),
    ],
)
def test_a_line(cause: Cause, evidence: LineEvidence) -> None:
    assert diagnose(LINE_RULES, evidence) is cause


@pytest.mark.parametrize(
    ("cause", "evidence"),
    [
        (Cause.LIVE, InstrumentEvidence(39.0, 1.0)),
        (Cause.LIVE, InstrumentEvidence(59.0, 200.0)),
        (Cause.QUIET, InstrumentEvidence(61.0, 200.0)),
        (Cause.QUIET, InstrumentEvidence(41.0, 1.0)),  # suspect, and nobody has answered yet
        (Cause.QUIET, InstrumentEvidence(9_000.0, 1.0)),  # nobody ever answered: no more is known than that
        (Cause.QUIET, InstrumentEvidence(500.0, 200.0, witness=IDLE)),
        (Cause.HALTED, InstrumentEvidence(61.0, 1.0, witness=IDLE)),
        (Cause.MAPPING_DEAD, InstrumentEvidence(61.0, 200.0, witness=UNKNOWN)),
        (Cause.SUBSCRIPTION_LOST, InstrumentEvidence(61.0, 200.0, witness=TRADED)),
        (Cause.STALLED, InstrumentEvidence(1.0, 1.0, line=Cause.STALLED)),
        (Cause.DISCONNECTED, InstrumentEvidence(1.0, 1.0, line=Cause.DISCONNECTED)),
        (Cause.TOKEN_DEAD, InstrumentEvidence(1.0, 1.0, line=Cause.TOKEN_DEAD)),
        (Cause.CLOSED, InstrumentEvidence(9_000.0, 1.0, is_open=False, line=Cause.TOKEN_DEAD, witness=UNKNOWN)),
        (
            Cause.HALTED,
            InstrumentEvidence(61.0, 1.0, line=Cause.QUIET, witness=IDLE),
        ),  # all of them: a market-wide halt
    ],
)
def test_an_instrument(cause: Cause, evidence: InstrumentEvidence) -> None:
    assert diagnose(INSTRUMENT_RULES, evidence) is cause


def test_every_cause_has_a_status_of_the_contract_and_a_reason() -> None:
    contract = {"live", "stale", "backfilling", "degraded", "fallback", "closed", "unmapped"}
    for cause in Cause:
        assert STATUSES[cause] in contract
        assert "{" not in explain(cause, 65.0, 20.0)


def tick(*, volume: int | None, ts_event: int = 100 * 10**9) -> Tick:
    return Tick("NSE:A", 10.0, 1, volume, ts_event, ts_event, "test")


@pytest.mark.parametrize(
    ("witness", "quote", "last"),
    [
        (UNKNOWN, None, tick(volume=5)),
        (IDLE, Quote(10.0, 100 * 10**9, 5), tick(volume=5)),
        (IDLE, Quote(10.0, 100 * 10**9, 500), tick(volume=5)),  # counted in another unit
        (TRADED, Quote(10.0, None, 6), tick(volume=5)),
        (IDLE, Quote(10.0, None, 5), tick(volume=5)),
        (IDLE, Quote(10.0, 100 * 10**9), tick(volume=None)),  # an index
        (TRADED, Quote(10.0, 102 * 10**9), tick(volume=None)),
        (TRADED, Quote(10.0, 102 * 10**9, 0), tick(volume=0)),
        (IDLE, Quote(10.0), tick(volume=None)),
        (TRADED, Quote(10.0, 100 * 10**9, 5), None),
        (IDLE, Quote(10.0, 40 * 10**9, 5), None),  # it last traded before we came
    ],
)
def test_a_quote_testifies(witness: Witness, quote: Quote | None, last: Tick | None) -> None:
    assert bear_witness(quote, last, 50 * 10**9) is witness
