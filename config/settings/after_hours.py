"""What happens when an exchange has closed."""

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from config.settings.field import Group, setting


def _unless_off(value: object) -> object:
    return None if isinstance(value, str) and value.strip().lower() == "off" else value


def _dated(place: str | None) -> str | None:
    if place is None:
        return None
    try:
        told = place.format(date=date(2026, 11, 20))
    except (KeyError, IndexError, ValueError, AttributeError) as error:
        raise ValueError("no place but that of {date}") from error
    if told == place:
        raise ValueError("the date in it, else every day would be read from the same place")
    return place


Minutes = Annotated[int, Field(ge=5, le=1_000)]


class AfterHours(Group):
    """When a day is worked through, and with what."""

    end_of_day_after: Annotated[Minutes | None, BeforeValidator(_unless_off)] = setting(
        "TICKTREE_END_OF_DAY_AFTER",
        "Minutes after an exchange's close at which its day is worked through: official closes, delivery, statistics.",
        "a whole number of minutes from 5 to 1000, or off",
        default=90,
    )
    delivery_report: Annotated[str | None, AfterValidator(_dated)] = setting(
        "TICKTREE_DELIVERY_REPORT",
        "Where NSE's full daily report (`sec_bhavdata_full`) is, for delivery percentages: an address or a file's path, "
        "the date in braces, as in `https://…/sec_bhavdata_full_{date:%d%m%Y}.csv`. Not read when not given.",
        "an address or a path with the date in braces",
        default=None,
    )
