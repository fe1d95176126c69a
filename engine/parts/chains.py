"""What runs option chains: who decides which, who brings what feeds do not, who tells and who keeps them."""

from functools import partial

from actors.chain_contracts import ChainContracts
from actors.chain_keeper import ChainKeeper
from actors.chain_maker import ChainMaker
from actors.chain_poller import ChainPoller
from actors.chain_publisher import ChainPublisher
from actors.chain_sources import ChainSources
from actors.option_chain import ChainOutlets
from actors.option_chains import OptionChains
from actors.option_demand import OptionDemand
from actors.quote_sources import QuoteSources
from engine.parts.base import Parts, Places, Start
from engine.parts.healing import Healing
from engine.runtime import GENTLE, ActorSystem, ChildSpec, DynamicSupervisor

CHAIN_CRASHES = 30
"""In a minute: a chain that crashes again and again must not take the others along."""


def option_chains(system: ActorSystem, parts: Parts, at: Places, healing: Healing) -> list[ChildSpec]:
    """Of parts that record nothing: what providers answer here is shown and makes no candle, and a replay runs no chains."""
    return [
        ChildSpec("chain_publisher", partial(ChainPublisher, parts.hot), backoff=GENTLE),
        ChildSpec("chain_keeper", chain_keeper(parts, at), shutdown_s=10, backoff=GENTLE),
        ChildSpec("option_chains", partial(DynamicSupervisor, intensity=CHAIN_CRASHES)),
        ChildSpec("chain_poller", chain_poller(parts, at, healing), backoff=GENTLE),
        ChildSpec("chains", chains(system, parts, at), backoff=GENTLE),
    ]


def chain_keeper(parts: Parts, at: Places) -> Start:
    return partial(ChainKeeper, parts.durable, publisher=at.publisher)


def chains(system: ActorSystem, parts: Parts, at: Places) -> Start:
    settings, now_ns = parts.settings, system.clock.now_ns
    outlets = ChainOutlets(
        at.broadcaster, at.chain_publisher, at.chain_keeper, at.chain_poller, at.chains, at.instruments.path
    )
    maker = ChainMaker(
        parts.hot,
        parts.durable,
        parts.calendars,
        outlets,
        rate=settings.interest_rate,
        window=settings.chain_window,
        pace=parts.pace,
        now_ns=now_ns,
    )
    return partial(
        OptionChains,
        partial(ChainContracts, parts.durable, parts.calendars, now_ns=now_ns),
        maker,
        chains=at.option_chains,
        manager=at.provider_manager,
        sentinel=at.sentinel,
        demand=OptionDemand((at.broadcaster, at.watches), besides=at.option_chains.path),
        kept=settings.chains,
        look_interval_s=5 * parts.pace.look_s,
    )


def chain_poller(parts: Parts, at: Places, healing: Healing) -> Start:
    options = {name: one.options for name, one in parts.providers.items() if one.options is not None}
    histories = {name: one.history for name, one in parts.providers.items()}
    quotes = QuoteSources(histories, healing.routes, jitter=parts.jitter)
    sources = ChainSources(options, quotes, healing.routes, jitter=parts.jitter)
    return partial(ChainPoller, sources, parts.calendars, manager=at.provider_manager)
