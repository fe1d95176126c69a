"""Which option chains run: those to be kept, those that clients follow, those somebody asked for; and no others."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import date
from functools import partial
from typing import Any

import anyio
import trio

from actors.chain_contracts import ChainContracts
from actors.chain_maker import ChainMaker
from actors.messages import ChainMinute, ChainsFollowed, ChainTold, ChainWanted, Favoured, LegsAsked, LegsPolled
from actors.option_chain import ChainOutlets
from actors.option_chains import MOST, MOST_NAMED, OptionChains
from actors.option_demand import OptionDemand
from actors.pace import Pace
from config.calendars import load_calendar
from engine.market import Calendars, Candle, CandleState, Instrument, InstrumentKind, Quote
from engine.market.chain_snapshot import ChainSnapshot
from engine.runtime import ActorRef, ActorSystem, ChildSpec, DynamicSupervisor, LoopClock, Supervisor
from engine.seeding import exchanges
from engine.storage.durable import DailyCandle
from engine.storage.memory import MemoryDurableStore, MemoryHotStore
from tests.actors.parts import SECOND_NS, Witness
from tests.market.builders import at
from tests.market.chains import UNDERLYING, both, future, heard, leg

NOON = at("2026-11-23 12:00")
WEEKLY, MONTHLY = date(2026, 11, 25), date(2026, 11, 26)
CALL, PUT = both(26_000, expiry=WEEKLY)
CONTRACTS = [CALL, PUT, *both(26_000, 26_050), future()]
WITNESSES = ("broadcaster", "publisher", "keeper", "poller", "manager", "sentinel")


class Floor:
    """An engine's first floor, as far as chains have to do with it."""

    def __init__(self, system: ActorSystem, seen: dict[str, list[Any]], hot: MemoryHotStore) -> None:
        self.system = system
        self.seen = seen
        self.hot = hot

    @property
    def chains(self) -> ActorRef:
        return self.system.ref("/engine/chains")

    def chain(self, name: str) -> ActorRef:
        return self.system.ref(f"/engine/option_chains/{name}")

    def began_s(self, name: str) -> float:
        """When the actor of a chain began, by the loop's time."""
        return anyio.current_time() - self.system.snapshot(f"/engine/option_chains/{name}").uptime_s

    def running(self) -> list[str]:
        children = self.system.snapshot("/engine/option_chains").children
        return sorted(child.path.rpartition("/")[2] for child in children)

    def told(self, expiry: date) -> list[ChainSnapshot]:
        told = [one.snapshot for one in self.seen["publisher"] if isinstance(one, ChainTold)]
        return [one for one in told if one.expiry == expiry]

    async def follow(self, *chains: str, process: str = "web-1") -> dict[str, str]:
        return (await self.chains.ask(ChainsFollowed(process, chains), timeout_s=5))["refused"]

    async def want(self, underlying: str, expiry: date | None = None) -> dict[str, Any]:
        return await self.chains.ask(ChainWanted(underlying, expiry), timeout_s=5)


@asynccontextmanager
async def floor(
    *kept: str,
    contracts: Sequence[Instrument] = CONTRACTS,
    durable: MemoryDurableStore | None = None,
    start_ns: int = NOON,
    demanded: frozenset[str] = frozenset(),
) -> AsyncGenerator[Floor]:
    durable, hot = durable or MemoryDurableStore(), MemoryHotStore(lambda: start_ns)
    index = Instrument(0, "NSE", "NIFTY", "Nifty 50", InstrumentKind.INDEX, 0.05)
    await durable.seed(exchanges(), [index, *contracts], [])
    seen: dict[str, list[Any]] = {name: [] for name in WITNESSES}
    calendars = Calendars(load_calendar)
    async with ActorSystem("engine", clock=LoopClock(start_ns)) as system:
        at_ = {name: system.ref(f"/engine/{name}") for name in (*WITNESSES, "chains", "option_chains")}
        outlets = ChainOutlets(
            *(at_[name] for name in ("broadcaster", "publisher", "keeper", "poller", "chains")), instruments="/engine"
        )
        now_ns = system.clock.now_ns
        maker = ChainMaker(hot, durable, calendars, outlets, rate=6.5, window=2, pace=Pace(), now_ns=now_ns)
        chains = partial(
            OptionChains,
            partial(ChainContracts, durable, calendars, now_ns=now_ns),
            maker,
            chains=at_["option_chains"],
            manager=at_["manager"],
            sentinel=at_["sentinel"],
            demand=OptionDemand([at_["broadcaster"]], besides=at_["option_chains"].path),
            kept=kept,
        )
        specs = [ChildSpec(name, partial(Witness, seen[name], demanded)) for name in WITNESSES]
        specs += [ChildSpec("option_chains", DynamicSupervisor), ChildSpec("chains", chains)]
        await system.start(ChildSpec("engine", partial(Supervisor, specs)))
        yield Floor(system, seen, hot)


