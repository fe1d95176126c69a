"""Alerts of whole engines: whoever is killed and whenever, each level that was reached is told, and none twice."""

import os
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence

import pytest
import trio

from engine.market import Candle
from engine.market.alert_rule import PriceCondition
from engine.storage.durable import DurableStore
from engine.storage.durable.alerts import RuleDraft
from engine.storage.durable.times import moment
from tests.engine.conftest import Stores
from tests.engine.harness import MIDNIGHT, MINUTE_NS, until
from tests.engine.test_processes import Place, exchange_of

pytestmark = pytest.mark.slow

KILLS = 12 if os.environ.get("TICKTREE_TEST_LONG") == "1" else 1
SEED = int(os.environ.get("TICKTREE_TEST_SEED", "11"))
SPEED = 15.0
"""What waits in mailboxes is given a minute: four seconds of a machine that may be busy."""
STEPS = [number * 0.0002 for number in range(1, 8)]
"""How far levels are from the price, either way."""
OWNER = "ann"

Rules = Mapping[int, PriceCondition]


async def written(durable: DurableStore, conditions: Iterable[PriceCondition], at_ns: int) -> Rules:
    """Rules by the exchange's time; none is told again before its price has halved."""
    rules: dict[int, PriceCondition] = {}
    for condition in conditions:
        made = await durable.alert_rules.add(OWNER, draft(condition))
        assert made is not None
        rules[made.id] = condition
    await durable._link.value("UPDATE alert_rules SET updated_at = $1 WHERE id = ANY($2)", moment(at_ns), list(rules))
    return rules


def around(told: Mapping[str, Sequence[Candle]]) -> Iterator[PriceCondition]:
    """Levels on both sides of each price."""
    for name, candles in told.items():
        for step in STEPS:
            yield PriceCondition(instrument=name, comparison="above", value=candles[-1].close * (1 + step))
            yield PriceCondition(instrument=name, comparison="below", value=candles[-1].close * (1 - step))


def touched(told: Mapping[str, Sequence[Candle]]) -> Iterator[PriceCondition]:
    """The farthest that prices went: few of them are there still."""
    for name, candles in told.items():
        yield PriceCondition(instrument=name, comparison="above", value=max(bar.high for bar in candles))
        yield PriceCondition(instrument=name, comparison="below", value=min(bar.low for bar in candles))


def draft(condition: PriceCondition) -> RuleDraft:
    return RuleDraft(
        name="",
        condition=condition,
        once=False,
        cool_down_s=0,
        hysteresis_percent=50.0,
        webhook=None,
        is_enabled=True,
    )


async def reached(place: Place, rules: Rules, start_ns: int, end_ns: int) -> set[int]:
    """By what the exchange itself traded in these minutes."""
    told = await place.told(start_ns, end_ns)
    return {identity for identity, rule in rules.items() if any(is_reached(rule, bar) for bar in told[rule.instrument])}


def is_reached(rule: PriceCondition, candle: Candle) -> bool:
    return candle.high >= rule.value if rule.comparison == "above" else candle.low <= rule.value


async def test_what_was_reached_is_told_once_whoever_is_killed_and_also_of_when_no_engine_ran(stores: Stores) -> None:
    chance = random.Random(SEED)
    async with exchange_of(stores, speed=SPEED) as (place, exam):
        await exam.durable.add_user(OWNER, "ann@example.org", role="user")
        start_ns = minute_of(place)
        rules = {**await written(exam.durable, around(await place.told(MIDNIGHT, start_ns)), place.clock.now_ns())}
        begun_ns = 0
        for _ in range(KILLS):
            engine = place.engine()
            await engine.ready()
            begun_ns = begun_ns or minute_of(
                place
            )  # the first engine of all has no past, however long it took to begin
            await trio.sleep(chance.uniform(1, 3))
            engine.popen.kill()
            await trio.sleep(chance.uniform(0, 1))
        down_ns = minute_of(place)
        await trio.sleep(3 * 60 / SPEED)
        missed = await place.told(down_ns + MINUTE_NS, minute_of(place))
        rules |= await written(exam.durable, touched(missed), down_ns)
        await place.engine().ready()
        end_ns = minute_of(place)
        certain = await reached(place, rules, begun_ns + MINUTE_NS, end_ns)

        async def all_is_judged() -> bool:
            return await exam.durable.checkpoint("alerts") >= end_ns

        await until(all_is_judged)
        told = await exam.durable.fired_alerts.of(OWNER, 10_000, (2**62, ""))
        assert certain <= {alert.rule for alert in told}
        assert len(told) == len({alert.rule for alert in told})
        assert {alert.rule for alert in told} <= await reached(place, rules, start_ns, place.clock.now_ns())
        assert any("was not watched" in alert.message for alert in told)


def minute_of(place: Place) -> int:
    return place.clock.now_ns() // MINUTE_NS * MINUTE_NS
