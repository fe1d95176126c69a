"""Writes config/calendars from scripts/calendars.toml and the calendar libraries; --check only says what differs.

The libraries (requirements/calendars.txt) are needed here and nowhere else: what runs reads the files.
"""

import difflib
import importlib
import json
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

ROOT = Path(__file__).parent.parent
KEPT = ROOT / "scripts" / "calendars.toml"
FOLDER = ROOT / "config" / "calendars"
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")
NOT_COPIED = {"library", "witness", "names", "evening_from", "evening_only", "morning_only", "weekdays"}
HEADER = """\
# Written by scripts/make_calendars.py: edit scripts/calendars.toml and run it again. Times are the wall clock of
# `timezone`; 17:00-16:00 opens the evening before. A special session replaces the hours of its date.
"""
NEW_YORK = ZoneInfo("America/New_York")
SINCE_WHEN = re.compile(r" (?:\d{4}\+|Starting at|including and)")
"""Where a library's name of a holiday goes on to say in which years its rule holds."""

Table = dict[str, Any]


class DisagreementError(Exception):
    """Two sources say different things; a hand has to decide."""


def days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=number) for number in range((last - first).days + 1))


class Library:
    """One exchange as a calendar library knows it, between two dates."""

    def __init__(self, name: str, first: date, last: date) -> None:
        module, _, code = name.partition(":")
        library = importlib.import_module(module)
        if module == "exchange_calendars":
            self._calendar = library.get_calendar(code, start=first.isoformat(), end=last.isoformat())
            schedule = self._calendar.schedule[["open", "close"]]
        else:
            self._calendar = library.get_calendar(code)
            schedule = self._calendar.schedule(first, last)[["market_open", "market_close"]]
        zone, self._first, self._last = ZoneInfo(str(self._calendar.tz)), first, last
        self.hours = {
            stamp.date(): f"{opens.astimezone(zone):%H:%M}-{closes.astimezone(zone):%H:%M}"
            for stamp, opens, closes in schedule.itertuples()
        }

    def closed_weekdays(self) -> set[date]:
        return {day for day in days(self._first, self._last) if day.weekday() < 5 and day not in self.hours}

    def names(self) -> dict[date, str]:
        """What it calls its holidays and early closes, where it says so."""
        rules = [self._calendar.regular_holidays, *(rule for _, rule in self._calendar.special_closes)]
        listed = (
            rule.holidays(str(self._first), str(self._last), return_name=True)
            for rule in rules
            if hasattr(rule, "holidays")
        )
        return {stamp.date(): SINCE_WHEN.split(str(name))[0] for names in listed for stamp, name in names.items()}


def named(kept: Table, table: str) -> dict[date, str]:
    """A table of dates and names; TOML's keys are text."""
    return {date.fromisoformat(day): name for day, name in kept.get(table, {}).items()}


def derive(kept: Table) -> Table:
    """The calendar file of one entry that follows no other."""
    made = {key: value for key, value in kept.items() if key not in NOT_COPIED}
    first, last = kept["valid_from"], kept["valid_through"]
    made["hours"], made["hours_change"] = weekly(kept["hours"], first, last)
    special = {one["date"]: one for one in [*half_days(kept), *kept.get("special", [])]}
    holidays = named(kept, "holidays")
    shut = frozenset(holidays)
    if "library" in kept:
        library = Library(kept["library"], first, last)
        ours = named(kept, "names")
        names = {**library.names(), **ours}
        closed = library.closed_weekdays() - special.keys()
        holidays |= {day: name_of(day, names) for day in closed}
        holidays |= {day: name for day, name in ours.items() if day in special}
        odd = odd_days(library, made["hours"], names)
        special = {**{day: hours for day, hours in odd.items() if day not in shut}, **special}
        if mistaken := ours.keys() - holidays.keys() - special.keys():
            raise DisagreementError(f"{kept['name']}: {kept['library']} opens on {sorted(mistaken)}")
    made["holidays"] = dict(sorted(holidays.items()))
    made["special"] = [special[day] for day in sorted(special)]
    return made


def name_of(day: date, names: Mapping[date, str]) -> str:
    if day not in names:
        raise DisagreementError(f"{day} is closed and has no name: give it one in `names`")
    return names[day]


def odd_days(library: Library, week: Table, names: Mapping[date, str]) -> dict[date, Table]:
    """The days on which the library has other hours than the week."""
    usual = {number: week.get(weekday, [""])[0] for number, weekday in enumerate(WEEKDAYS)}
    odd = {day: hours for day, hours in library.hours.items() if hours != usual[day.weekday()]}
    auction = {"pre_open": week["pre_open"]} if "pre_open" in week else {}
    return {
        day: {"date": day, "name": names.get(day, "Early close"), **auction, "sessions": [hours]}
        for day, hours in odd.items()
    }


