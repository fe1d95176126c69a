"""A day of an option chain, lived through in virtual time among witnesses, and kept a snapshot a minute."""

import random
from collections.abc import Iterator
from functools import partial

import trio

from actors.chain_keeper import ChainKeeper
from actors.messages import KeepChain
from actors.option_chain import ChainMemory, ChainOutlets, OptionChainActor
from actors.pace import Pace
from config.calendars import load_calendar
from engine.market import Calendar, Instrument, InstrumentKind, Tick
from engine.runtime import ActorSystem, ChildSpec, LoopClock, Supervisor
from engine.seeding import exchanges
from engine.storage.memory import MemoryDurableStore
from tests.actors.parts import SECOND_NS, Witness
from tests.market.builders import at
from tests.market.chains import UNDERLYING, book, both, heard

NFO = Calendar.parse(load_calendar("NFO"))
CONTRACTS = both(*(25_800.0 + 50 * step for step in range(9)))
OPEN, CLOSE = at("2026-11-23 09:15"), at("2026-11-23 15:40")
EVERY_S = 20
"""Ten times a second would tell the same minutes."""
INDEX = Instrument(0, "NSE", "NIFTY", "Nifty 50", InstrumentKind.INDEX, 0.05)


def day() -> Iterator[tuple[Tick, ...]]:
    """What is heard every twenty seconds: the index wanders, and some options with it, never dearer than it allows."""
    chance, spot = random.Random(7), 26_000.0
    for ns in range(OPEN + SECOND_NS, CLOSE, EVERY_S * SECOND_NS):
        spot += chance.gauss(0.0, 4.0)
        told = [heard(UNDERLYING, round(spot, 2), ns)]
        for option in chance.sample(CONTRACTS, 4):
            strike = option.strike or 0.0
            intrinsic = max(0.0, spot - strike if option.option_type == "CE" else strike - spot)
            price = round((intrinsic + 40.0 + chance.random() * 5.0) / 0.05) * 0.05
            told.append(heard(option, price, ns, open_interest=75 * chance.randrange(1_000, 9_000)))
        yield tuple(told)


async def lived_through(durable: MemoryDurableStore) -> None:
    """By the loop's clock, which may jump; the store knows what the chain is on."""
    await durable.seed(exchanges(), [INDEX], [])
    names = ("broadcaster", "publisher", "poller", "chains")

    def chain(system: ActorSystem) -> OptionChainActor:
        at_ = {name: system.ref(f"/engine/{name}") for name in (*names, "keeper")}
        outlets = ChainOutlets(
            *(at_[name] for name in ("broadcaster", "publisher", "keeper", "poller", "chains")), instruments="/engine"
        )
        return OptionChainActor(
            book(NFO, *CONTRACTS), NFO, outlets, ChainMemory(), window=4, pace=Pace(chain_s=EVERY_S)
        )

    async with ActorSystem("engine", clock=LoopClock(OPEN)) as system:
        specs = [ChildSpec(name, partial(Witness, [])) for name in names]
        keeper = partial(ChainKeeper, durable, publisher=system.ref("/engine/publisher"))
        specs += [ChildSpec("keeper", keeper), ChildSpec("chain", partial(chain, system))]
        await system.start(ChildSpec("engine", partial(Supervisor, specs)))
        ref = system.ref("/engine/chain")
        assert system.clock.now_ns() == OPEN, "it runs from the first look at it"
        await trio.sleep(1)  # what is heard and what is told never fall on the same instant
        for told in (*day(), ()):
            ref.tell(KeepChain(followed=False))
            for tick in told:
                ref.tell(tick)
            await trio.sleep(EVERY_S)
