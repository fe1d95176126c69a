"""Populating: wishes become work, and the work fills the tables, goes on where it was, and makes nothing twice."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from actors.job_arguments import JobError
from actors.job_kinds import JobKinds
from actors.jobs import Jobs
from actors.messages import MappingsChanged, StartJob
from actors.populating import Populating
from actors.routes import Routes
from engine.market import Instrument
from engine.market.instrument import InstrumentKind
from engine.runtime import ActorRef, ActorSystem
from engine.seeding import PORTIONS, ListFolder, SeedBook, exchanges
from engine.storage.durable import ProviderMapping
from engine.storage.memory import MemoryDurableStore
from tests.actors.parts import among_witnesses
from tests.actors.test_jobs import until
from tests.seeding.lines import future, share, written

NOW_NS = 1_795_001_220_000_000_000
TODAY = date(2026, 11, 18)


class Told:
    """In the manager's place."""

    def __init__(self) -> None:
        self.heard: list[Any] = []

    def tell(self, message: Any) -> None:
        self.heard.append(message)


def populating(tmp_path: Path, durable: MemoryDurableStore, manager: Any = None, **options: Any) -> Populating:
    lists = ListFolder(tmp_path, {"dhan": "http://127.0.0.1:1/list.csv"})
    given: dict[str, Any] = {"providers": ("dhan",), "listing": None, "manager": manager or Told(), **options}
    return Populating(durable, lists, **given)


async def done(kinds: Populating, **wish: Any) -> str:
    """The last words of a job that is done at once, on this day."""
    arguments = kinds.complete(wish, NOW_NS)
    work = kinds.work(arguments)
    words = [await work.step(number) for number in range(len(work))]
    return words[-1]


async def with_exchanges() -> MemoryDurableStore:
    durable = MemoryDurableStore()
    await durable.seed(exchanges(), [], [])
    return durable


async def tokens(durable: MemoryDurableStore, day: date = TODAY) -> dict[str, str]:
    return {route.instrument: route.provider_symbol for route in await durable.routes("dhan", day)}


async def test_instruments_first_then_how_the_provider_calls_those_that_are_there(tmp_path: Path) -> None:
    durable, manager = await with_exchanges(), Told()
    kinds = populating(tmp_path, durable, manager)
    written(
        tmp_path / "list.csv",
        share(1),
        "bad",
        share(2, exchange="BSE"),
        future(3, "2026-11-26"),
        future(4, "2026-11-17"),
    )
    said = await done(kinds, what="instruments", file="list.csv", exchanges=["nse"])
    assert said == (
        "5 lines: 4 instruments, 0 of other kinds, 0 repeated, 1 bad; 1 not asked for, 1 expired, 0 without exchange here; "
        "0 instruments retired; line 3: expected 16 columns, was 1"
    )
    assert await durable.instrument_names() == ["NFO:NIFTY26NOV26FUT", "NSE:S1"]
    assert await tokens(durable) == {}

    said = await done(kinds, what="mappings", file="list.csv")
    assert "1 without instrument here" in said
    assert await tokens(durable) == {"NFO:NIFTY26NOV26FUT": "3", "NSE:S1": "1"}
    assert manager.heard == [MappingsChanged(), MappingsChanged()]


async def test_repeated_it_makes_nothing_twice_and_a_newer_list_changes_what_changed(tmp_path: Path) -> None:
    durable = await with_exchanges()
    kinds = populating(tmp_path, durable)
    written(tmp_path / "list.csv", *(share(number) for number in range(300)))
    for _ in range(2):
        for what in ("exchanges", "instruments", "mappings"):
            await done(kinds, what=what, **({} if what == "exchanges" else {"file": "list.csv"}))
        assert len(await durable.instruments()) == 300
        assert len(durable.tables.mappings) == 300
    written(tmp_path / "list.csv", share(7, "S8"), share(8, "NEW"), share(300, title="Another"))
    await done(kinds, what="instruments", file="list.csv")
    await done(kinds, what="mappings", file="list.csv")
    mapped = await tokens(durable)
    assert (mapped["NSE:S8"], mapped["NSE:NEW"], mapped["NSE:S300"]) == ("7", "8", "300")
    assert "NSE:S7" not in mapped, "its token went to another"
    assert mapped["NSE:S9"] == "9", "what a list does not name any more stays"


def conflicts(durable: MemoryDurableStore) -> list[tuple[str, str, str]]:
    return [(one.kind, one.instrument, one.detail) for _, one in durable.tables.conflicts.values()]


