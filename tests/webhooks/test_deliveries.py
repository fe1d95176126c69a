"""Deliveries: tried until they arrive, kept in the table, and gone on with by whoever comes after."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from functools import partial

import trio

from actors import webhooks
from actors.messages import Count, DeliveriesDue
from actors.webhooks import Webhooks
from engine.credentials import SealingKeys
from engine.market.alert_rule import PriceCondition, Standing
from engine.providers.secret import Secret
from engine.runtime import ActorSystem, Backoff, ChildSpec, Supervisor
from engine.storage.bridge import bridged, open_bridge
from engine.storage.durable import DurableStore
from engine.storage.durable.alerts import Delivery, FiredAlert, RuleDraft
from engine.webhooks import Answer, Sender, WebhookSecrets
from tests.webhooks.receiver import receiving

SECRETS = WebhookSecrets(SealingKeys.derived("a-key-for-tests-only"))
PRICE = PriceCondition(instrument="NSE:TCS", comparison="above", value=100.0)
NOON = 1_700_000_000 * 10**9


@asynccontextmanager
async def a_store(url: str) -> AsyncGenerator[DurableStore]:
    async with open_bridge():
        store = bridged(await bridged(DurableStore).connect(url))
        for name in ("ann", "bob"):
            await store.add_user(name, f"{name}@example.org")
        yield store
        await store.close()


@asynccontextmanager
async def delivering(store: DurableStore, sender: Sender | None = None) -> AsyncGenerator[ActorSystem]:
    """An actor that tries again soon, and a way to wait for what becomes of it."""
    retry = Backoff(initial_s=0.01, maximum_s=0.02)
    sender = sender or Sender(to_private=True)
    make = partial(Webhooks, store, SECRETS, sender, jitter=lambda: 0.0, retry=retry)
    async with ActorSystem("engine") as system:
        await system.start(ChildSpec("engine", partial(Supervisor, [ChildSpec("webhooks", make)])))
        yield system


async def fired(store: DurableStore, url: str, number: int = 1, owner: str = "ann") -> None:
    _, sealed = SECRETS.make(owner)
    webhook = await store.webhooks.add(owner, "w", url, sealed)
    assert webhook is not None
    draft = RuleDraft(
        name="r",
        condition=PRICE,
        once=False,
        cool_down_s=0,
        hysteresis_percent=0.1,
        webhook=webhook.id,
        is_enabled=True,
    )
    made = await store.alert_rules.add(owner, draft)
    assert made is not None
    rule = next(rule for rule in await store.alert_rules.live() if rule.id == made.id)
    for second in range(number):
        alert = FiredAlert(
            id=f"{rule.id}-{second}", owner=owner, rule=rule.id, name="r", kind="price", instrument="NSE:TCS", message="m",
            value=1.0, at_ns=NOON + second,
        )  # fmt: skip
        await store.alert_rules.fire(rule, Standing(0, "", NOON + second), alert)


async def until(
    store: DurableStore, system: ActorSystem, is_so: Callable[[list[Delivery]], bool], owner: str = "ann"
) -> list[Delivery]:
    with trio.fail_after(20):
        while not is_so(found := await store.deliveries.of(owner, 100, 2**62)):
            system.ref("/engine/webhooks").tell(DeliveriesDue())
            await trio.sleep(0.02)
    return found


def all_are(status: str) -> Callable[[list[Delivery]], bool]:
    return lambda found: all(one.status == status for one in found)


async def test_what_is_refused_is_tried_again_until_it_arrives(database_url: str) -> None:
    async with a_store(database_url) as store, receiving(500, 503, 204) as receiver:
        await fired(store, receiver.url)
        async with delivering(store) as system:
            [told] = await until(store, system, all_are("delivered"))
            counted = await system.ref("/engine/webhooks").ask(Count(), timeout_s=5)
        assert (told.attempts, told.http_status, told.why) == (3, 204, "")
        assert {one.headers["x-ticktree-id"] for one in receiver.received} == {told.alert}
        assert counted == {"webhooks_delivered": 1, "webhooks_failed": 0, "webhooks_retried": 2}


async def test_who_says_that_it_is_gone_is_left_alone_and_who_never_takes_it_is_given_up(database_url: str) -> None:
    async with a_store(database_url) as store, receiving(410) as gone, receiving(500) as broken:
        await fired(store, gone.url)
        await fired(store, broken.url)
        async with delivering(store) as system:
            found = await until(store, system, all_are("failed"))
        assert [one.attempts for one in found] == [webhooks.ATTEMPTS, 1]
        assert found[0].why == "it answered 500"


class Stumbling(Sender):
    """Has a bug that one address hits."""

    async def send(self, url: str, secret: Secret, alert: FiredAlert, now_ns: int) -> Answer:
        if url.endswith("/stumble"):
            raise LookupError("nobody thought of this")
        return await super().send(url, secret, alert, now_ns)


async def test_an_address_that_we_stumble_over_fails_and_ends_nothing_else(database_url: str) -> None:
    async with a_store(database_url) as store, receiving(204) as receiver:
        await fired(store, "https://example.org/stumble")
        await fired(store, receiver.url)
        async with delivering(store, Stumbling(to_private=True)) as system:
            found = await until(store, system, lambda told: {one.status for one in told} == {"delivered", "failed"})
            assert system.snapshot("/engine/webhooks").restarts == 0
        assert found[1].why == "it can not be sent: LookupError"


async def test_who_dies_while_it_sends_leaves_the_rest_to_the_next_one(database_url: str) -> None:
    async with a_store(database_url) as store, receiving(0, 204) as receiver:
        await fired(store, receiver.url, number=3)
        async with delivering(store) as system:
            with trio.fail_after(20):
                while not receiver.received:
                    await trio.sleep(0.01)
            await system.restart("/engine/webhooks")
            found = await until(store, system, all_are("delivered"))
        assert len(found) == 3
        assert {one.headers["x-ticktree-id"] for one in receiver.received} == {one.alert for one in found}


async def test_addresses_of_one_user_that_hang_hold_up_nobody_elses(database_url: str) -> None:
    async with a_store(database_url) as store, receiving(0) as hanging, receiving(204) as quick:
        for _ in range(8):
            await fired(store, hanging.url, number=5)
        await fired(store, quick.url, number=3, owner="bob")
        async with delivering(store) as system:
            await until(store, system, all_are("delivered"), owner="bob")
        assert len(quick.received) == 3
        assert len(hanging.received) <= 2
