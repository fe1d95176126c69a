"""The option chains: which of them run, for whom, and which options are carried before others for their sake."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from itertools import chain
from typing import Any, ClassVar

import anyio
import structlog

from actors.chain_contracts import ChainContracts, NoChainError
from actors.chain_maker import ChainMaker
from actors.messages import (
    ChainsFollowed,
    ChainWanted,
    ChainWindow,
    Count,
    Favoured,
    KeepChain,
    LegsAsked,
    LookAtChains,
)
from actors.option_demand import OptionDemand
from engine.market.chain_place import ChainPlace
from engine.runtime import (
    ActorRef,
    ChildSpec,
    MailboxSpec,
    Overflow,
    SpecError,
    StartChild,
    StopChild,
    TaskActor,
    UnknownPathError,
    handles,
)
from engine.storage.errors import StorageError

log = structlog.get_logger("ticktree.option_chains")

FORGET_S = 30.0
"""Clients follow a chain while their web process has said so within this time, of the loop's: people live in it."""
ASKED_S = 900.0
"""A chain that somebody asked for runs so long."""
LOOK_S = 5.0
START_S = 10.0
MOST = 48
"""Chains at a time: each reckons all its legs up to ten times a second."""
MOST_NAMED = 2 * MOST
"""By one web process: beyond it nobody looks whether there are such chains, as none of them could run."""
CROWDED = f"{MOST} option chains run already, which is as many as can"


