"""Alert rules, what they told and what is sent of it: kept once, judged by the newest revision, never two owners' at once."""

from math import inf
from typing import Any

import msgspec
import pytest

from engine.market.alert_rule import AlertRule, FeedCondition, PriceCondition, Seen, Standing, TokenCondition
from engine.storage.durable import DurableStore
from engine.storage.durable.alerts import (
    CrowdedRulesError,
    FiredAlert,
    RuleDraft,
    SealedSecret,
    TooManyRulesError,
    TooManyWebhooksError,
    UnknownWebhookError,
)
from engine.storage.durable.alerts.rules import RULES, WAITING
from engine.storage.durable.alerts.webhooks import WEBHOOKS
from engine.storage.errors import DurableStoreError, UnfitRowError
from engine.storage.memory import MemoryDurableStore
from tests.storage.conftest import ON_POSTGRESQL

pytestmark = pytest.mark.anyio

NOON = 1_795_069_800 * 10**9
SECOND = 10**9
FAR = 4_000_000_000 * SECOND
PRICE = PriceCondition(instrument="NSE:TCS", comparison="above", value=100.0)
SECRET = SealedSecret(b"sealed", b"once", "k1", "abc")


@pytest.fixture
async def store(durable: DurableStore) -> DurableStore:
    """One with two users and an administrator."""
    for identity, role in (("ann", "user"), ("bob", "user"), ("root", "admin")):
        await durable.add_user(identity, f"{identity}@example.org", role=role)  # type: ignore[arg-type]
    return durable


def draft(**changes: Any) -> RuleDraft:
    values: dict[str, Any] = {"name": "r", "condition": PRICE, "webhook": None, "is_enabled": True}
    values |= {"once": False, "cool_down_s": 60, "hysteresis_percent": 0.1}
    return RuleDraft(**(values | changes))


async def live(store: DurableStore, owner: str = "ann", **changes: Any) -> AlertRule:
    made = await store.alert_rules.add(owner, draft(**changes))
    assert made is not None
    return next(rule for rule in await store.alert_rules.live() if rule.id == made.id)


def alert_of(rule: AlertRule, at_ns: int = NOON, **changes: Any) -> FiredAlert:
    values: dict[str, Any] = {"kind": "price", "instrument": "NSE:TCS", "message": "m", "value": 101.0, "at_ns": at_ns}
    values |= {"id": f"{rule.id}-{at_ns}", "owner": rule.owner, "rule": rule.id, "name": rule.name}
    return FiredAlert(**(values | changes))


async def fire(store: DurableStore, rule: AlertRule, at_ns: int = NOON) -> FiredAlert:
    alert = alert_of(rule, at_ns)
    await store.alert_rules.fire(rule, Standing(0, "", at_ns), alert)
    return alert


async def webhook(store: DurableStore, owner: str = "ann") -> int:
    made = await store.webhooks.add(owner, "w", "https://example.org/hook", SECRET)
    assert made is not None
    return made.id


@ON_POSTGRESQL
async def test_a_rule_is_kept_rewritten_and_taken_away_by_its_owner_alone(store: DurableStore) -> None:
    made = await store.alert_rules.add("ann", draft())
    assert made is not None
    assert await store.alert_rules.of("ann") == [made] == [await store.alert_rules.one("ann", made.id)]
    changed = draft(name="other", condition=FeedCondition(provider="dhan"), once=True)
    assert await store.alert_rules.change("bob", made.id, changed) is None
    rewritten = await store.alert_rules.change("ann", made.id, changed)
    assert rewritten is not None
    assert (rewritten.name, rewritten.condition, rewritten.once) == ("other", FeedCondition(provider="dhan"), True)
    assert await store.alert_rules.of("bob") == [] == await store.alert_rules.of("nobody")
    assert await store.alert_rules.retire("bob", made.id) is None
    assert await store.alert_rules.retire("ann", made.id) is not None
    assert await store.alert_rules.one("ann", made.id) is None
    assert await store.alert_rules.live() == []
    assert await store.alert_rules.add("nobody", draft()) is None


@ON_POSTGRESQL
async def test_a_rule_is_judged_while_it_is_on_and_its_owner_may_have_it(store: DurableStore) -> None:
    await store.alert_rules.add("ann", draft(is_enabled=False))
    for owner in ("ann", "root"):
        await store.alert_rules.add(owner, draft(condition=TokenCondition(provider="dhan")))
    assert [rule.owner for rule in await store.alert_rules.live()] == ["root"]
    rule = await live(store)
    assert (rule.condition, rule.standing, rule.revision) == (PRICE, Standing(), 0)
    await store.change_user("ann", NOON, "disabled", is_active=False)
    assert [rule.owner for rule in await store.alert_rules.live()] == ["root"]


