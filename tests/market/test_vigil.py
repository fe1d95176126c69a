"""The vigil: cheap for those that live, patient with those it knows, and never fooled by an answer that comes late."""

from typing import Any

import pytest

from engine.market import Calendar, Quote, Tick
from engine.market import vigil as vigil_module
from engine.market.diagnosis import Cause
from engine.market.vigil import Vigil

SECOND_NS = 1_000_000_000
START_NS = 1_795_100_400 * SECOND_NS
ALWAYS = Calendar.continuous()
NAMES = tuple(f"NSE:S{number}" for number in range(300))


def at(seconds: float) -> int:
    return START_NS + round(seconds * SECOND_NS)


def tick(name: str, seconds: float, volume: int = 1) -> Tick:
    return Tick(name, 1.0, 1, volume, at(seconds), at(seconds), "test")


def begun(*names: str, **more: Any) -> Vigil:
    vigil = Vigil(lambda _: ALWAYS, **more)
    vigil.carry("line", names, START_NS)
    vigil.line_is("line", Cause.LIVE, START_NS)
    return vigil


def speak(vigil: Vigil, first_s: int, last_s: int, *names: str) -> None:
    """Each of these once a second."""
    for second in range(first_s, last_s):
        vigil.heard({name: tick(name, second) for name in names}, at(second))
        vigil.look(at(second))


def cause(vigil: Vigil, name: str) -> Cause | None:
    verdict = vigil.verdict(name)
    return None if verdict is None else verdict.cause


def test_one_that_lives_is_looked_at_twice_a_minute_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = 0
    diagnose = vigil_module.diagnose

    def counted(*arguments: Any) -> Cause:
        nonlocal looks
        looks += 1
        return diagnose(*arguments)

    vigil = begun(*NAMES)
    speak(vigil, 1, 60, *NAMES)
    monkeypatch.setattr(vigil_module, "diagnose", counted)
    speak(vigil, 60, 660, *NAMES)
    assert looks <= 2 * 10 * len(NAMES)
    assert vigil.counts() == {"live": len(NAMES)}


def test_one_that_has_never_been_heard_is_asked_about_soon() -> None:
    vigil = begun("NSE:A", "NSE:B")
    speak(vigil, 1, 40, "NSE:A")
    assert vigil.take_doubtful(10) == ["NSE:B"]
    vigil.answered({"NSE:B": None}, at(40), at(41))
    speak(vigil, 41, 70, "NSE:A")
    assert cause(vigil, "NSE:B") is Cause.MAPPING_DEAD


def test_a_tick_that_came_since_the_question_outweighs_the_answer() -> None:
    vigil = begun("NSE:A", "NSE:B")
    speak(vigil, 1, 120, "NSE:A", "NSE:B")
    speak(vigil, 120, 165, "NSE:A")
    assert vigil.take_doubtful(10) == ["NSE:B"]
    speak(vigil, 165, 166, "NSE:B")
    vigil.answered({"NSE:B": None}, at(164), at(166))
    speak(vigil, 166, 250, "NSE:A", "NSE:B")
    assert cause(vigil, "NSE:B") is Cause.LIVE


def test_a_trade_that_is_told_of_may_still_be_under_way() -> None:
    vigil = begun("NSE:A", "NSE:B")
    speak(vigil, 1, 120, "NSE:A", "NSE:B")
    speak(vigil, 120, 165, "NSE:A")
    vigil.answered({"NSE:B": Quote(1.0, at(164), 2)}, at(164), at(165))
    assert cause(vigil, "NSE:B") is Cause.QUIET
    speak(vigil, 166, 168, "NSE:A")
    assert cause(vigil, "NSE:B") is Cause.SUBSCRIPTION_LOST


def test_one_that_moves_to_another_line_keeps_its_pace_and_one_that_goes_is_forgotten() -> None:
    vigil = begun("NSE:A", "NSE:B")
    speak(vigil, 1, 120, "NSE:A", "NSE:B")
    expected_s = vigil.expected_s("NSE:A")
    vigil.carry("other", ["NSE:A"], at(120))
    vigil.carry("line", [], at(120))
    assert (cause(vigil, "NSE:A"), cause(vigil, "NSE:B")) == (Cause.DISCONNECTED, None)
    assert vigil.expected_s("NSE:A") == expected_s
    assert (vigil.take_gone(), vigil.take_gone()) == (["NSE:B"], [])
    vigil.carry("line", ["NSE:B"], at(130))
    paces = vigil.paces()
    assert paces["NSE:B"] == pytest.approx(paces["NSE:A"])


def test_the_time_without_a_line_is_no_silence_and_no_pause() -> None:
    vigil = begun("NSE:A")
    speak(vigil, 1, 200, "NSE:A")
    paces = vigil.paces()
    vigil.line_is("line", Cause.DISCONNECTED, at(200))
    vigil.look(at(4_000))
    vigil.line_is("line", Cause.LIVE, at(4_000))
    vigil.look(at(4_001))
    assert cause(vigil, "NSE:A") is Cause.LIVE
    assert vigil.take_doubtful(10) == []
    vigil.heard({"NSE:A": tick("NSE:A", 4_002)}, at(4_002))
    assert vigil.paces() == paces


def test_in_a_market_replayed_in_haste_what_is_minutes_old_is_fresh() -> None:
    vigil = begun("NSE:A", "NSE:B", haste=60.0)
    for minute in range(1, 100):
        vigil.heard({name: tick(name, 60 * minute - 30) for name in ("NSE:A", "NSE:B")}, at(60 * minute))
        vigil.look(at(60 * minute))
    assert vigil.take_doubtful(10) == []
    assert vigil.counts() == {"live": 2}
