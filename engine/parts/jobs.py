"""What does long work, and what each kind of it works with."""

from functools import partial

from actors.actions_work import KIND as CORPORATE_ACTIONS
from actors.actions_work import ActionsCraft
from actors.delivery_work import KIND as DELIVERY
from actors.end_of_day import KIND as END_OF_DAY
from actors.job_kinds import JobKinds
from actors.jobs import Jobs
from actors.populating import Populating
from actors.screen_work import SCREEN, Screening
from actors.upkeep_work import KIND as UPKEEP
from engine.parts.after_hours import delivery_craft, end_of_day_craft, upkeep_craft
from engine.parts.base import Parts, Places, Start
from engine.parts.healing import Healing
from engine.runtime import ActorSystem
from engine.seeding import ListFolder, listed


def jobs(system: ActorSystem, parts: Parts, at: Places, healing: Healing) -> Start:
    delivery = delivery_craft(parts)
    kinds = JobKinds(
        healing.healer,
        healing.scanner,
        healing.routes,
        healing.past,
        {
            "populate": populating(parts, at),
            **({} if delivery is None else {DELIVERY: delivery}),
            END_OF_DAY: end_of_day_craft(parts, at, healing),
            UPKEEP: upkeep_craft(system, parts),
            CORPORATE_ACTIONS: actions_craft(parts, healing),
            SCREEN: Screening(parts.durable, parts.calendars, historian=at.historian, now_ns=system.clock.now_ns),
        },
        resolver=at.resolver,
        charts=at.charts,
    )
    return partial(Jobs, parts.durable, kinds, publisher=at.publisher)


def actions_craft(parts: Parts, healing: Healing) -> ActionsCraft:
    tellers = {name: provider.actions for name, provider in parts.providers.items() if provider.actions is not None}
    return ActionsCraft(parts.durable, healing.routes, tellers)


def populating(parts: Parts, at: Places) -> Populating:
    """Where the lists are that the tables are filled from."""
    settings = parts.settings
    addresses = {"dhan": settings.dhan_master_url, "kite": settings.kite_master_url}
    listing = partial(listed, settings.simulator_rest_url or "") if settings.simulated else None
    lists = ListFolder(settings.data_dir / "masters", addresses)
    return Populating(parts.durable, lists, tuple(parts.providers), listing, at.provider_manager)
