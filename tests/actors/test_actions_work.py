"""Reading corporate actions as a job: each share once, repeated without harm, and what a provider lacks holds nobody up."""

from collections.abc import AsyncGenerator
from datetime import date

import pytest

from actors.actions_work import FIRST, ActionsCraft
from actors.job_arguments import JobError, JobNotNowError
from actors.patience import TRIES
from actors.routes import Routes
from engine.market.corporate_action import ActionKind, CorporateAction
from engine.providers.base import Advice, ProviderError, Route
from engine.storage.bridge import bridged, open_bridge
from engine.storage.durable import DurableStore
from tests.storage.durable.seeds import seeded

NOW_NS = 1_795_001_220_000_000_000
SPLIT_DAY = date(2026, 6, 1)


class Teller:
    """A provider that knows one split of each share but INFY, which it knows nothing of."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, date, date]] = []

    async def actions(self, route: Route, first: date, last: date) -> list[CorporateAction]:
        self.asked.append((route.security_id, first, last))
        if route.instrument == "NSE:INFY":
            raise ProviderError("no data found, symbol may be delisted", advice=Advice.FIX_REQUEST)
        return [
            CorporateAction(
                instrument=route.instrument, ex_date=SPLIT_DAY, kind=ActionKind.SPLIT, ratio=5, source="yahoo"
            )
        ]


@pytest.fixture
async def durable(database_url: str) -> AsyncGenerator[DurableStore]:
    async with open_bridge():
        store = bridged(await bridged(DurableStore).connect(database_url))
        await seeded(store)
        yield store
        await store.close()


def route(symbol: str, kind: str = "equity") -> Route:
    return Route(f"NSE:{symbol}", "NSE", f"{symbol}.NS", 0.05, kind)


def craft(durable: DurableStore, teller: Teller | None) -> ActionsCraft:
    routes = Routes(("dhan", "yahoo"))
    routes.cover("dhan", [route("TCS"), route("RELIANCE"), route("WIPRO")])
    routes.cover("yahoo", [route("TCS"), route("INFY"), route("RELIANCE"), route("NIFTY", "index")])
    return ActionsCraft(durable, routes, {} if teller is None else {"yahoo": teller})


async def test_all_shares_of_a_provider_that_tells_actions_are_read(durable: DurableStore) -> None:
    teller = Teller()
    kind = craft(durable, teller)
    work = kind.work(kind.complete({"instruments": None}, NOW_NS))
    words = [await work.step(number) for number in range(len(work))]
    assert teller.asked == [(f"{symbol}.NS", FIRST, date(2026, 11, 18)) for symbol in ("INFY", "RELIANCE", "TCS")]
    assert words[0].startswith("NSE:INFY: given up")
    assert words[1:] == [f"NSE:{name}: {n} actions new or changed so far" for n, name in ((1, "RELIANCE"), (2, "TCS"))]
    assert set(await durable.corporate_actions.known(["NSE:TCS", "NSE:RELIANCE", "NSE:INFY"])) == {
        "NSE:TCS",
        "NSE:RELIANCE",
    }
    assert (await work.step(2)).startswith("NSE:TCS: 2 actions")


async def test_what_nobody_tells_is_refused_with_what_else_can_be_done(durable: DurableStore) -> None:
    with pytest.raises(JobError, match="NSE:WIPRO"):
        craft(durable, Teller()).complete({"instruments": ["NSE:TCS", "NSE:WIPRO"]}, NOW_NS)
    with pytest.raises(JobError, match="enter them, or take up a file"):
        craft(durable, None).complete({}, NOW_NS)
    with pytest.raises(JobError, match="of a share of MCX"):
        craft(durable, Teller()).complete({"exchange": "MCX"}, NOW_NS)


async def test_an_exchange_has_its_own_shares_read(durable: DurableStore) -> None:
    kind = craft(durable, Teller())
    kind.routes.cover("yahoo", [Route("NYSE:IBM", "NYSE", "IBM", 0.01, "equity")])
    assert kind.complete({"exchange": "NYSE"}, NOW_NS)["instruments"] == ("NYSE:IBM",)
    assert kind.complete({"exchange": "NSE"}, NOW_NS)["instruments"] == ("NSE:INFY", "NSE:RELIANCE", "NSE:TCS")


async def test_while_a_provider_has_not_told_what_it_knows_there_is_no_job_of_nothing(durable: DurableStore) -> None:
    routes = Routes(("dhan", "yahoo"))
    routes.cover("dhan", [route("TCS")])
    with pytest.raises(JobNotNowError, match="yahoo has not told yet which shares it knows"):
        ActionsCraft(durable, routes, {"yahoo": Teller()}).complete({}, NOW_NS)


class Silent(Teller):
    """Of RELIANCE it never has an answer."""

    async def actions(self, route: Route, first: date, last: date) -> list[CorporateAction]:
        if route.instrument == "NSE:RELIANCE":
            raise ProviderError("away")
        return await super().actions(route, first, last)


async def test_a_share_that_stays_without_an_answer_keeps_no_other_from_theirs(durable: DurableStore) -> None:
    kind = craft(durable, Silent())
    work = kind.work(kind.complete({}, NOW_NS))
    for _ in range(TRIES - 1):
        with pytest.raises(ProviderError, match="away"):
            await work.step(1)
    assert await work.step(1) == "NSE:RELIANCE: no answer, 1 without one so far"
    assert await work.step(2) == "NSE:TCS: 1 actions new or changed so far"
