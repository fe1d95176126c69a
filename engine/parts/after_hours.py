"""What works through a day when it is over."""

from functools import partial

from actors.delivery_reports import DeliveryReports
from actors.delivery_work import DeliveryCraft
from actors.end_of_day import EndOfDay
from actors.end_of_day_work import EndOfDayCraft
from actors.official_days import OfficialDays
from actors.screen_daily import DailyScreens
from actors.upkeep_work import UpkeepCraft
from engine.archive import DayArchive
from engine.parts.base import Parts, Places
from engine.parts.healing import Healing
from engine.runtime import GENTLE, ActorSystem, ChildSpec


def end_of_day(parts: Parts, at: Places, healing: Healing) -> list[ChildSpec]:
    """The one that begins the jobs, unless the settings say otherwise."""
    minutes = parts.settings.end_of_day_after
    if minutes is None:
        return []
    to = {"jobs": at.jobs, "publisher": at.publisher}
    reporting = "" if parts.settings.delivery_report is None else DeliveryReports.exchange
    when = {"after_s": minutes * 60.0, "reporting": reporting}
    make = partial(EndOfDay, parts.durable, healing.routes, parts.calendars, **to, **when)
    return [ChildSpec("end_of_day", make, backoff=GENTLE)]


def screens(parts: Parts, at: Places) -> list[ChildSpec]:
    """What runs screeners by itself, where days are worked through."""
    minutes = parts.settings.end_of_day_after
    if minutes is None:
        return []
    make = partial(DailyScreens, parts.durable, parts.calendars, parts.screeners, jobs=at.jobs, after_s=minutes * 60.0)
    return [ChildSpec("screens", make, backoff=GENTLE)]


def upkeep_craft(system: ActorSystem, parts: Parts) -> UpkeepCraft:
    settings = parts.settings
    archive = DayArchive(parts.durable, settings.archives, now_ns=system.clock.now_ns)
    return UpkeepCraft(parts.durable, archive, settings.keep_intraday_days, settings.keep_ticks_days)


def delivery_craft(parts: Parts) -> DeliveryCraft | None:
    """None where no report is set."""
    place = parts.settings.delivery_report
    return None if place is None else DeliveryCraft(parts.durable, DeliveryReports(place), parts.calendars)


def end_of_day_craft(parts: Parts, at: Places, healing: Healing) -> EndOfDayCraft:
    return EndOfDayCraft(
        parts.durable,
        healing.healer,
        OfficialDays(healing.histories, healing.routes, parts.calendars),
        delivery_craft(parts),
        healing.routes,
        parts.calendars,
        at.persister,
    )
