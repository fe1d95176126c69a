"""Tomorrow's list, read into both stores: tokens go on, are reused and change places, and what was before stays apart."""

from datetime import date
from pathlib import Path

import pytest

from actors.dated_history import NameBook
from actors.populate_work import MasterWork, PopulateArguments, What
from engine.seeding import ListFolder, exchanges
from engine.storage.durable import DurableStore
from tests.seeding.lines import future, share, written

pytestmark = pytest.mark.anyio

MONDAY, TUESDAY, WEDNESDAY = date(2026, 11, 16), date(2026, 11, 17), date(2026, 11, 18)


async def read(durable: DurableStore, path: Path, day: date) -> str:
    what: What
    words = ""
    for what in ("instruments", "mappings"):
        arguments = PopulateArguments(what, "dhan", day, file=path.name, size=path.stat().st_size)
        work = MasterWork(arguments, durable, ListFolder(path.parent, {}), lambda: None)
        words = [await work.step(number) for number in range(len(work))][-1]
    return words


async def tokens(durable: DurableStore, day: date) -> dict[str, str]:
    return {row.instrument.partition(":")[2]: row.provider_symbol for row in await durable.routes("dhan", day)}


async def named(durable: DurableStore, symbol: str) -> list[tuple[str, date, date]]:
    book = NameBook(durable, "dhan", now_ns=lambda: 1)
    return [(one.security_id, one.first, one.last) for one in await book.periods(f"NSE:{symbol}")]


async def test_a_rename_a_reuse_and_a_swap_in_one_list(durable: DurableStore, tmp_path: Path) -> None:
    await durable.seed(exchanges(), [], [])
    monday = written(
        tmp_path / "monday.csv",
        share(1, "ZOMATO"),
        share(2, "A"),
        share(3, "B"),
        share(4, "C"),
        future(9, "2026-11-16"),
    )
    assert "conflicts" not in await read(durable, monday, MONDAY)
    wednesday = written(
        tmp_path / "wednesday.csv",
        share(1, "ETERNAL"),  # the same company, or so one hopes
        share(3, "A"),
        share(2, "B"),
        share(7, "C"),  # has a token of its own
        share(4, "D"),  # and left its old one to a newcomer
        future(9, "2026-11-26"),  # the token of a contract that is over
    )
    said = await read(durable, wednesday, WEDNESDAY)
    assert said.endswith("; 1 conflicts to look at")

    assert await tokens(durable, MONDAY) == {"ZOMATO": "1", "A": "2", "B": "3", "C": "4"}
    assert await tokens(durable, TUESDAY) == {"ZOMATO": "1", "A": "2", "B": "3", "C": "4"}
    new = {"ETERNAL": "1", "A": "3", "B": "2", "C": "7", "D": "4", "NIFTY26NOV26FUT": "9"}
    assert await tokens(durable, WEDNESDAY) == new

    assert await named(durable, "ZOMATO") == [("1", date.min, TUESDAY)]
    assert await named(durable, "ETERNAL") == [("1", WEDNESDAY, date.max)]
    assert await named(durable, "A") == [("2", date.min, TUESDAY), ("3", WEDNESDAY, date.max)]
    assert await named(durable, "C") == [("4", date.min, TUESDAY), ("7", WEDNESDAY, date.max)]
    assert await named(durable, "D") == [("4", WEDNESDAY, date.max)]
    assert "NSE:ZOMATO" in await durable.instrument_names(), "whether it is ETERNAL is the operator's to say"
