"""Screeners: the lists that come with the program, own ones, and what their instruments cost."""

from datetime import date
from pathlib import Path

import pytest

from config.errors import SettingsError
from config.settings import Settings
from engine.doctor.finding import Health
from engine.doctor.place import screeners
from engine.providers.simulator.instruments import universe
from engine.providers.simulator.options import SimulatorOptions
from engine.screening.configured import configured_screeners
from engine.storage.durable import DurableStore
from engine.storage.hot import HotStore
from tests.web.conftest import running_web
from tests.web.engine import NOON, Engine
from tests.web.process import Web

PATH = "/api/v1/screeners"
OWN = '[swing]\nname = "Mine"\ninstruments = ["NSE:TCS"]\n[options]\nname = "O"\ninstruments = ["NFO:NIFTY1!"]\n'


@pytest.mark.anyio
async def test_the_lists_are_told_and_each_with_its_prices(web: Web, engine: Engine) -> None:
    listed = (await web.get(f"{PATH}/")).json()
    assert [(one["id"], one["name"]) for one in listed["items"]] == [("longterm", "Long term"), ("swing", "Swing")]
    assert listed["next_page_token"] is None

    await engine.store(5.0, "TCS")
    shown = (await web.get(f"{PATH}/swing")).json()
    names = [one["instrument"] for one in shown["instruments"]]
    assert names == list(web.services.screeners["swing"].instruments)
    assert listed["items"][1]["count"] == len(names)
    prices = {one["instrument"]: one for one in shown["instruments"]}
    assert prices["NSE:TCS"] == {"instrument": "NSE:TCS", "symbol": "TCS", "price": 5.0, "as_of": NOON // 1_000_000}
    assert shown["missing"] == [name for name in names if name != "NSE:TCS"]


@pytest.mark.anyio
async def test_what_there_is_not_says_so_in_one_sentence(web: Web) -> None:
    unknown = await web.get(f"{PATH}/nobody")
    assert (unknown.status_code, unknown.json()["errors"]) == (404, ["longterm", "swing"])
    assert (await web.http.get(f"{PATH}/swing")).status_code == 401


@pytest.mark.anyio
async def test_own_lists_stand_beside_and_instead_of_ours(hot: HotStore, durable: DurableStore, tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text(OWN)
    async with running_web(hot, durable, screeners_file=file) as web:
        listed = (await web.get(f"{PATH}/")).json()["items"]
        assert [(one["id"], one["name"], one["count"]) for one in listed] == [
            ("longterm", "Long term", 22),
            ("options", "O", 1),
            ("swing", "Mine", 1),
        ]


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ('[swing]\nname = "S"', "expected instruments, a definition or both"),
        (
            '[swing]\nname = "S"\ninstruments = ["NSE:TCS"]\n[swing.definition]\nwhere = { left = "rsii", is = ">", right = 1 }',
            r"\[swing\]: definition.where.left: there is no indicator 'rsii'; near it: rsi",
        ),
        (
            '[swing]\nname = "S"\n[swing.definition]\nwhere = { left = "rsi", is = ">", right = 1 }',
            r"\[swing\]: definition.universe: name instruments, a list, an exchange or a sector",
        ),
        (
            '[a]\nname = "S"\n[a.definition]\nuniverse = { list = "b" }\nwhere = { left = "rsi", is = ">", right = 1 }',
            r"\[a\]: definition.universe.list: there is no list 'b'",
        ),
        ("[swing", "expected a TOML file"),
        ("swing = 5", r"\[swing\]: Expected `object`"),
        ('[swing]\nname = "S"\ninstruments = []', "expected instruments, a definition or both"),
        ('[swing]\nname = "S"\ninstruments = ["TCS"]', "expected EXCHANGE:SYMBOL, was 'TCS'"),
        ('[swing]\nname = "S"\ninstruments = ["nse:tcs"]', "expected EXCHANGE:SYMBOL"),
        ('[swing]\nname = "S"\ninstruments = ["NSE:TCS"]\nfilter = "x"', "unknown field `filter`"),
        ('["my list"]\nname = "S"\ninstruments = ["NSE:TCS"]', "expected a name of small letters"),
    ],
)
def test_a_wrong_file_stops_the_start_with_a_sentence(tmp_path: Path, written: str, sentence: str) -> None:
    file = tmp_path / "own.toml"
    file.write_text(written)
    with pytest.raises(SettingsError, match=sentence) as caught:
        configured_screeners(file)
    assert str(caught.value).startswith("TICKTREE_SCREENERS: ")
    finding = screeners(Settings(screeners_file=file))
    assert (finding.health, finding.words) == (Health.WRONG, str(caught.value))


def test_the_doctor_names_the_lists_that_can_be_used() -> None:
    finding = screeners(Settings())
    assert (finding.health, finding.words) == (Health.WELL, "are longterm, swing.")


def test_the_simulated_exchange_lists_all_of_ours() -> None:
    listed = {listing.instrument for listing in universe(SimulatorOptions().instruments, date(2026, 11, 20))}
    for screener in configured_screeners(None).values():
        assert set(screener.instruments) <= listed
