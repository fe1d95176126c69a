"""What happens when an exchange has closed."""

from datetime import date
from pathlib import Path
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


def _month_at_least(days: int) -> int:
    if days and not 30 <= days <= 10_000:
        raise ValueError("0 or 30 to 10000: charts and heals need a month")
    return days


Keep = AfterValidator(_month_at_least)
Minutes = Annotated[int, Field(ge=5, le=1_000)]


class AfterHours(Group):
    """When a day is worked through, and with what."""

    end_of_day_after: Annotated[Minutes | None, BeforeValidator(_unless_off)] = setting(
        "TICKTREE_END_OF_DAY_AFTER",
        "Minutes after an exchange's close at which its day is worked through: official closes, delivery, statistics.",
        "a whole number of minutes from 5 to 1000, or off",
        default=90,
    )
    keep_intraday_days: Annotated[int, Keep] = setting(
        "TICKTREE_KEEP_INTRADAY_DAYS",
        "Days that PostgreSQL keeps minutes, longer bars, their revisions and option chains; then they are archived and "
        "dropped. Days' own bars stay. 0 keeps all for ever.",
        "0, or a whole number of days from 30 to 10000",
        default=0,
    )
    keep_ticks_days: int = setting(
        "TICKTREE_KEEP_TICKS_DAYS",
        "Days that PostgreSQL keeps ticks; then they are archived and dropped. 0 keeps them for ever.",
        "a whole number of days from 0 to 10000",
        default=0,
        ge=0,
        le=10_000,
    )
    archive_dir: Path | None = setting(
        "TICKTREE_ARCHIVE_DIR",
        "Folder of the archive's Parquet files; `archive` in TICKTREE_DATA_DIR when not given.",
        "a folder's path",
        default=None,
    )
    delivery_report: Annotated[str | None, AfterValidator(_dated)] = setting(
        "TICKTREE_DELIVERY_REPORT",
        "Where NSE's full daily report (`sec_bhavdata_full`) is, for delivery percentages: an address or a file's path, "
        "the date in braces, as in `https://…/sec_bhavdata_full_{date:%d%m%Y}.csv`. Not read when not given.",
        "an address or a path with the date in braces",
        default=None,
    )
