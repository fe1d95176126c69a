"""Recorded lists in PostgreSQL: filled in whole, and filling them in again changes no row."""

import os
from collections import Counter
from datetime import date
from pathlib import Path

import asyncpg
import pytest

from actors.populate_work import MasterWork, PopulateArguments, What
from engine.seeding import ListFolder, exchanges
from engine.storage.durable import DurableStore

pytestmark = [pytest.mark.anyio, pytest.mark.recorded]

DAY = date(2024, 4, 1)
TABLES = ("exchanges", "instruments", "provider_instrument_mapping")
DETAILED = "dhan/scrip_master_detailed_2026-04.csv"
COMPACT = "dhan/scrip_master_compact_equity_index.csv"
SHARES = "kite/instruments_NSE_full_2025-10.csv"
DERIVATIVES = "kite/instruments_NSE_BSE_NFO_2024-04.csv"


@pytest.fixture
def recordings() -> Path:
    """The folder of recorded lists."""
    folder = (Path(__file__).parents[3] / os.environ.get("TICKTREE_RECORDINGS", "../shared/data")).resolve()
    if not (folder / "kite").is_dir():
        pytest.skip(f"no recorded market data in {folder}: set TICKTREE_RECORDINGS")
    return folder


@pytest.fixture
def durable_place(database_url: str) -> str:
    return database_url


async def populate(durable: DurableStore, what: What, path: Path) -> str:
    arguments = PopulateArguments(what, path.parent.name, DAY, file=path.name, size=path.stat().st_size)
    work = MasterWork(arguments, durable, ListFolder(path.parent, {}), lambda: None)
    words = [await work.step(number) for number in range(len(work))]
    return words[-1]


Standing = dict[str, list[asyncpg.Record]]


async def standing(url: str) -> Standing:
    """All that stands in the tables."""
    connection = await asyncpg.connect(url)
    found = {table: await connection.fetch(f"SELECT * FROM {table} ORDER BY id") for table in TABLES}
    await connection.close()
    return found


def kinds(found: Standing) -> dict[str, int]:
    codes = {row["id"]: row["code"] for row in found["exchanges"]}
    return dict(Counter(f"{codes[row['exchange_id']]} {row['kind']}" for row in found["instruments"]))


async def test_three_lists_of_two_providers_make_one_set_of_instruments_however_often_they_are_read(
    durable: DurableStore, durable_place: str, recordings: Path
) -> None:
    await durable.seed(exchanges(), [], [])
    await populate(durable, "instruments", recordings / COMPACT)
    what: What
    for path in (DETAILED, SHARES):
        for what in ("instruments", "mappings"):
            assert " 0 bad;" in await populate(durable, what, recordings / path)
    first = await standing(durable_place)
    counts = kinds(first)
    assert (counts["BSE equity"], counts["BSE index"]) == (5_853, 68)
    assert counts["NSE index"] == 119 + 2, "those of Dhan, and two that Kite alone lists"
    assert len(await durable.routes("dhan", DAY)) == 3_319
    assert len(await durable.routes("kite", DAY)) == 3_085

    for what in ("instruments", "mappings"):
        await populate(durable, what, recordings / SHARES)
    assert await standing(durable_place) == first, "the same list again changes no row"

    await populate(durable, "instruments", recordings / DETAILED)  # it writes names its own way
    await populate(durable, "mappings", recordings / DETAILED)
    last = await standing(durable_place)
    assert last["provider_instrument_mapping"] == first["provider_instrument_mapping"]
    assert [row["id"] for row in last["instruments"]] == [row["id"] for row in first["instruments"]]


async def test_thirty_thousand_derivatives_are_filled_in(
    durable: DurableStore, durable_place: str, recordings: Path
) -> None:
    await durable.seed(exchanges(), [], [])
    said = await populate(durable, "instruments", recordings / DERIVATIVES)
    assert said.startswith("31,373 lines: 31,373 instruments, 0 of other kinds, 0 repeated, 0 bad")
    counts = kinds(await standing(durable_place))
    assert counts == {"NFO option": 30_452, "NFO future": 558, "NSE equity": 182, "BSE equity": 181}
