"""Who carries what: homes by order and capacity, stand-ins while a provider is out, and back home when it is well."""

from collections.abc import Sequence

from actors.carrying import Carrying, Move
from engine.market.failover import FailoverRules
from engine.market.feed_health import Health
from engine.providers.base import Route

RULES = FailoverRules(after_s=10.0, return_s=60.0, dwell_s=30.0)
DEAD = Health(well=False, since_ns=77, why="no data")
WELL = Health(well=True)


def known(**names: Sequence[str]) -> dict[str, dict[str, Route]]:
    return {
        provider: {name: Route(name, "X", f"{provider}-{name}", 0.05, "equity") for name in listed}
        for provider, listed in names.items()
    }


def carrying(**capacity: int) -> Carrying:
    return Carrying(("first", "second"), capacity, RULES)


def test_the_first_provider_of_an_exchange_carries_what_it_knows_and_the_next_the_rest() -> None:
    one = carrying()
    assert one.take_up(known(first=["NSE:A"], second=["NSE:A", "NSE:B"]), {}, 0.0) == []
    assert one.carriers == {"NSE:A": "first", "NSE:B": "second"}
    assert one.route("second", "NSE:B").security_id == "second-NSE:B"


def test_the_tables_priority_goes_before_the_order_of_the_settings_by_exchange() -> None:
    one = carrying()
    both = ["NSE:A", "MCX:A"]
    one.take_up(known(first=both, second=both), {("MCX", "first"): 2, ("MCX", "second"): 1}, 0.0)
    assert one.carriers == {"NSE:A": "first", "MCX:A": "second"}


def test_what_is_beyond_a_providers_capacity_goes_to_the_next_and_what_nobody_can_carry_is_named() -> None:
    one = carrying(first=2, second=1)
    names = ["NSE:A", "NSE:B", "NSE:C", "NSE:D"]
    one.take_up(known(first=names, second=names), {}, 0.0)
    assert one.carriers == {"NSE:A": "first", "NSE:B": "first", "NSE:C": "second"}
    assert one.uncarried == ("NSE:D",)


def test_who_is_out_at_one_exchange_is_stood_in_for_there_and_goes_on_being_wanted() -> None:
    one = carrying()
    both = ["NSE:A", "MCX:A"]
    one.take_up(known(first=both, second=both), {}, 0.0)
    one.report("first", "NSE", DEAD, 0.0)
    assert one.look(9.0) == []
    assert one.look(10.0) == [
        Move("NSE", "first", "second", ("NSE:A",), urgent=True, since_ns=77, why="first: no data")
    ]
    assert one.carriers == {"NSE:A": "second", "MCX:A": "first"}
    assert one.wanted("first") == {"NSE:A", "MCX:A"}
    assert one.wanted("second") == {"NSE:A"}
    assert one.look(11.0) == []


def test_who_is_well_again_for_long_enough_has_its_own_back() -> None:
    one = carrying()
    one.take_up(known(first=["NSE:A"], second=["NSE:A"]), {}, 0.0)
    one.report("first", "NSE", DEAD, 0.0)
    one.look(10.0)
    one.report("first", "NSE", WELL, 20.0)
    assert one.look(79.0) == []
    [back] = one.look(80.0)
    assert (back.source, back.heir, back.urgent) == ("second", "first", False)
    assert one.wanted("second") == set()


def test_what_the_stand_in_does_not_know_or_has_no_room_for_stays_where_it_is() -> None:
    one = carrying(second=1)
    one.take_up(known(first=["NSE:A", "NSE:B", "NSE:C"], second=["NSE:A", "NSE:B"]), {}, 0.0)
    one.report("first", "NSE", DEAD, 0.0)
    one.look(10.0)
    assert one.carriers == {"NSE:A": "second", "NSE:B": "first", "NSE:C": "first"}
    assert one.stranded() == dict.fromkeys(["NSE:B", "NSE:C"], "first: no data")


def test_when_all_are_unwell_nothing_moves_and_all_are_stranded() -> None:
    one = carrying()
    one.take_up(known(first=["NSE:A", "MCX:A"], second=["NSE:A"]), {}, 0.0)
    for provider in ("first", "second"):
        one.report(provider, "NSE", DEAD, 0.0)
    assert one.look(10.0) == []
    assert one.stranded() == {"NSE:A": "first: no data"}
    one.report("second", "NSE", WELL, 12.0)
    [move] = one.look(12.0)
    assert move.heir == "second"
    assert one.stranded() == {}


def test_a_new_mapping_moves_nobody_else() -> None:
    one = carrying(first=2)
    one.take_up(known(first=["NSE:B", "NSE:C"], second=["NSE:A", "NSE:B", "NSE:C"]), {}, 0.0)
    names = ["NSE:A", "NSE:B", "NSE:C"]
    assert one.take_up(known(first=names, second=names), {}, 1.0) == []
    assert one.carriers == {"NSE:A": "second", "NSE:B": "first", "NSE:C": "first"}


def test_what_a_provider_knows_no_more_passes_to_the_next_at_once() -> None:
    one = carrying()
    one.take_up(known(first=["NSE:A"], second=["NSE:A"]), {}, 0.0)
    [move] = one.take_up(known(first=[], second=["NSE:A"]), {}, 1.0)
    assert (move.heir, move.urgent) == ("second", True)


def options(*names: str) -> dict[str, dict[str, Route]]:
    listed = {"NSE:A": Route("NSE:A", "X", "A", 0.05, "equity")}
    return {"first": listed | {name: Route(name, "X", name, 0.05, "option") for name in names}}


def test_options_that_are_favoured_have_room_before_others_and_none_before_what_is_no_option() -> None:
    one = carrying(first=3)
    one.take_up(options("NFO:1", "NFO:2", "NFO:3", "NFO:4"), {}, 0.0)
    assert set(one.carriers) == {"NSE:A", "NFO:1", "NFO:2"}
    assert one.favour(frozenset({"NFO:2", "NFO:3"})) == []
    assert set(one.carriers) == {"NSE:A", "NFO:2", "NFO:3"}
    assert one.wanted("first") == {"NSE:A", "NFO:2", "NFO:3"}
    assert one.uncarried == ("NFO:1", "NFO:4")
    one.favour(frozenset({"NFO:4", "NFO:3"}))
    assert set(one.carriers) == {"NSE:A", "NFO:3", "NFO:4"}


def test_who_has_room_for_all_carries_all_whatever_is_favoured() -> None:
    one = carrying(first=5)
    one.take_up(options("NFO:1", "NFO:2"), {}, 0.0)
    one.favour(frozenset({"NFO:2"}))
    assert set(one.carriers) == {"NSE:A", "NFO:1", "NFO:2"}
    one.take_up(options("NFO:1", "NFO:2", "NFO:3", "NFO:4", "NFO:5"), {}, 0.0)
    assert "NFO:2" in one.carriers
