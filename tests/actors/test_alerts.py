"""Alerts: what rules tell is kept first, told once for certain, and outlives whoever judged it."""

import random
from collections.abc import Iterable
from typing import Any

import msgspec
import pytest
import trio

from actors.alerts import KEPT_NS, LOOK_S, PAUSE_S, READ_S, TIDY_S, Alerts
from actors.messages import AlertsChanged, AlertsFired, Count, DeliveriesDue, Follow
from engine.market import Calendars
from engine.market.alert_rule import (
    AlertRule,
    Condition,
    FeedCondition,
    GapCondition,
    PriceCondition,
    Standing,
    TokenCondition,
    judge,
    look_at_price,
)
from engine.runtime import ActorSystem
from engine.storage.durable.alerts import FiredAlert
from engine.storage.errors import DurableStoreError, StorageError, UnfitRowError
from engine.storage.memory import MemoryDurableStore, MemoryHotStore
from engine.storage.memory.alerts import MemoryAlertRules
from engine.storage.memory.tables import Tables
from tests.actors.parts import MINUTE_NS, NAME, NOON, SECOND_NS, among_witnesses, candle, tick

ABOVE = PriceCondition(instrument=NAME, comparison="above", value=100.0)
NAMES = ("broadcaster", "publisher", "credentials", "webhooks")


class Stage:
    """The actor, its stores, and what it told the witnesses."""

    def __init__(self) -> None:
        self.hot = MemoryHotStore(lambda: NOON)
        self.durable = MemoryDurableStore()

    def rule(self, condition: Condition = ABOVE, identity: int = 1, **changes: Any) -> None:
        values: dict[str, Any] = {"name": "mine", "once": False, "cool_down_s": 0, "hysteresis_percent": 1.0}
        values |= {"owner": "u1", "revision": 0, "standing": Standing()}
        rule = AlertRule(id=identity, condition=condition, **(values | changes))
        self.durable.tables.alert_rules[identity] = rule

    def make(self, system: ActorSystem) -> Alerts:
        at = {name: system.ref(f"/engine/{name}") for name in NAMES}
        return Alerts(
            self.hot, self.durable, Calendars(dict, {"NSE": "Asia/Kolkata"}), {"dhan": True, "yahoo": False}, **at
        )

    async def traded(self, at_ns: int, *prices: float) -> None:
        """What the minute came to, as the stores have it in the end."""
        minute = at_ns // MINUTE_NS * MINUTE_NS
        bar = msgspec.structs.replace(candle(minute, prices[-1], 1), open=prices[0], high=max(prices), low=min(prices))
        await self.hot.write_candles([bar])


async def trade(system: ActorSystem, *prices: float) -> None:
    for price in prices:
        await trio.sleep(0.1)  # who was just started reads the rules
        system.ref("/engine/subject").tell(tick(system.clock.now_ns(), price, 1))
    await trio.sleep(1)


def told(seen: dict[str, list[Any]]) -> list[str]:
    """The ids of all that was told, in their order."""
    return [alert.id for fired in seen["publisher"] if isinstance(fired, AlertsFired) for alert in fired.alerts]


async def test_a_price_that_gets_there_is_kept_told_and_sent(autojump_clock: Any) -> None:
    stage = Stage()
    stage.rule()
    async with among_witnesses(stage.make, *NAMES, answer=True) as (system, seen):
        await trio.sleep(1)
        assert [wish.instruments for wish in seen["broadcaster"]] == [frozenset({NAME})]
        await trade(system, 99.0, 101.0, 101.5)
        [alert] = stage.durable.tables.alerts.values()
        assert (alert.owner, alert.rule, alert.name, alert.kind, alert.instrument) == ("u1", 1, "mine", "price", NAME)
        assert (alert.value, alert.message) == (101.0, f"{NAME} rose to 100: it is at 101")
        assert told(seen) == [alert.id]
        assert stage.durable.tables.untold == {}
        assert seen["webhooks"] == [DeliveriesDue()]
        counted = await system.ref("/engine/subject").ask(Count(), timeout_s=1)
        assert counted == {
            "alert_rules": 1, "alerts_waiting": 0, "alerts_dropped": 0, "alerts_refused": 0, "alerts_told": 1, "alerts_ticks_dropped": 0,
        }  # fmt: skip