async def test_a_token_of_a_living_instrument_that_means_another_now_is_believed_and_listed(tmp_path: Path) -> None:
    durable = await with_exchanges()
    kinds = populating(tmp_path, durable)
    written(tmp_path / "list.csv", *(share(number) for number in range(4)))
    for what in ("instruments", "mappings"):
        await done(kinds, what=what, file="list.csv")
    swapped_and_renamed = (share(1, "S0"), share(0, "S1"), share(2, "ETERNAL"), share(3))
    written(tmp_path / "list.csv", *swapped_and_renamed)
    for what in ("instruments", "mappings"):
        said = await done(kinds, what=what, file="list.csv")
    assert said.endswith("; 1 conflicts to look at")
    assert conflicts(durable) == [
        (
            "taken over",
            "NSE:ETERNAL",
            f"NSE_EQ:2 meant NSE:S2 until {TODAY} and means NSE:ETERNAL since: renamed, or another one?",
        )
    ], "S0 and S1 only changed places"
    assert "NSE:S2" in await durable.instrument_names()
    assert "NSE:S2" not in await tokens(durable)


async def test_a_name_that_means_something_else_is_left_out_and_a_new_lot_is_not_taken_over_in_silence(
    tmp_path: Path,
) -> None:
    durable = await with_exchanges()
    kinds = populating(tmp_path, durable)
    index = Instrument(0, "NSE", "S1", "An index", InstrumentKind.INDEX, 0.05)
    await durable.seed([], [index], [ProviderMapping("dhan", "NSE:S1", "IDX_I", "1", TODAY)])
    written(tmp_path / "list.csv", share(1), share(2), future(3, "2026-11-26"), share(2, "TWICE"))
    await done(kinds, what="instruments", file="list.csv")
    lots = [line.replace(",65.0,", ",75.0,") for line in (share(2), future(3, "2026-11-26"))]
    written(tmp_path / "list.csv", *lots)
    await done(kinds, what="instruments", file="list.csv")
    assert conflicts(durable) == [
        ("other meaning", "NSE:S1", "NSE:S1 is known as index, the list says equity: left out"),
        ("repeated", "NSE:TWICE", "line 5 repeats the name or the token of line 3: left out"),
        ("other terms", "NFO:NIFTY26NOV26FUT", "the lot of NFO:NIFTY26NOV26FUT was 65, now 75"),
    ]
    known = await durable.named_instruments(["NSE:S1", "NFO:NIFTY26NOV26FUT"])
    assert (known["NSE:S1"].kind, known["NFO:NIFTY26NOV26FUT"].lot_size) == (InstrumentKind.INDEX, 75)


async def test_what_expires_is_retired_and_does_not_come_back(tmp_path: Path) -> None:
    durable = await with_exchanges()
    kinds = populating(tmp_path, durable)
    written(tmp_path / "list.csv", future(3, "2026-11-26"))
    await done(kinds, what="instruments", file="list.csv")
    later_ns = NOW_NS + timedelta(days=9) // timedelta(microseconds=1) * 1_000
    work = kinds.work(kinds.complete({"what": "instruments", "file": "list.csv"}, later_ns))
    assert (
        "1 expired, 0 without exchange here; 1 instruments retired"
        in [await work.step(n) for n in range(len(work))][-1]
    )
    assert await durable.instrument_names() == []
    assert await durable.all_instrument_names() == ["NFO:NIFTY26NOV26FUT"]


