"""``ticktree record``."""

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from config.settings import Settings
    from engine.runtime import ActorSystem

EXAMPLES = """
\b
Examples:
  ticktree record                              an engine on your stores, recorded until Ctrl-C
  ticktree record --folder /data/ticks         into another folder
  ticktree record --rotate-mb 256 --keep-days 30
  TICKTREE_RECORD_FRAMES=true ticktree run     everything on this machine, recorded all along
  ticktree replay .ticktree/recordings         live through it again
"""


@click.command("record", epilog=EXAMPLES)
@click.option("--folder", type=click.Path(path_type=Path), help="Where the files go (TICKTREE_RECORD_DIR).")
@click.option(
    "--rotate-mb", type=click.IntRange(1, 4096), help="Begin another file after so many megabytes, or an hour."
)
@click.option("--keep-days", type=click.IntRange(0, 3650), help="Delete files that are older; 0 keeps them for ever.")
def command(folder: Path | None, rotate_mb: int | None, keep_days: int | None) -> None:
    """Run an engine and keep all that it hears in files.

    Recorded are the raw frames of the configured providers with their times of receipt, which connections opened and
    ended, and what the providers' history answered: all that `ticktree replay` needs to come to the very same candles.
    The engine does its usual work meanwhile. One engine owns the feeds: while `ticktree run` is on, set
    TICKTREE_RECORD_FRAMES=true there instead. Ctrl-C ends it with exit code 0, or 1 if something could not be written.
    """
    import trio

    from config.loading import load_settings
    from config.logging import configure
    from engine.cli.plainly import plainly
    from engine.cli.prepare import prepare_tables
    from engine.launcher.stores import reachable_stores
    from engine.recording import require_writable

    given: dict[str, Any] = {"record_dir": folder, "record_rotate_mb": rotate_mb, "record_keep_days": keep_days}
    chosen = {name: value for name, value in given.items() if value is not None}
    settings = load_settings(record_frames=True, log_level="WARNING", **chosen)
    configure(settings)
    with plainly():
        require_writable(settings.recordings)
        with reachable_stores(settings) as reachable:
            _require_exchange(reachable)
            trio.run(_refuse_second_engine, reachable)
            prepare_tables(reachable)
            trio.run(_record, reachable)


def _require_exchange(settings: "Settings") -> None:
    if settings.simulated and settings.simulator_feed_url is None:
        raise click.ClickException(
            "The simulated exchange is not there: start `ticktree simulate` first, or record everything on this machine "
            "with TICKTREE_RECORD_FRAMES=true ticktree run."
        )


async def _record(settings: "Settings") -> None:
    import trio

    from engine.boot import clock_of, running_engine, until_told

    click.echo(f"Recording into {settings.recordings}. Ctrl-C saves what is unsaved and stops.")
    async with running_engine(settings, clock_of(settings)) as (system, parts):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_show, system)
            await until_told(system, parts.lease_lost)
            nursery.cancel_scope.cancel()
        unwritten = await _unwritten(system)
    if unwritten:
        raise click.ClickException(
            f"Stopped, but the last {unwritten:,} records could not be written into {settings.recordings}: "
            "is the disk full? What is there can be replayed."
        )
    click.echo("Stopped; everything is written.")


async def _refuse_second_engine(settings: "Settings") -> None:
    from engine.storage.bridge import bridged, open_bridge
    from engine.storage.hot import HotStore

    async with open_bridge():
        hot = bridged(await bridged(HotStore).connect(settings.hot_url))
        owner = await hot.lease_owner()
        await hot.close()
    if owner is not None:
        raise click.ClickException(
            f"The engine {owner} is on duty and owns the feeds: set TICKTREE_RECORD_FRAMES=true for it and start it again."
        )


async def _show(system: "ActorSystem") -> None:
    """How much there is, once a second, on one line."""
    import trio
    from rich.live import Live

    with Live(auto_refresh=False, transient=True) as line:
        while True:
            if counts := await _counts(system):
                line.update(_words(counts), refresh=True)
            await trio.sleep(1)


async def _unwritten(system: "ActorSystem") -> int:
    """How many records the disk does not take."""
    from actors.messages import Flush

    system.ref("/engine/recorder").tell(Flush())
    return (await _counts(system)).get("records_unwritten", 0)


async def _counts(system: "ActorSystem") -> dict[str, int]:
    """What the recorder has counted; nothing while it is being replaced."""
    from actors.messages import Count
    from engine.runtime import ActorDeadError, AskTimeoutError

    with contextlib.suppress(ActorDeadError, AskTimeoutError):
        return await system.ref("/engine/recorder").ask(Count(), timeout_s=5)
    return {}


def _words(counts: dict[str, int]) -> str:
    lost = f", {counts['records_lost']:,} lost" if counts["records_lost"] else ""
    waiting = f", {counts['records_unwritten']:,} not taken by the disk" if counts["records_unwritten"] else ""
    megabytes = counts["recorded_bytes"] / 1e6
    return (
        f"{counts['recorded_records']:,} records, {megabytes:.1f} MB in {counts['recorded_files']} files{lost}{waiting}"
    )