async def test_it_goes_on_saying_what_it_follows_and_hears_of_new_rules_at_once(autojump_clock: Any) -> None:
    stage = Stage()
    async with among_witnesses(stage.make, *NAMES, answer=True) as (system, seen):
        await trio.sleep(1)
        stage.rule()
        system.ref("/engine/subject").tell(AlertsChanged())
        await trio.sleep(1)
        await trade(system, 101.0)
        assert len(told(seen)) == 1
        stage.rule(PriceCondition(instrument="NSE:B", comparison="above", value=1), 2)
        await trio.sleep(READ_S + LOOK_S)
        assert seen["broadcaster"][-1] == Follow(system.ref("/engine/subject"), frozenset({NAME, "NSE:B"}))


async def test_an_engine_that_died_before_it_kept_an_alert_leaves_it_to_the_next_one(autojump_clock: Any) -> None:
    stage = Stage()
    stage.rule(msgspec.structs.replace(ABOVE, comparison="crosses"))
    async with among_witnesses(stage.make, *NAMES, answer=True) as (system, seen):
        await trade(system, 99.0)
        await trio.sleep(LOOK_S)
        stage.durable.tables.away = True
        await trade(system, 101.0)
        await stage.traded(NOON, 99.0, 101.0)
        await system.restart("/engine/subject")
        stage.durable.tables.away = False
        assert told(seen) == []
        await trade(system, 101.0, 101.2)
        await trio.sleep(3 * 60)
        assert len(told(seen)) == 1


async def test_a_price_that_only_touched_its_level_before_the_engine_died_is_told_once_by_the_next_one(
    autojump_clock: Any,
) -> None:
    stage = Stage()
    stage.rule()
    async with among_witnesses(stage.make, *NAMES, answer=True) as (system, seen):
        await trade(system, 99.0)
        await trio.sleep(LOOK_S)
        stage.durable.tables.away = True
        await trade(system, 101.0)
        await stage.traded(NOON, 99.0, 101.0)
        await system.restart("/engine/subject")
        stage.durable.tables.away = False
        await trade(system, 98.0)
        await stage.traded(NOON, 99.0, 101.0, 98.0)
        await trio.sleep(3 * 60)
        assert len(told(seen)) == 1
        [alert] = stage.durable.tables.alerts.values()
        assert (alert.value, alert.message) == (
            101.0,
            f"{NAME} rose to 100 on 2026-11-19 at 12:00 IST while it was not watched: it got to 101",
        )
        await trade(system, 101.0)
        assert len(told(seen)) == 2


async def test_a_spike_while_no_engine_ran_is_told_once_when_history_has_it(autojump_clock: Any) -> None:
    stage = Stage()
    stage.rule()
    async with among_witnesses(stage.make, *NAMES, answer=True) as (system, seen):
        await trade(system, 99.0)
        await stage.traded(NOON, 99.0)
        await trio.sleep(2 * READ_S)
    later = NOON + 10 * MINUTE_NS
    hole = NOON + 2 * MINUTE_NS, NOON + 10 * MINUTE_NS
    await stage.hot.set_healing({NAME: [hole]})
    async with among_witnesses(stage.make, *NAMES, answer=True, start_ns=later) as (system, seen):
        await trade(system, 99.0)
        await stage.traded(later, 99.0)
        await trio.sleep(5 * 60)
        assert told(seen) == []
        await stage.traded(NOON + 4 * MINUTE_NS, 99.0, 103.0, 99.0)
        await stage.hot.set_healing({})
        await trio.sleep(2 * READ_S)
        [alert] = stage.durable.tables.alerts.values()
        assert "at 12:04 IST" in alert.message
        assert len(told(seen)) == 1
    async with among_witnesses(stage.make, *NAMES, answer=True, start_ns=later + 10 * MINUTE_NS) as (system, seen):
        await trade(system, 99.0)
        await trio.sleep(2 * 60)
        assert told(seen) == []


async def test_what_was_told_before_the_engine_died_is_not_told_of_the_same_minute_again(autojump_clock: Any) -> None:
    stage = Stage()
    stage.rule()
    async with among_witnesses(stage.make, *NAMES, answer=True) as (system, seen):
        await trade(system, 99.0, 101.0, 98.0)
        await stage.traded(NOON, 99.0, 101.0, 98.0)
        assert len(told(seen)) == 1
        await system.restart("/engine/subject")
        await trade(system, 98.0)
        await trio.sleep(3 * 60)
        assert len(told(seen)) == 1