async def test_the_next_expiry_of_what_is_kept_runs_and_after_its_close_the_one_after_it(autojump_clock: Any) -> None:
    async with floor(UNDERLYING, "NSE:NOBODY", start_ns=at("2026-11-25 15:39")) as engine:
        await trio.sleep(1)
        assert engine.running() == ["NSE:NIFTY.2026-11-25"]
        engine.chain("NSE:NIFTY.2026-11-25").tell(heard(CALL, 180.0, at("2026-11-25 15:39")))
        await trio.sleep(70)
        assert engine.running() == ["NSE:NIFTY.2026-11-25", "NSE:NIFTY.2026-11-26"], "it closed at 15:40"
        await trio.sleep(60)
        assert engine.running() == ["NSE:NIFTY.2026-11-26"]
        closed = [one.snapshot.as_of for one in engine.seen["keeper"] if isinstance(one, ChainMinute)]
        assert closed[-1] >= at("2026-11-25 15:40") // 1_000_000


async def test_a_chain_runs_while_clients_follow_it_and_is_told_faster_then(autojump_clock: Any) -> None:
    async with floor() as engine:
        await trio.sleep(1)
        assert engine.running() == []
        assert await engine.follow("NSE:NIFTY.2026-11-26") == {}
        assert engine.running() == ["NSE:NIFTY.2026-11-26"]
        for number in range(20):
            engine.chain("NSE:NIFTY.2026-11-26").tell(heard(UNDERLYING, 26_000.0 + number, NOON))
            await trio.sleep(0.15)
        assert len(engine.told(MONTHLY)) >= 18
        await engine.follow()
        await trio.sleep(60)
        assert engine.running() == []


async def test_what_a_web_process_said_counts_until_it_has_been_silent_for_a_while(autojump_clock: Any) -> None:
    async with floor() as engine:
        await engine.follow("NSE:NIFTY.2026-11-25", process="web-1")
        await engine.follow("NSE:NIFTY.2026-11-26", process="web-2")
        for _ in range(10):
            await trio.sleep(10)
            await engine.follow("NSE:NIFTY.2026-11-26", process="web-2")
        assert engine.running() == ["NSE:NIFTY.2026-11-26"]


async def test_who_can_not_have_a_chain_is_told_why(autojump_clock: Any) -> None:
    async with floor() as engine:
        names = ("NSE:NIFTY.2026-11-24", "NSE:TCS.2026-11-26", "NIFTY", "NSE:NIFTY.2026-11-26")
        refused = await engine.follow(*names)
        assert refused.keys() == set(names[:3])
        assert "expire on 2026-11-24; some do on 2026-11-25, 2026-11-26" in refused[names[0]]
        assert refused[names[1]] == "no options on NSE:TCS are listed"
        assert engine.running() == [names[3]]


async def test_who_asks_for_a_chain_gets_the_next_one_unless_he_names_a_day(autojump_clock: Any) -> None:
    async with floor() as engine:
        assert await engine.want(UNDERLYING) == {"expiry": "2026-11-25", "failed": ""}
        assert await engine.want(UNDERLYING, MONTHLY) == {"expiry": "2026-11-26", "failed": ""}
        assert (await engine.want(UNDERLYING, date(2027, 1, 1)))["expiry"] is None
        await trio.sleep(800)
        assert len(engine.running()) == 2
        await trio.sleep(200)
        assert engine.running() == []