async def test_another_engine_goes_on_with_the_next_step_and_knows_which_names_were_taken(tmp_path: Path) -> None:
    durable = await with_exchanges()
    kinds = populating(tmp_path, durable)
    lines = [share(number) for number in range(200)]
    written(tmp_path / "list.csv", *lines, share(900, "S0"), share(901, "LAST"))
    arguments = kinds.complete({"what": "instruments", "file": "list.csv"}, NOW_NS)
    first = kinds.work(arguments)
    for number in range(PORTIONS // 2):
        await first.step(number)
    second = kinds.work(arguments)
    for number in range(PORTIONS // 2 - 1, PORTIONS + 1):
        await second.step(number)
    said = await kinds.work(arguments).step(PORTIONS + 1)
    assert said.startswith("202 lines: 201 instruments, 0 of other kinds, 1 repeated, 0 bad")
    assert len(await durable.instruments()) == 201


async def test_exchanges_that_were_retired_or_never_were_bring_no_instruments(tmp_path: Path) -> None:
    durable = MemoryDurableStore()
    await durable.seed([one for one in exchanges() if one.code == "NSE"], [], [])
    written(tmp_path / "list.csv", share(1), share(2, exchange="BSE"))
    assert "1 without exchange here" in await done(populating(tmp_path, durable), what="instruments", file="list.csv")
    assert await durable.instrument_names() == ["NSE:S1"]


async def test_simulated_data_take_up_the_simulated_exchanges_own_list_alone(tmp_path: Path) -> None:
    durable, manager = await with_exchanges(), Told()
    instrument = Instrument(0, "NSE", "ACME", "Acme", InstrumentKind.EQUITY, 0.05)
    book = SeedBook([instrument], [ProviderMapping("simulator", "NSE:ACME", "NSE_EQ", "1", TODAY)])
    kinds = populating(tmp_path, durable, manager, providers=("simulator",), listing=lambda: book)
    assert await done(kinds, what="mappings") == "the simulated exchange lists 1 instruments"
    assert await durable.routes("simulator", TODAY) == []
    await done(kinds, what="instruments")
    await done(kinds, what="mappings")
    assert [route.instrument for route in await durable.routes("simulator", TODAY)] == ["NSE:ACME"]
    await done(kinds, what="exchanges")
    assert all(exchange.is_24_hours for exchange in await durable.exchanges())
    for wish in ({"provider": "dhan"}, {"file": "list.csv"}):
        with pytest.raises(JobError, match="all data here are simulated"):
            kinds.complete({"what": "instruments", **wish}, NOW_NS)


async def test_a_provider_without_a_list_has_instruments_and_names_by_rule(tmp_path: Path) -> None:
    durable, manager = await with_exchanges(), Told()
    kinds = populating(tmp_path, durable, manager, providers=("yahoo",))
    await done(kinds, what="instruments", exchanges=["COMEX"], symbols=["NASDAQ:PLTR"])
    assert {"COMEX:GC", "NASDAQ:PLTR"} <= set(await durable.instrument_names())
    assert "NYMEX:CL" not in await durable.instrument_names()
    said = await done(kinds, what="mappings")
    assert said == "4 of 4 instruments are mapped by rule"
    mapped = {route.instrument: (route.segment, route.provider_symbol) for route in await durable.routes("yahoo")}
    assert mapped["COMEX:GC"] == ("COMEX", "GC=F")
    assert mapped["NASDAQ:PLTR"] == ("NASDAQ", "PLTR")
    assert manager.heard == [MappingsChanged(), MappingsChanged()]


@pytest.mark.parametrize(
    ("wish", "why"),
    [
        ({}, "what"),
        ({"what": "everything"}, "everything"),
        ({"what": "mappings", "provider": "acme"}, "nobody knows how 'acme' calls instruments: expected databento or"),
        (
            {"what": "mappings", "provider": "yahoo", "file": "list.csv"},
            "yahoo has no list: its names follow from ours",
        ),
        ({"what": "instruments", "symbols": ["NASDAQ:PLTR"]}, "symbols are added as instruments of databento or"),
        ({"what": "mappings", "provider": "yahoo", "symbols": ["NASDAQ:PLTR"]}, "symbols are added as instruments of"),
        ({"what": "instruments", "provider": "yahoo", "symbols": ["NSE:X"]}, "symbols: 'NSE:X': only shares of NASDAQ"),
        ({"what": "instruments", "provider": "kite"}, "nobody knows where kite publishes"),
        ({"what": "instruments", "file": "gone.csv"}, "there is no list gone.csv"),
        ({"what": "instruments", "file": "../gone.csv"}, "named as a file is"),
        ({"what": "instruments", "exchanges": "NSE"}, "exchanges"),
        ({"what": "instruments", "exchanges": ["NSE"] * 1_001}, "at most 1,000 names"),
        ({"what": "instruments", "color": "red"}, "color"),
    ],
)
async def test_what_can_not_be_done_is_refused_with_a_reason(tmp_path: Path, wish: dict[str, Any], why: str) -> None:
    with pytest.raises(JobError, match=why):
        populating(tmp_path, MemoryDurableStore()).complete(wish, NOW_NS)


async def test_as_a_job_it_says_how_far_it_is_and_a_file_that_is_no_list_fails_it_at_once(
    tmp_path: Path,
) -> None:
    durable = await with_exchanges()
    nobody: Any = None

    def make(system: ActorSystem) -> Jobs:
        crafts = {"populate": populating(tmp_path, durable)}
        kinds = JobKinds(nobody, nobody, Routes(["dhan"]), nobody, crafts, resolver=nobody, charts=nobody)
        return Jobs(durable, kinds, publisher=system.ref("/engine/publisher"))

    async def begun(subject: ActorRef, file: str) -> str:
        wish = StartJob("populate", {"what": "instruments", "file": file})
        return (await subject.ask(wish, timeout_s=5))["id"]

    written(tmp_path / "list.csv", share(1), share(2))
    (tmp_path / "odd.csv").write_text("<html>no list</html>\n")
    async with among_witnesses(make, "publisher") as (system, seen):
        subject = system.ref("/engine/subject")
        job = await until(durable, await begun(subject, "list.csv"), "done")
        assert (job.total, job.done, job.progress) == (PORTIONS + 2, PORTIONS + 2, 1.0)
        assert job.message.startswith("2 lines: 2 instruments")
        failed = await until(durable, await begun(subject, "odd.csv"), "failed")
        assert failed.message.startswith("this is no compact scrip master or detailed scrip master")
        with pytest.raises(JobError, match=r"there is no list gone\.csv"):
            await begun(subject, "gone.csv")
        assert {message.job.progress for message in seen["publisher"]} >= {0.0, 0.5, 1.0}