async def test_rules_that_could_not_be_read_are_put_before_what_was_traded_meanwhile(autojump_clock: Any) -> None:
    stage = Stage()
    stage.rule()
    stage.durable.tables.checkpoints["alerts"] = NOON
    stage.durable.tables.away = True
    async with among_witnesses(stage.make, *NAMES, answer=True) as (system, seen):
        await trade(system, 99.0, 101.0, 98.0)
        await stage.traded(NOON, 99.0, 101.0, 98.0)
        stage.durable.tables.away = False
        await trio.sleep(2 * LOOK_S)
        assert len(told(seen)) == 1


async def test_what_was_traded_before_a_rule_was_written_is_not_its_matter(autojump_clock: Any) -> None:
    stage = Stage()
    await stage.traded(NOON, 99.0, 101.0, 98.0)
    async with among_witnesses(stage.make, *NAMES, answer=True, start_ns=NOON) as (system, seen):
        await trio.sleep(1)
        stage.rule(written_ns=NOON)
        system.ref("/engine/subject").tell(AlertsChanged())
        await trio.sleep(2 * 60)
        await trade(system, 98.0)
        await trio.sleep(2 * 60)
        assert told(seen) == []


async def test_what_was_kept_and_not_told_is_told_by_the_next_one_under_the_same_id(autojump_clock: Any) -> None:
    stage = Stage()
    stage.rule()
    async with among_witnesses(stage.make, *NAMES, answer=False) as (system, seen):
        await trade(system, 101.0)
        assert len(stage.durable.tables.untold) == 1
    first = told(seen)
    async with among_witnesses(stage.make, *NAMES, answer=True) as (system, seen):
        await trade(system, 101.0, 102.0)
        assert told(seen) == first[:1]
        assert stage.durable.tables.untold == {}


async def test_who_can_tell_nobody_goes_on_keeping(autojump_clock: Any) -> None:
    stage = Stage()
    stage.rule()
    stage.rule(msgspec.structs.replace(ABOVE, value=102.0), 2)
    async with among_witnesses(stage.make, *NAMES, answer=False) as (system, _):
        await trade(system, 101.0)
        assert [alert.rule for alert in stage.durable.tables.alerts.values()] == [1]
        await trade(system, 103.0)
        assert [alert.rule for alert in stage.durable.tables.alerts.values()] == [1, 2]
        assert len(stage.durable.tables.untold) == 2


async def test_while_the_store_is_away_alerts_wait_in_their_order(autojump_clock: Any) -> None:
    stage = Stage()
    stage.rule()
    stage.rule(msgspec.structs.replace(ABOVE, value=102.0), 2, once=True)
    async with among_witnesses(stage.make, *NAMES, answer=True) as (system, seen):
        await trade(system, 99.0)
        stage.durable.tables.away = True
        await trade(system, 101.0, 98.0, 103.0)
        assert told(seen) == []
        assert (await system.ref("/engine/subject").ask(Count(), timeout_s=1))["alerts_waiting"] == 3
        stage.durable.tables.away = False
        await trio.sleep(PAUSE_S + 1)
        assert [identity.partition("-")[0] for identity in told(seen)] == ["1", "1", "2"]


