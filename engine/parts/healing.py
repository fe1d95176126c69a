"""What finds out what is missing or wrong, and asks providers for it."""

from functools import partial

from actors.auditor import Auditor
from actors.comparer import Comparer
from actors.dated_history import DatedHistory, NameBook
from actors.fallback import Fallback
from actors.healer import Healer
from actors.historian import Historian
from actors.last_prices import LastPrices
from actors.overruling import Overruling
from actors.past import Past
from actors.price_sources import PriceSources
from actors.quarantine import Quarantine
from actors.quote_sources import QuoteSources
from actors.records import Records
from actors.resolver import Resolver
from actors.routes import Routes
from actors.scanner import Scanner
from actors.second_source import SecondSource
from actors.sifting import Sifting
from actors.sources import Sources
from engine.limits import limits_in_force
from engine.market.divergence import Divergences
from engine.parts.base import NS_PER_S, Parts, Places, Start
from engine.runtime import ActorSystem
from engine.storage.tally import Tally


class Healing:
    """What heals: one of each, shared by who heals what was lost and who heals what an operator wants."""

    def __init__(self, system: ActorSystem, parts: Parts, at: Places) -> None:
        settings, hot, durable, calendars = parts.settings, parts.hot, parts.durable, parts.calendars
        now_ns = system.clock.now_ns
        settle_after_ns = settings.saved_after_ns
        self.retention_ns = settings.hot_retention_days * 86_400 * NS_PER_S
        self.routes = Routes(parts.providers)
        self.histories = {
            name: DatedHistory(provider.history, NameBook(durable, name, now_ns=now_ns))
            for name, provider in parts.providers.items()
        }
        sifting = Sifting(limits_in_force(settings), calendars, now_ns=now_ns, tell=at.quarantine.tell)
        sources = Sources(self.histories, self.routes, now_ns=now_ns, sound=sifting.sound)
        self.past = Past(hot, durable, self.histories, self.routes, calendars, now_ns=now_ns)
        records = Records(hot, durable, calendars)
        self.scanner = Scanner(
            hot,
            durable,
            records,
            calendars,
            now_ns=now_ns,
            retention_ns=self.retention_ns,
            settle_after_ns=settle_after_ns,
        )
        self.healer = Healer(
            records,
            sources,
            self.routes,
            calendars,
            writer=at.candle_writer,
            listeners=(at.publisher, at.charts),
            now_ns=now_ns,
            settle_after_ns=settle_after_ns,
            retention_ns=self.retention_ns,
        )


def resolver(parts: Parts, at: Places, healing: Healing) -> Start:
    return partial(
        Resolver,
        parts.hot,
        healing.healer,
        healing.scanner,
        healing.routes,
        parts.calendars,
        manager=at.provider_manager,
        retention_ns=healing.retention_ns,
        jitter=parts.jitter,
        note_interval_s=parts.pace.note_s,
    )


def quarantine(parts: Parts, at: Places, healing: Healing) -> Start:
    return partial(
        Quarantine,
        parts.durable,
        SecondSource(healing.histories, healing.routes),
        Overruling(parts.durable, healing.routes, healing.healer, resolver=at.resolver),
        healing.routes,
        publisher=at.publisher,
    )


def fallback(parts: Parts, at: Places, healing: Healing) -> Start:
    sources = QuoteSources(healing.histories, healing.routes, jitter=parts.jitter)
    return partial(Fallback, sources, parts.calendars, instruments=at.instruments.path, sentinel=at.sentinel)


def comparer(parts: Parts, at: Places, healing: Healing) -> Start:
    divergences = Divergences(parts.settings.divergence_percent)
    histories, routes = healing.histories, healing.routes
    return partial(Comparer, parts.hot, histories, routes, parts.calendars, divergences, publisher=at.publisher)


def historian(parts: Parts, at: Places, healing: Healing) -> Start:
    return partial(Historian, healing.past, jobs=at.jobs, wanted=parts.settings.initial_history)


def last_prices(system: ActorSystem, parts: Parts, healing: Healing) -> Start:
    sources = partial(
        PriceSources,
        healing.histories,
        healing.routes,
        parts.durable,
        now_ns=system.clock.now_ns,
        jitter=parts.jitter,
    )
    return lambda: LastPrices(parts.hot, sources())


def auditor(parts: Parts) -> Start:
    tally = Tally(parts.durable, parts.calendars)
    providers, saved_after_ns = tuple(parts.providers), parts.settings.saved_after_ns
    return partial(Auditor, parts.durable, tally, parts.calendars, providers, saved_after_ns=saved_after_ns)
