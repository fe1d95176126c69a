"""``ticktree archive``."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from datetime import date

    from config.settings import Settings
    from engine.archive import DayArchive

EXAMPLES = """
\b
Examples:
  ticktree archive --from 2026-11-01 --to 2026-11-20     those days, beside what the database goes on keeping
  ticktree archive --from 2026-11-20 --folder /backup    into another folder than the settings say
"""

DAY = click.DateTime(["%Y-%m-%d"])


@click.command("archive", epilog=EXAMPLES)
@click.option("--from", "first", type=DAY, required=True, help="First day, of UTC.")
@click.option("--to", "last", type=DAY, help="Last day, included; yesterday by default.")
@click.option("--folder", type=click.Path(path_type=Path, file_okay=False), help="Instead of TICKTREE_ARCHIVE_DIR.")
def command(first: datetime, last: datetime | None, folder: Path | None) -> None:
    """Write days of the database into Parquet files, with a manifest.

    Candles, their revisions, statistics, option chains and kept ticks. Nothing is deleted, neither in the database nor of what was
    archived before. Safe to repeat.
    """
    from datetime import UTC, timedelta

    until = last.date() if last else (datetime.now(UTC) - timedelta(days=1)).date()
    days = _days(first.date(), until)
    if not days:
        raise click.UsageError(f"--to {until} is before --from {first.date()}")
    with_archive(folder, lambda archive: _archive(archive, days))


def with_archive(folder: Path | None, work: "Callable[[DayArchive], Awaitable[None]]") -> None:
    """Does something with the archive of the settings, or of another folder."""
    from functools import partial

    import trio

    from config.loading import load_settings
    from engine.cli.plainly import plainly
    from engine.launcher.stores import reachable_stores

    with plainly(), reachable_stores(load_settings()) as settings:
        trio.run(partial(_opened, settings, folder or settings.archives, work))


async def _opened(settings: "Settings", folder: Path, work: "Callable[[DayArchive], Awaitable[None]]") -> None:
    import time

    from engine.archive import DayArchive
    from engine.boot import open_stores
    from engine.storage.bridge import open_bridge

    async with open_bridge(), open_stores(settings) as (_, durable):
        await work(DayArchive(durable, folder, now_ns=time.time_ns))


async def _archive(archive: "DayArchive", days: "Sequence[date]") -> None:
    async def one(day: "date") -> int:
        return sum((await archive.archive(day)).rows.values()) + await archive.ticks.archive(day)

    click.echo(f"{await day_by_day('archive', days, one):,} rows in {len(days)} days.")


async def day_by_day(what: str, days: "Sequence[date]", work: "Callable[[date], Awaitable[int]]") -> int:
    """Does each day under a progress bar; the sum of what came of them."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    total = 0
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns) as progress:
        task = progress.add_task(what, total=len(days))
        for day in days:
            progress.update(task, description=f"{what} {day}")
            total += await work(day)
            progress.advance(task)
    return total


def _days(first: "date", last: "date") -> "list[date]":
    from datetime import timedelta

    return [first + timedelta(days=number) for number in range((last - first).days + 1)]