@ON_POSTGRESQL
async def test_where_a_rule_stands_outlives_the_engine_unless_it_was_rewritten(store: DurableStore) -> None:
    rule = await live(store)
    await store.alert_rules.stand({(rule.id, 0): Standing(-1, "monday")})
    await store.alert_rules.stand({})
    assert [one.standing for one in await store.alert_rules.live()] == [Standing(-1, "monday")]
    await store.alert_rules.change("ann", rule.id, draft())
    await store.alert_rules.stand({(rule.id, 0): Standing(1, "tuesday")})
    assert [(one.revision, one.standing) for one in await store.alert_rules.live()] == [(1, Standing())]


@ON_POSTGRESQL
async def test_what_a_rule_was_put_before_last_is_kept_with_where_it_stands(store: DurableStore) -> None:
    rule, seen = await live(store), Seen(NOON, 101.5, 99.25)
    assert rule.written_ns > 0
    await store.alert_rules.stand({(rule.id, 0): Standing(-1, seen=seen)})
    assert [one.standing.seen for one in await store.alert_rules.live()] == [seen]
    whole = Standing(0, "", NOON, Seen(NOON, inf, -inf))
    await store.alert_rules.fire(rule, whole, alert_of(rule))
    assert [one.standing for one in await store.alert_rules.live()] == [whole]
    await store.alert_rules.change("ann", rule.id, draft())
    assert [one.standing for one in await store.alert_rules.live()] == [Standing()]


@ON_POSTGRESQL
async def test_an_alert_that_can_never_be_kept_is_told_from_one_that_is_refused_for_now(store: DurableStore) -> None:
    rule = await live(store)
    for wrong in ({"message": "a\0b"}, {"at_ns": 2**70}):
        with pytest.raises(UnfitRowError):
            await store.alert_rules.fire(rule, Standing(0, "", NOON), alert_of(rule, **wrong))
    await store._link.value("ALTER TABLE alerts RENAME TO elsewhere")
    with pytest.raises(DurableStoreError) as refused:
        await fire(store, rule)
    assert not isinstance(refused.value, UnfitRowError)
    await store._link.value("ALTER TABLE elsewhere RENAME TO alerts")
    assert [alert.id for alert in await store.fired_alerts.untold(10)] == []


@ON_POSTGRESQL
async def test_what_was_taken_away_is_forgotten_once_nothing_it_told_is_kept(store: DurableStore) -> None:
    hook = await webhook(store)
    told, silent, kept = await live(store, webhook=hook), await live(store), await live(store)
    await fire(store, told)
    for rule in (told, silent):
        await store.alert_rules.retire("ann", rule.id)
    await store.webhooks.retire("ann", hook)
    assert await store.alert_rules.forget(NOON - 10**9 * 86_400 * 365, 10) == 0
    assert await store.alert_rules.forget(FAR, 10) == 1
    await store.fired_alerts.forget(FAR, 10)
    assert await store.alert_rules.forget(FAR, 10) == 2
    assert [rule.id for rule in await store.alert_rules.live()] == [kept.id]


@ON_POSTGRESQL
async def test_of_what_was_taken_away_so_many_are_forgotten_at_once(store: DurableStore) -> None:
    for _ in range(3):
        await store.alert_rules.retire("ann", (await live(store)).id)
        await store.webhooks.retire("ann", await webhook(store))
    assert [await store.alert_rules.forget(FAR, 2) for _ in range(3)] == [4, 2, 0]


@ON_POSTGRESQL
async def test_what_waits_for_who_was_put_out_has_failed_also_when_they_come_back(store: DurableStore) -> None:
    await fire(store, await live(store, webhook=await webhook(store)))
    await store.change_user("ann", NOON, "disabled", is_active=False)
    await store.deliveries.give_up()
    await store.change_user("ann", NOON, "enabled", is_active=True)
    assert await store.deliveries.due(FAR, 10) == []
    assert [one.why for one in await store.deliveries.of("ann", 10, 2**62)] == ["the account is disabled"]


@ON_POSTGRESQL
async def test_an_alert_is_untold_until_somebody_says_otherwise(store: DurableStore) -> None:
    rule = await live(store)
    first, second = await fire(store, rule), await fire(store, rule, NOON + SECOND)
    assert await fire(store, rule) == first
    assert await store.fired_alerts.untold(10) == [first, second]
    await store.fired_alerts.told([first.id])
    assert await store.fired_alerts.untold(10) == [second]
    assert await store.fired_alerts.of("ann", 10, (2**62, "")) == [second, first]
    assert await store.fired_alerts.of("ann", 10, (second.at_ns, second.id)) == [first]
    assert await store.fired_alerts.of("bob", 10, (2**62, "")) == []
    assert [one.standing for one in await store.alert_rules.live()] == [Standing(0, "", NOON)]
    assert await store.fired_alerts.forget(NOON + SECOND, 10) == 1