async def test_what_no_tick_tells_is_looked_at(autojump_clock: Any) -> None:
    stage = Stage()
    stage.rule(GapCondition(instrument=NAME, minutes=3), 1)
    stage.rule(FeedCondition(provider="dhan", seconds=60), 2)
    stage.rule(TokenCondition(provider="dhan", hours=2), 3)
    await stage.hot.set_healing({NAME: [(NOON, NOON + 5 * MINUTE_NS)]})
    feeds = {
        "dhan/0": {"status": "live", "since": 0, "why": ""},
        "dhan/1": {"status": "failed", "since": NOON // 1_000_000 - 70_000, "why": "refused"},
        "kite/0": {"status": "failed", "since": 0, "why": ""},
    }
    await stage.hot.write_heartbeat({"feeds": feeds})
    ends = {"dhan": {"expires_at": (NOON + 3_600 * SECOND_NS) // 1_000_000}}
    async with among_witnesses(stage.make, *NAMES, answer=ends) as (_, _):
        await trio.sleep(2 * LOOK_S + 1)
        words = {alert.rule: alert.message for alert in stage.durable.tables.alerts.values()}
    assert words[1] == f"{NAME}: 5 min are missing or in doubt; they are being healed"
    assert words[2].startswith("The feed of dhan has been failed for 7")
    assert words[3] == "The token of dhan ends in 1.0 h"


async def test_a_feed_nobody_hears_of_and_a_token_that_is_missing_or_refused_are_told(autojump_clock: Any) -> None:
    stage = Stage()
    stage.rule(FeedCondition(provider="dhan", seconds=60), 1)
    stage.rule(FeedCondition(provider="kite", seconds=60), 2)
    for identity, provider in enumerate(("dhan", "yahoo", "kite"), 3):
        stage.rule(TokenCondition(provider=provider, hours=2), identity)
    async with among_witnesses(stage.make, *NAMES, answer={}) as (_, _):
        await trio.sleep(30)
        assert {alert.rule for alert in stage.durable.tables.alerts.values()} == {3}
        await trio.sleep(60)
        words = {alert.rule: alert.message for alert in stage.durable.tables.alerts.values()}
    assert words.keys() == {1, 3}
    assert words[1].startswith("The feed of dhan has been missing for 6")
    assert words[3] == "The token of dhan is missing or refused"


async def test_a_token_that_is_refused_before_its_end_is_told(autojump_clock: Any) -> None:
    stage = Stage()
    stage.rule(TokenCondition(provider="dhan", hours=2))
    ends = {"dhan": {"expires_at": (NOON + 80_000 * SECOND_NS) // 1_000_000}}
    async with among_witnesses(stage.make, *NAMES, answer=ends) as (_, _):
        await trio.sleep(3 * LOOK_S)
        assert stage.durable.tables.alerts == {}
        feed = {"status": "failed", "since": NOON // 1_000_000, "why": "refused", "cause": "token_dead"}
        await stage.hot.write_heartbeat({"feeds": {"dhan/0": feed}})
        await trio.sleep(2 * LOOK_S)
        assert len(stage.durable.tables.alerts) == 1


class Refusing(MemoryAlertRules):
    """A table that takes nothing of the first rule, for as long as it has a reason."""

    def __init__(self, tables: Tables, why: StorageError) -> None:
        super().__init__(tables)
        self.why: StorageError | None = why

    async def fire(self, rule: AlertRule, standing: Standing, alert: FiredAlert) -> None:
        if rule.id == 1 and self.why is not None:
            raise self.why
        await super().fire(rule, standing, alert)


async def test_an_alert_that_the_table_takes_never_holds_up_no_others(autojump_clock: Any) -> None:
    stage = Stage()
    stage.rule()
    stage.rule(msgspec.structs.replace(ABOVE, value=102.0), 2)
    stage.durable.alert_rules = Refusing(stage.durable.tables, UnfitRowError("no such value"))
    async with among_witnesses(stage.make, *NAMES, answer=True) as (system, _):
        await trade(system, 99.0, 103.0)
        assert [alert.rule for alert in stage.durable.tables.alerts.values()] == [2]
        assert (await system.ref("/engine/subject").ask(Count(), timeout_s=1))["alerts_refused"] == 1


async def test_an_alert_that_the_table_refuses_for_now_waits_and_holds_up_no_others(autojump_clock: Any) -> None:
    stage = Stage()
    stage.rule()
    stage.rule(msgspec.structs.replace(ABOVE, value=102.0), 2)
    stage.durable.alert_rules = rules = Refusing(stage.durable.tables, DurableStoreError("It answered: lock timeout"))
    async with among_witnesses(stage.make, *NAMES, answer=True) as (system, seen):
        await trade(system, 99.0, 103.0, 95.0, 104.0)
        await trio.sleep(PAUSE_S)
        assert [alert.rule for alert in stage.durable.tables.alerts.values()] == [2, 2]
        rules.why = None
        await trio.sleep(PAUSE_S + 1)
        alerts = stage.durable.tables.alerts.values()
        assert [(alert.rule, alert.value) for alert in alerts] == [(2, 103.0), (2, 104.0), (1, 103.0), (1, 104.0)]
        assert len(told(seen)) == 4
        assert (await system.ref("/engine/subject").ask(Count(), timeout_s=1))["alerts_refused"] == 0


async def test_a_store_that_is_away_keeps_nobody_from_looking_again(autojump_clock: Any) -> None:
    stage = Stage()
    stage.rule(GapCondition(instrument=NAME, minutes=3))
    await stage.hot.set_healing({NAME: [(NOON, NOON + 5 * MINUTE_NS)]})
    async with among_witnesses(stage.make, *NAMES, answer=True) as (_, seen):
        await trio.sleep(1)
        stage.hot.link.away = True
        await trio.sleep(2 * LOOK_S)
        assert told(seen) == []
        stage.hot.link.away = False
        await trio.sleep(LOOK_S)
        assert len(told(seen)) == 1


async def test_no_tick_waits_until_a_rule_about_a_token_has_been_looked_at(autojump_clock: Any) -> None:
    stage = Stage()
    stage.rule()
    stage.rule(TokenCondition(provider="dhan", hours=2), 2)

    async with among_witnesses(stage.make, *NAMES, answer=True) as (system, seen):
        await trio.sleep(1)
        await system.pause("/engine/credentials")
        await trio.sleep(LOOK_S)
        await trade(system, 101.0)
        assert len(told(seen)) == 1


async def test_what_is_old_is_forgotten(autojump_clock: Any) -> None:
    stage = Stage()
    stage.rule()
    async with among_witnesses(stage.make, *NAMES, answer=True) as (system, _):
        await trade(system, 101.0)
        [alert] = stage.durable.tables.alerts.values()
        old = msgspec.structs.replace(alert, id="old", at_ns=NOON - KEPT_NS)
        stage.durable.tables.alerts["old"] = old
        await trio.sleep(TIDY_S + READ_S)
        assert list(stage.durable.tables.alerts) == [alert.id]


class Untidy(MemoryAlertRules):
    """A table that can not forget, and counts how often it was to."""

    tries = 0

    async def forget(self, before_ns: int, most: int) -> int:
        self.tries += 1
        raise DurableStoreError("It answered: permission denied")


async def test_a_table_that_can_not_forget_is_asked_again_after_an_hour_not_at_every_look(autojump_clock: Any) -> None:
    stage = Stage()
    stage.rule()
    stage.durable.alert_rules = rules = Untidy(stage.durable.tables)
    async with among_witnesses(stage.make, *NAMES, answer=True) as (system, seen):
        await trade(system, 99.0, 101.0)
        await trio.sleep(TIDY_S / 2)
        assert len(told(seen)) == 1
        assert rules.tries == 1
        await trio.sleep(TIDY_S / 2 + READ_S)
        assert rules.tries == 2


@pytest.mark.parametrize("seed", range(12))
async def test_whatever_dies_and_whenever_each_alert_is_told_and_none_under_two_ids(
    autojump_clock: Any, seed: int
) -> None:
    """A market wanders, two prices a minute; the actor is killed between them, after it heard the first one or before; the store
    goes away at any moment. What the rules tell is what one engine would have told that heard all prices."""
    chance, stage = random.Random(seed), Stage()
    rules = [(ABOVE, 1), (msgspec.structs.replace(ABOVE, comparison="below"), 2)]
    for condition, identity in rules:
        stage.rule(condition, identity)
    expected = {identity: stage.durable.tables.alert_rules[identity] for _, identity in rules}
    reached = dict.fromkeys(expected, 0)
    async with among_witnesses(stage.make, *NAMES, answer=True) as (system, seen):
        price = 99.5
        for _ in range(30):
            now_ns = system.clock.now_ns()
            await trio.sleep((MINUTE_NS - now_ns % MINUTE_NS) / SECOND_NS + 1)
            prices = (first := wander(chance, price)), (price := wander(chance, first))
            minute_ns = system.clock.now_ns()
            dies, stage.durable.tables.away = chance.random() < 0.5, chance.random() < 0.3
            if not dies or chance.random() < 0.5:  # else it was dead already when the first one came
                await trade(system, prices[0])
            if dies:
                await system.restart("/engine/subject")
            await trio.sleep(chance.choice((0, LOOK_S)))
            stage.durable.tables.away = False
            await trade(system, prices[1])
            await stage.traded(minute_ns, *prices)
            await trio.sleep(90)
            for identity, rule in [*expected.items()]:
                reached[identity] += look_at(expected, rule, prices, minute_ns)
        assert stage.durable.tables.untold == {}
    ids = told(seen)
    assert len(ids) == len(set(ids)) == sum(reached.values()) > 0
    for identity, times in reached.items():
        assert sum(one.startswith(f"{identity}-") for one in ids) == times


def wander(chance: random.Random, price: float) -> float:
    """The next price; it does not go far from 100."""
    return price + (chance.choice((-3.0, -0.4, 0.4, 3.0)) if 92 < price < 108 else 3.0 * (1 if price < 100 else -1))


def look_at(rules: dict[int, AlertRule], rule: AlertRule, prices: Iterable[float], now_ns: int) -> int:
    """How often prices are told, by the pure rule; where it stands then is kept."""
    assert isinstance(rule.condition, PriceCondition)
    count = 0
    for price in prices:
        look = look_at_price(rule.condition, tick(now_ns, price, 1))
        assert look is not None
        standing, is_told = judge(rule, look, now_ns)
        rule = msgspec.structs.replace(rule, standing=standing)
        count += is_told
    rules[rule.id] = rule
    return count
