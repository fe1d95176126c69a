"""The surveyor: tells who is well when that changes, and what ticks and minutes were like."""

from typing import Any

import trio

from actors.messages import (
    CandlesWritten,
    Count,
    FeedCounts,
    FeedStatus,
    HealthWanted,
    LineCarries,
    LineHeard,
    LinesWanted,
    Measured,
    ProviderHealth,
)
from actors.surveyor import MEASURE_INTERVAL_S, Surveyor
from engine.market import Tick
from engine.market.diagnosis import Cause
from engine.providers.base import DecoderStatistics, Route
from engine.runtime import ActorSystem
from tests.actors.parts import NAME, NOON, SECOND_NS, among_witnesses, candle

ROUTES = (Route(NAME, "NSE_EQ", "1", 0.05, "equity"),)
WITNESSES = ("manager", "heartbeat", "feed")


def make(system: ActorSystem) -> Surveyor:
    at = {name: system.ref(f"/engine/{name}") for name in WITNESSES}
    return Surveyor(manager=at["manager"], heartbeat=at["heartbeat"], feeds={"test": at["feed"]})


def health(seen: dict[str, list[Any]]) -> list[tuple[bool, str]]:
    told = [message.healths["test", "NSE"] for message in seen["manager"] if isinstance(message, ProviderHealth)]
    return [(one.well, one.why) for one in told]


async def test_how_a_provider_serves_an_exchange_is_told_when_it_changes_and_when_somebody_begins_anew(
    autojump_clock: Any,
) -> None:
    async with among_witnesses(make, *WITNESSES) as (system, seen):
        subject = system.ref("/engine/subject")
        subject.tell(LineCarries("test", 0, ROUTES))
        subject.tell(FeedStatus("test", 0, "live", NOON, "", Cause.LIVE))
        await trio.sleep(3)
        assert health(seen) == [(True, "")]
        assert seen["feed"] == [LinesWanted()]
        subject.tell(FeedStatus("test", 0, "stale", NOON, "no data", Cause.STALLED))
        await trio.sleep(3)
        subject.tell(HealthWanted())
        await trio.sleep(3)
        assert health(seen)[1:] == [(False, "no data")] * 2
        subject.tell(LineCarries("test", 0, ()))
        await trio.sleep(3)
        assert health(seen)[3:] == [(True, "")]


async def test_a_line_with_damaged_packets_is_not_well_though_it_lives(autojump_clock: Any) -> None:
    async with among_witnesses(make, *WITNESSES) as (system, seen):
        subject = system.ref("/engine/subject")
        subject.tell(LineCarries("test", 0, ROUTES))
        subject.tell(FeedStatus("test", 0, "live", NOON, "", Cause.LIVE))
        subject.tell(FeedCounts("test", 0, DecoderStatistics(packets=1_000, malformed=5, unmapped=500)))
        await trio.sleep(3)
        assert health(seen) == [(False, "0.5% of its packets are damaged")]


async def test_lag_and_completeness_are_told_and_counted(autojump_clock: Any) -> None:
    async with among_witnesses(make, *WITNESSES) as (system, seen):
        subject = system.ref("/engine/subject")
        late = Tick(NAME, 1.0, 1, 1, NOON - SECOND_NS, NOON, "test")
        subject.tell(LineHeard("test", 0, {NAME: late}))
        subject.tell(CandlesWritten((candle(NOON - 60 * SECOND_NS, 10.0, 5),)))
        await trio.sleep(MEASURE_INTERVAL_S + 1)
        measures = {"lag_ms": 1_000.0, "lag_p95_ms": 1_000.0, "complete": 1.0}
        assert seen["heartbeat"] == [Measured({"test": measures})]
        assert await subject.ask(Count(), timeout_s=1) == {
            f"feed_{name}_test": value for name, value in measures.items()
        }