async def test_more_than_can_run_are_refused(autojump_clock: Any) -> None:
    days = [date(2026, 11, 24 + number) if number < 7 else date(2026, 12, number - 6) for number in range(MOST - 17)]
    days += [date(2027, 1, number) for number in range(1, 20)]
    options = [option for day in days for option in both(26_000, expiry=day)]
    async with floor(contracts=options) as engine:
        names = [f"NSE:NIFTY.{day}" for day in days]
        refused = await engine.follow(*names)
        assert len(engine.running()) == MOST
        assert len(refused) == len(days) - MOST
        assert all("as many as can" in why for why in refused.values())


async def test_a_chain_that_is_followed_makes_way_for_none_that_is_wished_later(autojump_clock: Any) -> None:
    days = [date(2027, 1 + number // 20, 1 + number % 20) for number in range(2 * MOST)]
    async with floor(contracts=[option for day in days for option in both(26_000, expiry=day)]) as engine:
        names = [f"NSE:NIFTY.{day}" for day in days]
        assert await engine.follow(*names[:5]) == {}
        refused = await engine.follow(*names[5:], process="web-2")
        assert set(names[:5]) <= set(engine.running())
        before = engine.running()
        assert len(before) == MOST
        assert len(refused) == len(names) - MOST
        left_out = next(iter(refused)).rpartition(".")[2]
        assert (await engine.want(UNDERLYING, date.fromisoformat(left_out)))["failed"]
        assert engine.running() == before


async def test_the_windows_of_all_chains_are_favoured_and_of_those_that_ended_no_more(autojump_clock: Any) -> None:
    def favoured() -> frozenset[str]:
        return [one for one in engine.seen["manager"] if isinstance(one, Favoured)][-1].instruments

    async with floor(UNDERLYING) as engine:
        await engine.follow("NSE:NIFTY.2026-11-26")
        for name in engine.running():
            engine.chain(name).tell(heard(UNDERLYING, 26_000.0, NOON))
        await trio.sleep(11)
        everything = {option.canonical for option in CONTRACTS if option.kind is InstrumentKind.OPTION}
        assert favoured() == everything
        await engine.follow()
        await trio.sleep(100)
        assert favoured() == {CALL.canonical, PUT.canonical}


async def test_what_somebody_else_looks_at_or_follows_is_favoured_as_far_as_it_is_an_option(
    autojump_clock: Any,
) -> None:
    elsewhere = "NFO:NIFTY26NOV2630000CE"
    demanded = frozenset({elsewhere, "NSE:TCS", "NFO:NIFTY26NOV26FUT"})
    async with floor(demanded=demanded) as engine:
        await trio.sleep(1)
        assert engine.seen["manager"][-1] == Favoured(frozenset({elsewhere}))


async def test_the_options_that_chains_ask_for_are_told_to_who_says_how_instruments_are(autojump_clock: Any) -> None:
    async with floor(UNDERLYING) as engine:
        await engine.follow("NSE:NIFTY.2026-11-26")
        engine.chain("NSE:NIFTY.2026-11-25").tell(LegsPolled("kite", {CALL.canonical: Quote(180.0)}))
        await trio.sleep(11)
        assert engine.seen["sentinel"][-1] == LegsAsked(frozenset({CALL.canonical}))
        await trio.sleep(61)
        assert engine.seen["sentinel"][-1] == LegsAsked(frozenset())


async def test_a_new_engine_s_chain_goes_on_from_the_hot_copy_with_the_first_interest_of_the_day(
    autojump_clock: Any,
) -> None:
    async with floor(UNDERLYING) as engine:
        chain = engine.chain("NSE:NIFTY.2026-11-25")
        await trio.sleep(0.5)
        chain.tell(heard(CALL, 180.0, NOON, open_interest=750))
        chain.tell(heard(CALL, 181.0, NOON + SECOND_NS, open_interest=900))
        await trio.sleep(2)
        newest = engine.told(WEEKLY)[-1]
    async with floor(start_ns=NOON + 300 * SECOND_NS) as engine:
        await engine.hot.write_chains([newest])
        await engine.follow("NSE:NIFTY.2026-11-25")
        await trio.sleep(0.5)
        resumed = leg(engine.told(WEEKLY)[0], CALL)
        assert (resumed.ltp, resumed.oi, resumed.oi_change_open) == (181.0, 900, 150)
        engine.chain("NSE:NIFTY.2026-11-25").tell(heard(CALL, 182.0, NOON, open_interest=960))
        await trio.sleep(0.5)
        assert leg(engine.told(WEEKLY)[-1], CALL).oi_change_open == 210


async def test_a_running_chain_takes_up_strikes_that_are_listed_later_and_keeps_the_baselines_of_the_day(
    autojump_clock: Any,
) -> None:
    durable, (later, _) = MemoryDurableStore(), both(26_500, expiry=WEEKLY)
    async with floor(UNDERLYING, durable=durable) as engine:
        await trio.sleep(1)
        chain = engine.chain("NSE:NIFTY.2026-11-25")
        chain.tell(heard(CALL, 180.0, NOON, open_interest=750))
        await trio.sleep(59)
        began_s = engine.began_s("NSE:NIFTY.2026-11-25")
        await durable.seed([], [later], [])
        chain.tell(heard(CALL, 181.0, NOON + SECOND_NS, open_interest=900))
        chain.tell(LegsPolled("kite", {PUT.canonical: Quote(190.0, open_interest=300)}))
        await trio.sleep(70)
        assert engine.began_s("NSE:NIFTY.2026-11-25") > began_s
        chain.tell(heard(later, 20.0, NOON + 2 * SECOND_NS))
        chain.tell(heard(CALL, 182.0, NOON + 2 * SECOND_NS, open_interest=960))
        await trio.sleep(1)
        newest = engine.told(WEEKLY)[-1]
        assert (leg(newest, later).ltp, leg(newest, PUT).ltp) == (20.0, 190.0)
        assert (leg(newest, CALL).ltp, leg(newest, CALL).oi_change_open) == (182.0, 210)


async def test_a_chain_is_not_begun_anew_for_what_is_listed_of_others_or_listed_no_more(autojump_clock: Any) -> None:
    durable, name = MemoryDurableStore(), "NSE:NIFTY.2026-11-25"
    async with floor(UNDERLYING, durable=durable, contracts=[*CONTRACTS, future(date(2026, 11, 24))]) as engine:
        await trio.sleep(1)
        began_s = engine.began_s(name)
        await durable.seed([], both(27_000), [])
        await trio.sleep(70)
        durable.tables.retired |= {CALL.canonical, PUT.canonical, future(date(2026, 11, 24)).canonical}
        for _ in range(10):
            await engine.want(UNDERLYING, WEEKLY)
            await trio.sleep(10)
        assert engine.began_s(name) == began_s


async def test_open_interest_of_the_previous_close_is_of_our_own_days_where_no_provider_says_it(
    autojump_clock: Any,
) -> None:
    durable, friday = MemoryDurableStore(), date(2026, 11, 20)
    async with floor(durable=durable):
        pass
    opened = at("2026-11-20 09:15")
    day = Candle(CALL.canonical, "1d", opened, 1.0, 1.0, 1.0, 1.0, 5, 700, state=CandleState.FINAL, source="dhan")
    await durable.save([], [DailyCandle(friday, day)])
    async with floor(durable=durable) as engine:
        await engine.follow("NSE:NIFTY.2026-11-25")
        engine.chain("NSE:NIFTY.2026-11-25").tell(heard(CALL, 180.0, NOON, open_interest=750))
        await trio.sleep(1)
        assert leg(engine.told(WEEKLY)[-1], CALL).oi_change == 50


async def test_a_day_before_the_previous_one_is_no_baseline(autojump_clock: Any) -> None:
    durable, thursday = MemoryDurableStore(), date(2026, 11, 19)
    async with floor(durable=durable):
        pass
    opened = at("2026-11-19 09:15")
    day = Candle(CALL.canonical, "1d", opened, 1.0, 1.0, 1.0, 1.0, 5, 700, state=CandleState.FINAL, source="dhan")
    await durable.save([], [DailyCandle(thursday, day)])
    async with floor(durable=durable) as engine:
        await engine.follow("NSE:NIFTY.2026-11-25")
        engine.chain("NSE:NIFTY.2026-11-25").tell(heard(CALL, 180.0, NOON, open_interest=750))
        await trio.sleep(1)
        assert leg(engine.told(WEEKLY)[-1], CALL).oi_change is None


async def test_a_chain_that_crashes_on_a_later_day_counts_from_the_close_of_the_day_before_that(
    autojump_clock: Any,
) -> None:
    durable, evening = MemoryDurableStore(), at("2026-11-19 23:59:30")
    async with floor(durable=durable):
        pass
    closes = [
        Candle(
            one.canonical,
            "1d",
            at("2026-11-18 09:15"),
            1.0,
            1.0,
            1.0,
            1.0,
            5,
            700,
            state=CandleState.FINAL,
            source="dhan",
        )
        for one in (CALL, PUT)
    ]
    await durable.save([], [DailyCandle(date(2026, 11, 18), day) for day in closes])
    async with floor(UNDERLYING, durable=durable, start_ns=evening) as engine:
        await trio.sleep(1)
        chain = engine.chain("NSE:NIFTY.2026-11-25")
        chain.tell(heard(CALL, 180.0, evening, open_interest=750))
        await trio.sleep(1)
        assert leg(engine.told(WEEKLY)[-1], CALL).oi_change == 50
        chain.tell("nobody handles this")
        await trio.sleep(5)
        chain.tell(heard(CALL, 181.0, evening + SECOND_NS, open_interest=760))
        await trio.sleep(1)
        assert leg(engine.told(WEEKLY)[-1], CALL).oi_change == 60, "of the same day it is still true"

        await trio.sleep(30)
        chain.tell(heard(CALL, 182.0, engine.system.clock.now_ns(), open_interest=800))
        await trio.sleep(1)
        chain.tell("nobody handles this")
        await trio.sleep(5)
        for option in (CALL, PUT):
            chain.tell(heard(option, 183.0, engine.system.clock.now_ns(), open_interest=810))
        await trio.sleep(1)
        newest = engine.told(WEEKLY)[-1]
        assert (newest.day, newest.previous_day) == (date(2026, 11, 20), date(2026, 11, 19))
        assert (leg(newest, CALL).oi_change, leg(newest, PUT).oi_change) == (50, None), (
            "since Thursday's 760, not Wednesday's 700"
        )


async def test_while_the_database_is_away_chains_go_on_and_what_was_never_read_is_waited_for(
    autojump_clock: Any,
) -> None:
    durable = MemoryDurableStore()
    async with floor(UNDERLYING, durable=durable) as engine:
        await trio.sleep(1)
        durable.tables.away = True
        for _ in range(20):
            await trio.sleep(9)
            refused = await engine.follow("NSE:TCS.2026-11-26", "NSE:NIFTY.2026-11-26")
        assert refused.keys() == {"NSE:TCS.2026-11-26"}
        assert "not available" in refused["NSE:TCS.2026-11-26"]
        assert engine.running() == ["NSE:NIFTY.2026-11-25", "NSE:NIFTY.2026-11-26"], "their lists are known"
        assert engine.system.snapshot("/engine/chains").restarts == 0
        durable.tables.away = False
        await trio.sleep(11)
        assert await engine.follow("NSE:TCS.2026-11-26") == {"NSE:TCS.2026-11-26": "no options on NSE:TCS are listed"}


async def test_a_database_that_hangs_holds_nobody_up_for_long(autojump_clock: Any) -> None:
    durable = MemoryDurableStore()
    async with floor(UNDERLYING, durable=durable) as engine:
        await trio.sleep(1)
        durable.tables.hanging = anyio.Event()
        await trio.sleep(300)
        assert engine.running() == ["NSE:NIFTY.2026-11-25"]


async def test_of_too_many_names_those_that_run_are_looked_up_first(autojump_clock: Any) -> None:
    async with floor() as engine:
        assert await engine.follow("NSE:NIFTY.2026-11-26") == {}
        others = [f"NSE:SHARE{number}.2026-11-26" for number in range(2 * MOST_NAMED)]
        refused = await engine.follow(*others, "NSE:NIFTY.2026-11-26")
        assert engine.running() == ["NSE:NIFTY.2026-11-26"]
        assert sum(why.startswith("no options on") for why in refused.values()) == MOST_NAMED - 1
        assert sum("as many as can" in why for why in refused.values()) == MOST_NAMED + 1
