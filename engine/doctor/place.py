"""How this machine is: the data folder, its disk, the calendars that came with the program, the limits and lists in force."""

import os
import shutil
import stat
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from config.calendars import calendar_codes, load_calendar
from config.errors import SettingsError
from config.settings import Settings
from engine.doctor.finding import Finding, note, well, wrong
from engine.limits import limits_in_force
from engine.market import Calendar
from engine.screening.configured import configured_screeners

_LEAST_FREE_BYTES = 1_000_000_000
_OTHERS = stat.S_IRWXO | stat.S_IRGRP | stat.S_IWGRP
"""A group may pass through: as root we let PostgreSQL's own account in that way."""


def data_folder(folder: Path) -> Iterator[Finding]:
    """Its permissions and its disk."""
    if not folder.exists():
        yield note("data folder", f"{folder} does not exist yet; the first run makes it.")
        return
    mode = stat.S_IMODE(folder.stat().st_mode)
    if mode & _OTHERS:
        yield wrong("data folder", f"{folder} is open to others (mode {mode:o}): chmod 700 {folder}")
    elif not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        yield wrong("data folder", f"{folder} can not be written by this account.")
    else:
        yield well("data folder", f"{folder} is private and can be written.")
    free = shutil.disk_usage(folder).free
    words = f"{free / 1e9:.1f} GB are free where {folder} is"
    yield (
        well("disk", f"{words}.") if free > _LEAST_FREE_BYTES else wrong("disk", f"{words}: make room, 1 GB is needed.")
    )


def calendars(today: date) -> Iterator[Finding]:
    """How long the exchanges' holidays are known."""
    for code in calendar_codes():
        yield _calendar(Calendar.parse(load_calendar(code)), today)


def _calendar(calendar: Calendar, today: date) -> Finding:
    subject, warning = f"calendar {calendar.code}", calendar.warning(today)
    if warning is None:
        return well(subject, f"is known through {calendar.schedule.valid_through}.")
    return note(subject, warning) if calendar.covers(today) else wrong(subject, warning)


def limits(settings: Settings) -> Finding:
    """Whether the own limits can be used."""
    try:
        limits_in_force(settings)
    except SettingsError as error:
        return wrong("limits", str(error))
    own = (
        "are those of config/limits.toml" if settings.limits_file is None else f"are changed by {settings.limits_file}"
    )
    return well("limits", f"of prices and bars {own}.")


def screeners(settings: Settings) -> Finding:
    """Whether the own lists can be used."""
    try:
        lists = configured_screeners(settings.screeners_file)
    except SettingsError as error:
        return wrong("screeners", str(error))
    return well("screeners", f"are {', '.join(sorted(lists))}.")