class OptionChains(TaskActor):
    """Keeps chains alive that are to be kept always, that clients follow, or that somebody asked for lately.

    Feeds are to bring their windows before all other options, and those that somebody else looks at or follows.

    A chain that it says nothing to ends by itself, so that nothing has to be known of those that ran before.
    """

    mailbox: ClassVar[MailboxSpec] = MailboxSpec(capacity=1_000, overflow=Overflow.DROP_OLDEST)

    def __init__(
        self,
        contracts: Callable[[], ChainContracts],
        maker: ChainMaker,
        *,
        chains: ActorRef,
        manager: ActorRef,
        sentinel: ActorRef,
        demand: OptionDemand,
        kept: Sequence[str],
        look_interval_s: float = LOOK_S,
    ) -> None:
        """``kept`` are underlyings whose next expiry always runs; ``chains`` is the supervisor of all that run."""
        super().__init__()
        self._contracts = contracts()
        self._maker = maker
        self._chains = chains
        self._manager = manager
        self._sentinel = sentinel
        self._demand = demand
        self._kept = tuple(kept)
        self._look_interval_s = look_interval_s
        self._followed: dict[str, tuple[float, tuple[ChainPlace, ...]]] = {}
        """By web process, with when it said so."""
        self._wished: dict[ChainPlace, None] = {}
        """What is followed or was asked for, the oldest wish first."""
        self._asked_s: dict[ChainPlace, float] = {}
        self._windows: dict[ChainPlace, tuple[float, ChainWindow]] = {}
        self._favoured: frozenset[str] | None = None
        self._running: frozenset[ChainPlace] = frozenset()

    async def on_start(self) -> None:
        self.actor_ref.tell(LookAtChains())
        self.send_every(self._look_interval_s, LookAtChains())

    @handles(LookAtChains)
    async def on_look(self, _: LookAtChains) -> None:
        oldest_s = anyio.current_time() - FORGET_S
        self._followed = {process: entry for process, entry in self._followed.items() if entry[0] >= oldest_s}
        self._windows = {place: entry for place, entry in self._windows.items() if entry[0] >= oldest_s}
        asked_s = anyio.current_time() - ASKED_S
        self._asked_s = {place: at_s for place, at_s in self._asked_s.items() if at_s >= asked_s}
        try:
            await self._run_wanted()
        except StorageError as error:
            log.info("chains_not_looked_at", error=str(error))
        self._favour()
        if not self._demand.is_looking:  # beside: who follows a chain waits for nobody else's answer
            self.spawn(self._look_at_demand)

    @handles(ChainsFollowed)
    async def on_chains_followed(self, message: ChainsFollowed) -> Mapping[str, Any]:
        """Answers which of them can not be had, each with why. Of too many names those that are known go first."""
        known = frozenset(map(str, self._wished))
        names = sorted(message.chains, key=lambda name: name not in known)
        found, refused = await self._find(names[:MOST_NAMED])
        self._followed[message.process] = anyio.current_time(), tuple(found)
        await self.on_look(LookAtChains())
        refused |= dict.fromkeys(names[MOST_NAMED:], CROWDED)
        refused |= {str(place): CROWDED for place in found if place not in self._running}
        return {"refused": refused}

    async def _find(self, names: Sequence[str]) -> tuple[list[ChainPlace], dict[str, str]]:
        """The chains of these names that there are, and why there are not the others; all are looked up together."""
        places: dict[str, ChainPlace] = {}
        refused: dict[str, str] = {}
        for name in names:
            try:
                places[name] = ChainPlace.parse(name)
            except ValueError as error:
                refused[name] = str(error)
        await self._contracts.read({place.underlying for place in places.values()})
        found: list[ChainPlace] = []
        for name, place in places.items():
            try:
                found.append(await self._contracts.find(*place))
            except (NoChainError, StorageError) as error:
                refused[name] = str(error)
        return found, refused

    @handles(ChainWanted)
    async def on_chain_wanted(self, wanted: ChainWanted) -> Mapping[str, Any]:
        """Answers the ``expiry`` of the chain that runs now, or why there is none (``failed``)."""
        try:
            place = await self._contracts.find(wanted.underlying, wanted.expiry)
        except (NoChainError, StorageError) as error:
            return {"expiry": None, "failed": str(error)}
        self._asked_s[place] = anyio.current_time()
        await self.on_look(LookAtChains())
        return {"expiry": place.expiry.isoformat(), "failed": "" if place in self._running else CROWDED}

    @handles(ChainWindow)
    def on_chain_window(self, window: ChainWindow) -> None:
        self._windows[window.place] = anyio.current_time(), window
        self._favour()

    @handles(Count)
    def on_count(self, _: Count) -> dict[str, int]:
        return {"chains_running": len(self._running), "options_favoured": len(self._favoured or ())}

    async def _run_wanted(self) -> None:
        followed = frozenset[ChainPlace]().union(*(places for _, places in self._followed.values()))
        self._rank()
        stay = [place for place in self._wished if place in self._running]  # who comes later takes nobody's place
        wanted = list(dict.fromkeys([*await self._always(), *stay, *self._wished]))[:MOST]
        await self._contracts.read({place.underlying for place in wanted})
        for place in wanted:
            await self._keep(place, followed=place in followed)
        self._running = frozenset(wanted)

    def _rank(self) -> None:
        """All that is wished for, in the order in which it was."""
        wished = dict.fromkeys((*chain(*(places for _, places in self._followed.values())), *self._asked_s))
        self._wished = {place: None for place in self._wished if place in wished} | wished

    async def _always(self) -> list[ChainPlace]:
        """Of each underlying the next expiry, where it has any."""
        found: list[ChainPlace] = []
        for underlying in self._kept:
            with suppress(NoChainError):  # the default names two that not every installation lists
                found.append(await self._contracts.find(underlying))
        return found

    async def _keep(self, place: ChainPlace, *, followed: bool) -> None:
        ref = self.system.ref(f"{self._chains.path}/{place}")
        contracts = await self._contracts.of(place.underlying)
        if not ref.is_alive():
            await self._start(await self._maker.spec(place, contracts))
        elif (spec := await self._maker.renewed(place, contracts)) is not None:
            log.info("chain_takes_up_contracts", chain=str(place))
            with suppress(UnknownPathError):  # it has ended by itself meanwhile
                await self._chains.ask(StopChild(spec.name), timeout_s=START_S)
            await self._start(spec)
        if ref.is_alive():
            ref.tell(KeepChain(followed))

    async def _start(self, spec: ChildSpec) -> None:
        with suppress(SpecError):  # it has its place, and is about to be started again after a crash
            await self._chains.ask(StartChild(spec), timeout_s=START_S)

    async def _look_at_demand(self) -> None:
        await self._demand.look()
        self._favour()

    def _favour(self) -> None:
        windows = [window for _, window in self._windows.values()]
        favoured = self._demand.options.union(*(window.options for window in windows))
        if self._sentinel.is_alive():
            self._sentinel.tell(LegsAsked(frozenset[str]().union(*(window.asked for window in windows))))
        if favoured != self._favoured and self._manager.is_alive():
            self._favoured = favoured
            self._manager.tell(Favoured(favoured))
