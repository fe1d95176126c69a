"""What web processes and operators ask of an engine: what nobody can mean is refused, and ends no actor."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import date
from typing import Any, cast

import pytest
import trio.testing

from actors.job_kinds import JobKinds
from actors.jobs import Jobs
from actors.messages import ChainsFollowed, ChainWanted, Decide, DepthsFollowed, DepthWanted, MappingsChanged, WatchList
from actors.operator import Wish
from actors.routes import Routes
from actors.wishes import engine_wishes
from engine.market.quarantine import Fate
from engine.providers.base import Route
from engine.runtime import ActorSystem
from engine.storage.memory import MemoryDurableStore
from tests.actors.parts import NAME, among_witnesses

DAY = {"start": "2026-11-18T00:00:00Z", "end": "2026-11-19T00:00:00Z"}


STRETCHES: list[dict[str, Any]] = [
    {},
    {"start": 5, "end": 6},
    {"start": "soon"},
    DAY | {"end": "2026-11-19T00:00:00"},
    DAY | {"end": "9999-12-31T00:00:00Z"},
    DAY | {"symbols": NAME},
    DAY | {"symbols": [{}]},
]
MEANINGLESS: list[tuple[str, dict[str, Any]]] = [
    *((kind, wrong) for kind in ("backfill", "scan") for wrong in STRETCHES),
    ("job", {}),
    ("job", {"job": "nobody", "action": "pause"}),
    ("watch", {}),
    ("watch", {"symbols": 5}),
    ("chart", {"symbol": NAME, "timeframe": "7m"}),
    ("chains", {}),
    ("chains", {"chains": 5}),
    ("chain", {}),
    ("chain", {"symbol": NAME, "expiry": "soon"}),
    ("depths", {}),
    ("depths", {"symbols": 5}),
    ("depth", {}),
    ("end_of_day", {"exchange": "NSE"}),
    ("end_of_day", {"exchange": "NSE", "date": "2026-11-18"}),
    ("decide", {"entry": float("inf"), "status": "released", "by": "admin"}),
    ("decide", {"entry": 1, "status": "eaten", "by": "admin"}),
]


@asynccontextmanager
async def wishes() -> AsyncGenerator[tuple[dict[str, Wish], dict[str, list[Any]], MemoryDurableStore]]:
    durable, routes, nobody = MemoryDurableStore(), Routes(["test"]), cast("Any", None)
    routes.cover("test", [Route(NAME, "NSE_EQ", "1", 0.05, "equity")])

    def make(system: ActorSystem) -> Jobs:
        kinds = JobKinds(nobody, nobody, routes, nobody, {}, resolver=nobody, charts=nobody)
        return Jobs(durable, kinds, publisher=system.ref("/engine/publisher"))

    async with among_witnesses(
        make,
        "publisher",
        "watches",
        "charts",
        "quarantine",
        "last_prices",
        "manager",
        "credentials",
        "chains",
        "depths",
        "alerts",
        answer="done",
    ) as (
        system,
        seen,
    ):
        at = {name: system.ref(f"/engine/{name}") for name in seen if name != "publisher"}
        yield engine_wishes(jobs=system.ref("/engine/subject"), **at), seen, durable


@pytest.mark.parametrize(("command", "arguments"), MEANINGLESS)
async def test_what_nobody_can_mean_is_refused_and_ends_nobody(
    autojump_clock: Any, command: str, arguments: dict[str, Any]
) -> None:
    async with wishes() as (known, seen, durable):
        with pytest.raises((ValueError, KeyError, TypeError)):
            await known[command](arguments)
        assert (await durable.jobs(), seen["watches"], seen["charts"], seen["quarantine"]) == ([], [], [], [])
        assert (await known["backfill"](DAY | {"symbols": [NAME]}))["status"] == "waiting"


async def test_who_is_watched_and_decided_about_is_told_in_plain_values(autojump_clock: Any) -> None:
    async with wishes() as (known, seen, _):
        assert await known["watch"]({"process": "web-1", "symbols": [NAME, 5]}) == "done"
        assert await known["decide"]({"entry": 7, "status": "released", "by": "admin"}) == "done"
        assert seen["watches"] == [WatchList("web-1", (NAME, "5"))]
        assert seen["quarantine"] == [Decide(7, Fate.RELEASED, "admin")]


async def test_chains_are_wished_for_by_name_and_day(autojump_clock: Any) -> None:
    async with wishes() as (known, seen, _):
        assert await known["chains"]({"process": "web-1", "chains": [f"{NAME}.2026-11-24"]}) == "done"
        assert await known["chain"]({"symbol": NAME}) == "done"
        assert await known["chain"]({"symbol": NAME, "expiry": "2026-11-24"}) == "done"
    assert seen["chains"] == [
        ChainsFollowed("web-1", (f"{NAME}.2026-11-24",)),
        ChainWanted(NAME, None),
        ChainWanted(NAME, date(2026, 11, 24)),
    ]


async def test_books_are_wished_for_by_name(autojump_clock: Any) -> None:
    async with wishes() as (known, seen, _):
        assert await known["depths"]({"process": "web-1", "symbols": [NAME]}) == "done"
        assert await known["depth"]({"symbol": NAME}) == "done"
    assert seen["depths"] == [DepthsFollowed((NAME,)), DepthWanted(NAME)]


async def test_who_changed_mappings_by_hand_need_not_wait_for_them(autojump_clock: Any) -> None:
    async with wishes() as (known, seen, _):
        assert await known["take_up"]({}) is None
        await trio.testing.wait_all_tasks_blocked()
        assert seen["manager"] == [MappingsChanged()]
