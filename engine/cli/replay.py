"""``ticktree replay``."""

import json
import math
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from config.settings import Settings
    from engine.recording.blocks import Damage
    from engine.replay import Stage, Summary

EXAMPLES = """
\b
Examples:
  ticktree replay .ticktree/recordings                    all that was recorded, as fast as the machine can
  ticktree replay 20261120T0345*.ticks --speed 10         one file, ten times as fast as it was
  ticktree replay .ticktree/recordings --into stores      and keep the candles for looking at
"""


class Speed(click.ParamType[float]):
    """A number above 0, or ``max``."""

    name = "N|max"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number; infinity for ``max``."""
        try:
            speed = math.inf if value == "max" else float(value)
        except ValueError:
            speed = 0.0
        if not speed > 0:
            self.fail(f"expected a number above 0 or max, was {value!r}", param, ctx)
        return speed


@click.command("replay", epilog=EXAMPLES)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--speed", type=Speed(), default="max", show_default=True, help="How many times faster than it was.")
@click.option(
    "--into",
    type=click.Choice(["memory", "stores"]),
    default="memory",
    show_default=True,
    help="Where the results go: nowhere, or into stores of their own beside yours.",
)
@click.option("--json", "as_json", is_flag=True, help="The summary as one JSON object.")
def command(files: tuple[Path, ...], speed: float, into: str, *, as_json: bool) -> None:
    """Live through recorded files, or folders of them, again.

    The same adapters and actors work on the recorded frames, in virtual time: the candles, verdicts and messages are
    those of the live engine, whatever the speed, and the hash at the end says so. Damaged parts of files are named and
    skipped.

    Nothing is asked of a provider, and real data is never touched: `--into stores` writes into the database with
    `_replayed` after its name and two Redis indexes higher than yours, and refuses stores an engine lives in.
    """
    from config.loading import load_settings
    from config.logging import configure
    from engine.cli.plainly import plainly
    from engine.recording.reading import files_of

    settings = load_settings(log_level="ERROR")
    configure(settings)
    with plainly():
        summary, stage = _replay(files_of(files), settings, speed)
        _say(summary, as_json=as_json)
        if into == "stores":
            _keep(stage, settings)


def _replay(paths: "Sequence[Path]", settings: "Settings", speed: float) -> "tuple[Summary, Stage]":
    """Under a progress bar, on standard error: the summary alone is the answer."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from engine.replay import Listener, replay

    columns = (TextColumn("replay"), BarColumn(), TextColumn("{task.percentage:.0f} %"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("replay", total=sum(path.stat().st_size for path in paths))

        def damaged(path: Path, damage: "Damage") -> None:
            progress.console.print(f"{path.name}, byte {damage.offset:,}: {damage.what}")

        listener = Listener(lambda count: progress.advance(task, count), damaged)
        return replay(paths, settings, listener, speed=speed)


def _say(summary: "Summary", *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(figures(summary)))
        return
    first, last = (
        f"{datetime.fromtimestamp(ns / 1e9, UTC):%Y-%m-%d %H:%M:%S}" for ns in (summary.first_ns, summary.last_ns)
    )
    click.echo(
        f"{first} to {last} UTC in {summary.took_s:.1f} s: {summary.times_real_time:,.0f} times as fast as it was"
    )
    click.echo(f"{summary.frames:,} frames, {summary.ticks:,} ticks ({summary.ticks_per_s:,.0f} a second)")
    click.echo(f"{summary.candles:,} candles, {summary.revisions:,} replaced by a revision, {summary.events:,} events")
    if summary.holes or summary.unanswered:
        click.echo(f"{summary.holes:,} holes in the recording, {summary.unanswered:,} questions it has no answer to")
    click.echo(f"hash {summary.digest.whole}")


def figures(summary: "Summary") -> dict[str, Any]:
    """The summary as one flat object."""
    import msgspec

    digest = msgspec.structs.asdict(summary.digest)
    plain = {name: value for name, value in msgspec.structs.asdict(summary).items() if name != "digest"}
    rates = {"ticks_per_s": summary.ticks_per_s, "times_real_time": summary.times_real_time}
    return {**plain, **rates, **{f"hash_{name}": value for name, value in digest.items()}, "hash": summary.digest.whole}


def _keep(stage: "Stage", settings: "Settings") -> None:
    import asyncio

    from config.places import replayed_database, replayed_redis
    from engine.launcher.stores import reachable_stores
    from engine.storage.durable import migrate

    with reachable_stores(settings) as reachable:
        assert reachable.redis_url is not None
        assert reachable.database_url is not None
        redis_url = replayed_redis(reachable.redis_url.get_secret_value())
        database_url = replayed_database(reachable.database_url.get_secret_value())
        migrate(database_url, "up")
        asyncio.run(_copy(stage, redis_url, database_url))


async def _copy(stage: "Stage", redis_url: str, database_url: str) -> None:
    from engine.replay.keeping import keep
    from engine.storage.durable import DurableStore
    from engine.storage.hot import HotStore

    hot = await HotStore.connect(redis_url)
    try:
        durable = await DurableStore.connect(database_url)
        try:
            kept = await keep(stage, hot, durable)
        finally:
            await durable.close()
    finally:
        await hot.close()
    click.echo(f"{kept.candles:,} candles, {kept.revisions:,} older revisions and {kept.verdicts:,} verdicts are kept.")