def half_days(kept: Table) -> Iterator[Table]:
    """The days with only a morning or only an evening, split where the entry says."""
    (span,) = kept["hours"]["weekdays"]
    opens, _, closes = span.partition("-")
    for day, name in named(kept, "evening_only").items():
        yield {"date": day, "name": name, "sessions": [f"{kept['evening_from']}-{close_on(day, closes)}"]}
    for day, name in named(kept, "morning_only").items():
        yield {"date": day, "name": name, "sessions": [f"{opens}-{kept['evening_from']}"]}


def close_on(day: date, closes: str) -> str:
    """Of ``23:30/23:55`` the one that holds that day: the first while New York is on summer time."""
    summer, _, winter = closes.partition("/")
    is_summer = bool(NEW_YORK.dst(datetime(day.year, day.month, day.day, 12)))  # noqa: DTZ001
    return summer if is_summer or not winter else winter


def weekly(hours: Table, first: date, last: date) -> tuple[Table, list[Table]]:
    """The week's hours on the first day, and each change of a close that follows New York's clocks, on its Monday."""
    made, changes = expanded(hours, first), list[Table]()
    newest = made
    for day in days(first, last):
        if day.weekday() == 0 and expanded(hours, day) != newest:
            newest = expanded(hours, day)
            changes.append({"since": day, **newest})
    return made, changes


def expanded(hours: Table, day: date) -> Table:
    """A week written ``weekdays``, with the closes that hold that day."""
    rest = {key: value for key, value in hours.items() if key != "weekdays"}
    spans = [span.partition("-") for span in hours.get("weekdays", [])]
    written = [f"{opens}-{close_on(day, closes)}" for opens, _, closes in spans]
    return {**rest, **dict.fromkeys(WEEKDAYS, written)} if written else rest


def follower(kept: Table) -> Table:
    """The calendar file of an entry that follows another: only what differs."""
    made = {key: value for key, value in kept.items() if key not in NOT_COPIED}
    changes = [expanded(change, change["since"]) for change in kept.get("hours_change", [])]
    return {**made, "hours_change": changes} if changes else made


def confirm(code: str, entries: Table, made: Table) -> None:
    """Raises where a second library has other closed weekdays than we."""
    entry = entries[code]
    while "library" not in entry:
        entry = entries[entry["follows"]]
    ours = made if "holidays" in made else derive(entry)
    theirs = Library(entries[code]["witness"], entry["valid_from"], entry["valid_through"]).closed_weekdays()
    if differing := theirs ^ {day for day in ours["holidays"] if day.weekday() < 5}:
        raise DisagreementError(f"{code}: {entries[code]['witness']} differs on {sorted(map(str, differing))}")


def written(code: str, made: Table) -> str:
    """The calendar file's text."""
    plain = {"code": code, **{key: value for key, value in made.items() if not isinstance(value, list | dict)}}
    lines = [HEADER, *(f"{key} = {literal(value)}" for key, value in plain.items())]
    lines += ["sources = [", *(f"  {literal(source)}," for source in made["sources"]), "]"]
    for table in ("hours", "holidays"):
        if made.get(table):
            lines += ["", f"[{table}]", *(f"{key} = {literal(value)}" for key, value in made[table].items())]
    for table in ("hours_change", "special"):
        for row in made.get(table, []):
            lines += ["", f"[[{table}]]", *(f"{key} = {literal(value)}" for key, value in row.items())]
    return "\n".join(lines) + "\n"


def literal(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    return json.dumps(value, ensure_ascii=False)


def main(*, check: bool) -> int:
    entries = tomllib.loads(KEPT.read_text(encoding="utf-8"))
    differing = 0
    for code, entry in entries.items():
        made = follower(entry) if "follows" in entry else derive(entry)
        if "witness" in entry:
            confirm(code, entries, made)
        differing += put(code, written(code, made), check=check)
    return differing if check else 0


def put(code: str, text: str, *, check: bool) -> bool:
    """Writes the file, or says how it differs."""
    file = FOLDER / f"{code}.toml"
    before = file.read_text(encoding="utf-8") if file.exists() else ""
    if text == before:
        return False
    if check:
        lines = difflib.unified_diff(
            before.splitlines(), text.splitlines(), f"{code}.toml", "derived", lineterm="", n=0
        )
        print("\n".join(lines))
    else:
        file.write_text(text, encoding="utf-8")
        print(f"{code}: written")
    return True


if __name__ == "__main__":
    sys.exit(main(check="--check" in sys.argv[1:]))
