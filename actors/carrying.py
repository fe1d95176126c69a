"""Carrying: who carries each instrument, by what providers know, what their connections hold, and how they have been."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import msgspec

from engine.market.failover import Failover, FailoverRules
from engine.market.feed_health import Health
from engine.market.instrument import InstrumentKind
from engine.market.sharing import share
from engine.providers.base import Route

Known = Mapping[str, Mapping[str, Route]]
"""What each provider knows: its routes by instrument."""
_WELL = Health(well=True)


class Move(msgspec.Struct, frozen=True):
    """Instruments of one exchange that pass from one provider to another, and why."""

    exchange: str
    source: str
    heir: str
    instruments: tuple[str, ...]
    urgent: bool
    """Whoever carried them does so no more, or badly: nothing is to be waited for."""
    since_ns: int
    """Since when what it brought is in doubt; 0 when nothing is."""
    why: str


class Carrying:
    """Each instrument has a home, the provider that carries it while all is well, and whoever carries it now.

    Homes follow each exchange's order of providers and their capacity, and move as little as they can. Who is out of
    service at an exchange is stood in for by the next one in the order that knows the instrument and has room; where
    there is none, all stays as it is.
    """

    def __init__(self, providers: Sequence[str], capacity: Mapping[str, int], rules: FailoverRules) -> None:
        self.providers = tuple(providers)
        self._capacity = capacity
        self._rules = rules
        self._known: Known = {}
        self._failovers: dict[str, Failover] = {}
        self._healths: dict[tuple[str, str], Health] = {}
        self._candidates: dict[str, tuple[str, ...]] = {}
        self._homes: Mapping[str, str] = {}
        self._favoured: frozenset[str] = frozenset()
        self._last: frozenset[str] = frozenset()
        """The options that are not favoured."""
        self.carriers: Mapping[str, str] = {}
        """Who carries each instrument now, also where it does so badly."""
        self.uncarried: tuple[str, ...] = ()
        """Those for which no provider has room."""

    def route(self, provider: str, instrument: str) -> Route:
        """A provider's name for an instrument that it knows."""
        return self._known[provider][instrument]

    def wanted(self, provider: str) -> set[str]:
        """What its feed has to bring: its own, also while another stands in, so that one sees when it is well again."""
        own = {name for name, home in self._homes.items() if home == provider}
        return own | {name for name, carrier in self.carriers.items() if carrier == provider}

    def take_up(self, known: Known, priorities: Mapping[tuple[str, str], int], now_s: float) -> list[Move]:
        """What providers know from now on; ``priorities`` are of exchange and provider, the lowest first."""
        self._known = known
        knowing: dict[str, tuple[str, ...]] = {}
        for provider in self.providers:
            alone = (provider,)
            for instrument in known.get(provider, ()):
                knowing[instrument] = knowing[instrument] + alone if instrument in knowing else alone
        self._rank(knowing, priorities, now_s)
        return self._share()

    def favour(self, options: frozenset[str]) -> list[Move]:
        """Of all options these get room first, from now on; where there is room for all, nothing changes."""
        self._favoured = options
        return self._share() if self.uncarried else []

    def _share(self) -> list[Move]:
        routes = (route for known in self._known.values() for route in known.values())
        options = {route.instrument for route in routes if route.kind == InstrumentKind.OPTION}
        self._last = frozenset(options - self._favoured)
        shares = share(self._candidates, self._capacity, self._homes, last=self._last)
        self._homes, self.uncarried = shares.carriers, shares.uncarried
        return self._assign()

    def report(self, provider: str, exchange: str, health: Health, now_s: float) -> None:
        """How a provider serves an exchange from now on."""
        self._healths[provider, exchange] = health
        failover = self._failovers.get(exchange)
        if failover is not None and provider in failover.providers:
            failover.report(provider, well=health.well, now_s=now_s)

    def look(self, now_s: float) -> list[Move]:
        """What passes to another provider now."""
        before = [one.serving for one in self._failovers.values()]
        after = [one.decide(now_s) for one in self._failovers.values()]
        return self._assign() if after != before else []

    def stranded(self) -> dict[str, str]:
        """The instruments that nobody brings, each with why: who carries them was given up, and no other can."""
        dead = {
            (exchange, provider): f"{provider}: {self._health(provider, exchange).why}"
            for exchange, failover in self._failovers.items()
            for provider in failover.providers
            if not failover.serves(provider) and not failover.is_well(provider)
        }
        if not dead:
            return {}
        return {
            name: dead[exchange_of(name), carrier]
            for name, carrier in self.carriers.items()
            if (exchange_of(name), carrier) in dead
        }

    def _rank(
        self, knowing: Mapping[str, tuple[str, ...]], priorities: Mapping[tuple[str, str], int], now_s: float
    ) -> None:
        """Each instrument's providers in the order of its exchange; thousands have the same, so few are worked out."""
        kinds = {(exchange_of(instrument), providers) for instrument, providers in knowing.items()}
        at: defaultdict[str, set[str]] = defaultdict(set)
        for exchange, providers in kinds:
            at[exchange].update(providers)
        for exchange, providers in at.items():
            ranks = {name: (priorities.get((exchange, name), 1), number) for number, name in enumerate(self.providers)}
            self._follow(exchange, tuple(sorted(providers, key=ranks.__getitem__)), now_s)
        ranked = {
            (exchange, providers): tuple(one for one in self._failovers[exchange].providers if one in providers)
            for exchange, providers in kinds
        }
        self._candidates = {name: ranked[exchange_of(name), knowing[name]] for name in sorted(knowing)}

    def _follow(self, exchange: str, order: tuple[str, ...], now_s: float) -> None:
        known = self._failovers.get(exchange)
        if known is None or known.providers != order:
            failover = self._failovers[exchange] = Failover(order, self._rules, now_s)
            for provider in order:
                failover.report(provider, well=self._health(provider, exchange).well, now_s=now_s)

    def _assign(self) -> list[Move]:
        before = self.carriers
        if all(one.serving == one.providers for one in self._failovers.values()):
            self.carriers = dict(self._homes)
            return self._moves(before)
        serving = {name: self._serving(name, candidates) for name, candidates in self._candidates.items()}
        served = {name: candidates for name, candidates in serving.items() if candidates}
        stay = {name: self._homes.get(name, "") for name in served}
        stay = {name: home if home in served[name] else before.get(name, "") for name, home in stay.items()}
        assigned = share(served, self._capacity, stay, last=self._last).carriers
        self.carriers = {name: self._carrier(name, assigned.get(name), before.get(name)) for name in self._homes}
        return self._moves(before)

    def _serving(self, instrument: str, candidates: Sequence[str]) -> tuple[str, ...]:
        serves = self._failovers[exchange_of(instrument)].serves
        return tuple(provider for provider in candidates if serves(provider))

    def _carrier(self, instrument: str, assigned: str | None, before: str | None) -> str:
        """Where nobody serves, who carried it goes on with it as well as it can."""
        if assigned is not None:
            return assigned
        return before if before in self._candidates[instrument] else self._homes[instrument]

    def _moves(self, before: Mapping[str, str]) -> list[Move]:
        moved: defaultdict[tuple[str, str, str], list[str]] = defaultdict(list)
        for instrument in before.keys() & self.carriers.keys():
            source, heir = before[instrument], self.carriers[instrument]
            if source != heir:
                moved[exchange_of(instrument), source, heir].append(instrument)
        return [self._move(*ends, sorted(names)) for ends, names in moved.items()]

    def _move(self, exchange: str, source: str, heir: str, names: Sequence[str]) -> Move:
        health = self._health(source, exchange)
        why = f"{source}: {health.why}" if not health.well else f"{heir} comes before {source}, and is well"
        gone = source not in self._candidates[names[0]]
        return Move(exchange, source, heir, tuple(names), gone or not health.well, health.since_ns, why)

    def _health(self, provider: str, exchange: str) -> Health:
        return self._healths.get((provider, exchange), _WELL)


def exchange_of(instrument: str) -> str:
    """``NSE`` of ``NSE:RELIANCE``."""
    return instrument.partition(":")[0]