@ON_POSTGRESQL
async def test_what_was_judged_by_an_older_rule_or_one_that_is_off_is_not_told(store: DurableStore) -> None:
    once, rewritten = await live(store, once=True), await live(store)
    await fire(store, once)
    await fire(store, once, NOON + SECOND)
    await store.alert_rules.change("ann", rewritten.id, draft())
    await fire(store, rewritten)
    assert [alert.rule for alert in await store.fired_alerts.untold(10)] == [once.id]
    own = await store.alert_rules.one("ann", once.id)
    assert own is not None
    assert (own.is_enabled, own.fired_at is not None) == (False, True)


@ON_POSTGRESQL
async def test_an_alert_goes_to_the_rules_webhook_until_it_has_arrived(store: DurableStore) -> None:
    rule = await live(store, webhook=await webhook(store))
    alert = await fire(store, rule)
    assert await store.deliveries.due(NOON - SECOND, 10) == []
    [due] = await store.deliveries.due(NOON, 10)
    assert (due.alert, due.url, due.holder, due.secret) == (alert, "https://example.org/hook", "ann", SECRET)
    await store.deliveries.settle(due.id, "waiting", due_ns=NOON + 5 * SECOND, http_status=500, why="no")
    assert await store.deliveries.due(NOON, 10) == []
    [due] = await store.deliveries.due(NOON + 5 * SECOND, 10)
    assert due.attempts == 1
    await store.deliveries.settle(due.id, "delivered", http_status=204)
    await store.deliveries.settle(due.id, "failed", why="too late to say")
    [told] = await store.deliveries.of("ann", 10, 2**62)
    assert (told.alert, told.status, told.attempts, told.http_status, told.why) == (alert.id, "delivered", 2, 204, "")
    assert await store.deliveries.of("bob", 10, 2**62) == []


@ON_POSTGRESQL
async def test_a_test_goes_all_ways_of_a_rule_that_may_be_off(store: DurableStore) -> None:
    rule = await live(store, webhook=await webhook(store))
    await store.alert_rules.change("ann", rule.id, draft(webhook=await webhook(store), is_enabled=False))
    alert = alert_of(rule, is_test=True, value=None)
    assert await store.alert_rules.test(alert)
    assert not await store.alert_rules.test(alert_of(rule, NOON + SECOND, is_test=True))
    assert await store.fired_alerts.untold(10) == [alert]
    assert [due.alert for due in await store.deliveries.due(NOON, 10)] == [alert]


@ON_POSTGRESQL
async def test_one_webhook_holds_up_none_of_the_others_of_its_user_and_keeps_so_many(store: DurableStore) -> None:
    slow, quick = await live(store, webhook=await webhook(store)), await live(store, webhook=await webhook(store))
    for second in range(8):
        await fire(store, slow, NOON + second * SECOND)
    await fire(store, quick, NOON + 9 * SECOND)
    first, second = await store.deliveries.due(NOON + 20 * SECOND, 100)
    assert [first.alert.rule, second.alert.rule] == [slow.id, quick.id]
    [next_one] = await store.deliveries.due(NOON + 20 * SECOND, 100, [first.id])
    assert next_one == second, "one of the slow webhook is being tried"
    assert await store.deliveries.due(NOON + 20 * SECOND, 100, [first.id, second.id]) == []
    await store.deliveries.rest(first.id, NOON + 30 * SECOND)
    assert await store.deliveries.due(NOON + 20 * SECOND, 100) == [second], "its address did not answer"
    for number in range(8, WAITING + 1):
        await fire(store, slow, NOON + number * SECOND)
    newest, before, *_ = await store.deliveries.of("ann", 2, 2**62)
    assert (newest.status, before.status) == ("failed", "waiting")
    assert "others wait already" in newest.why


@ON_POSTGRESQL
async def test_whoever_has_many_that_wait_has_their_turn_and_others_have_theirs(store: DurableStore) -> None:
    for _ in range(3):
        rule = await live(store, webhook=await webhook(store))
        for second in range(8):
            await fire(store, rule, NOON + second * SECOND)
    theirs = await live(store, "bob", webhook=await webhook(store, "bob"))
    await fire(store, theirs, NOON + 9 * SECOND)
    due = await store.deliveries.due(NOON + 20 * SECOND, 2)
    assert [one.holder for one in due] == ["ann", "bob"]
    assert [one.holder for one in await store.deliveries.due(NOON + 20 * SECOND, 100)] == ["ann", "bob", "ann"]


