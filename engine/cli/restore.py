"""``ticktree restore``."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.cli.archive import DAY, day_by_day, with_archive

if TYPE_CHECKING:
    from datetime import date

    from engine.archive import DayArchive

EXAMPLES = """
\b
Examples:
  ticktree restore --from 2026-11-01 --to 2026-11-20     what the archive has of those days
  ticktree restore --from 2026-11-20 --folder /backup    out of another folder than the settings say
"""


@click.command("restore", epilog=EXAMPLES)
@click.option("--from", "first", type=DAY, required=True, help="First day, of UTC.")
@click.option("--to", "last", type=DAY, help="Last day, included; the archive's last by default.")
@click.option("--folder", type=click.Path(path_type=Path, file_okay=False), help="Instead of TICKTREE_ARCHIVE_DIR.")
def command(first: datetime, last: datetime | None, folder: Path | None) -> None:
    """Take archived days into the database again.

    Files are checked against their manifest first. What stands in a table stays, unless the archive has a higher revision
    of it; rows of instruments that the tables do not know are left out. Safe to repeat. Days that
    TICKTREE_KEEP_INTRADAY_DAYS or TICKTREE_KEEP_TICKS_DAYS does not keep are archived and dropped again, a week from now at the earliest.
    """
    from datetime import date

    with_archive(folder, lambda archive: _restore(archive, first.date(), last.date() if last else date.max))


async def _restore(archive: "DayArchive", first: "date", last: "date") -> None:
    from engine.archive import RESTORED_DAYS, ArchiveError

    days = archive.days(first, last)
    if not days:
        raise ArchiveError("it has none of these days; see TICKTREE_ARCHIVE_DIR, or name its --folder.")
    rows = await day_by_day("restore", days, archive.restore)
    click.echo(
        f"Upkeep keeps them for {RESTORED_DAYS} days, whatever TICKTREE_KEEP_INTRADAY_DAYS and TICKTREE_KEEP_TICKS_DAYS say."
    )
    click.echo(f"{rows:,} rows are new or newer, of {len(days)} days.")