@ON_POSTGRESQL
async def test_who_was_put_out_is_sent_nothing_more(store: DurableStore) -> None:
    await fire(store, await live(store, webhook=await webhook(store)))
    assert len(await store.deliveries.due(NOON, 10)) == 1
    await store.change_user("ann", NOON, "disabled", is_active=False)
    assert await store.deliveries.due(NOON, 10) == []


@ON_POSTGRESQL
async def test_a_webhook_that_is_deleted_leaves_no_secret_and_nothing_waiting(store: DurableStore) -> None:
    identity = await webhook(store)
    rule = await live(store, webhook=identity)
    await fire(store, rule)
    assert await store.webhooks.retire("bob", identity) is None
    assert await store.webhooks.retire("ann", identity) is not None
    assert await store.webhooks.of("ann") == []
    assert await store.deliveries.due(NOON, 10) == []
    assert [told.why for told in await store.deliveries.of("ann", 10, 2**62)] == ["the webhook was deleted"]
    [own] = await store.alert_rules.of("ann")
    assert own.webhook is None
    with pytest.raises(UnknownWebhookError):
        await store.alert_rules.add("ann", draft(webhook=identity))


@ON_POSTGRESQL
async def test_nobody_sends_to_the_webhook_of_another(store: DurableStore) -> None:
    theirs = await webhook(store, "bob")
    rule = await live(store)
    for attempt in (
        store.alert_rules.add("ann", draft(webhook=theirs)),
        store.alert_rules.change("ann", rule.id, draft(webhook=theirs)),
    ):
        with pytest.raises(UnknownWebhookError):
            await attempt
    assert await store.webhooks.of("ann") == []


@ON_POSTGRESQL
async def test_all_users_together_have_so_many_rules_and_no_more(
    store: DurableStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.storage.durable.alerts.rules.EVERYBODYS_RULES", 2)
    for owner in ("ann", "bob"):
        await store.alert_rules.add(owner, draft())
    with pytest.raises(CrowdedRulesError):
        await store.alert_rules.add("ann", draft())
    [own] = await store.alert_rules.of("ann")
    await store.alert_rules.retire("ann", own.id)
    assert await store.alert_rules.add("bob", draft()) is not None


@ON_POSTGRESQL
async def test_there_are_so_many_of_each_and_no_more(store: DurableStore) -> None:
    for _ in range(RULES):
        await store.alert_rules.add("ann", draft())
    with pytest.raises(TooManyRulesError):
        await store.alert_rules.add("ann", draft())
    for _ in range(WEBHOOKS):
        await webhook(store)
    with pytest.raises(TooManyWebhooksError):
        await webhook(store)
    assert await store.webhooks.add("nobody", "w", "https://example.org", SECRET) is None


async def test_what_the_engine_keeps_and_reads_is_the_same_without_a_server(store: DurableStore) -> None:
    rule, once = await judged(store), await judged(store, once=True)
    await store.alert_rules.stand({(rule.id, 0): Standing(-1, "monday"), (once.id, 7): Standing(1)})
    assert [one.standing for one in await store.alert_rules.live()] == [Standing(-1, "monday"), Standing()]
    later, first = await fire(store, once, NOON + SECOND), await fire(store, rule)
    assert await fire(store, rule) == first
    await fire(store, once, NOON + 2 * SECOND)
    assert await store.alert_rules.live() == [msgspec.structs.replace(rule, standing=Standing(0, "", NOON))]
    await store.alert_rules.stand({(rule.id, 0): Standing(-1)})
    assert [one.standing for one in await store.alert_rules.live()] == [Standing(-1, "", NOON)]
    assert await store.fired_alerts.untold(1) == [first]
    await store.fired_alerts.told([first.id, "another"])
    assert await store.fired_alerts.untold(10) == [later]
    assert await store.fired_alerts.forget(0, 1) == 1
    assert await store.fired_alerts.forget(NOON + 2 * SECOND, 10) == 1
    assert await store.fired_alerts.untold(10) == []
    assert await store.deliveries.due(NOON, 10) == []


async def judged(store: DurableStore, **changes: Any) -> AlertRule:
    """A rule as the engine sees it; in memory nobody writes one."""
    if not isinstance(store, MemoryDurableStore):
        return await live(store, **changes)
    rules = store.tables.alert_rules
    wanted = draft(**changes)
    rule = AlertRule(
        id=len(rules) + 1,
        owner="ann",
        name=wanted.name,
        condition=wanted.condition,
        once=wanted.once,
        cool_down_s=wanted.cool_down_s,
        hysteresis_percent=wanted.hysteresis_percent,
        revision=0,
        standing=Standing(),
    )
    rules[rule.id] = rule
    return rule
