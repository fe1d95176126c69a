"""``ticktree backfill``."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from config.settings import Settings
    from engine.backfill import Portion
    from engine.providers.base import Route
    from engine.storage.durable import DurableStore

EXAMPLES = """
\b
Examples:
  ticktree backfill NSE:RELIANCE --from 2026-11-02 --to 2026-11-06
  ticktree backfill RELIANCE TCS INFY --from 2026-11-02            until today
  ticktree backfill --all --from 2026-11-20                        every instrument in the tables
"""

_DAY = click.DateTime(["%Y-%m-%d"])


@click.command("backfill", epilog=EXAMPLES)
@click.argument("symbols", nargs=-1)
@click.option("--from", "first", type=_DAY, required=True, help="First day, of the exchange.")
@click.option("--to", "last", type=_DAY, help="Last day, included; today by default.")
@click.option("--all", "every", is_flag=True, help="All instruments that the provider maps.")
def command(symbols: tuple[str, ...], first: datetime, last: datetime | None, *, every: bool) -> None:
    """Fetch history from the provider into the stores.

    Minutes, the longer candles they make up, and days. Safe to repeat, also while `ticktree run` is on; what has not
    ended yet is left to the engine.
    """
    from functools import partial

    import trio

    from config.loading import load_settings
    from engine.cli.plainly import plainly
    from engine.launcher.stores import reachable_stores

    last = last or datetime.now().astimezone()
    if not symbols and not every:
        raise click.UsageError("name symbols, or --all for every instrument")
    if last.date() < first.date():
        raise click.UsageError(f"--to {last.date()} is before --from {first.date()}")
    with plainly(), reachable_stores(load_settings()) as settings:
        trio.run(partial(_backfill, settings, symbols, first, last))


async def _backfill(settings: "Settings", symbols: Sequence[str], first: datetime, last: datetime) -> None:
    import time

    from actors.shared_budget import SharedBudget
    from config.calendars import load_calendar
    from engine.backfill import Backfiller, portions
    from engine.boot import open_stores
    from engine.market import Calendars
    from engine.providers.catalog import configured_providers
    from engine.storage.bridge import open_bridge

    if settings.simulated and settings.simulator_rest_url is None:
        raise click.ClickException("The simulated exchange's history ends with it: start `ticktree run` first.")
    async with open_bridge(), open_stores(settings) as (hot, durable):
        name, provider = next(iter(configured_providers(settings, SharedBudget(hot)).items()))
        routes = await _routes(settings, durable, name, symbols)
        calendars = Calendars(load_calendar)
        calendars.learn(await durable.exchanges())
        filler = Backfiller(
            provider.history, hot, durable, calendars, settings.hot_retention_days, now_ns=time.time_ns()
        )
        await _show(filler.fill, list(portions(routes, first.date(), last.date())))


async def _routes(
    settings: "Settings", durable: "DurableStore", provider: str, symbols: Sequence[str]
) -> "list[Route]":
    """The routes of these symbols, or of all."""
    from engine.market import SymbolTable
    from engine.providers.base import Route

    routes = {
        row.instrument: Route(row.instrument, row.segment, row.provider_symbol, row.tick_size, row.kind)
        for row in await durable.routes(provider)
    }
    table = SymbolTable(settings.default_exchanges, routes)
    return [routes[table.resolve(symbol)] for symbol in symbols] or list(routes.values())


async def _show(fill: "Callable[[Portion], Awaitable[int]]", work: "Sequence[Portion]") -> None:
    """Does the work under a progress bar."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    written = 0
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns) as progress:
        task = progress.add_task("backfill", total=len(work))
        for portion in work:
            progress.update(task, description=f"{portion.route.instrument} {portion.first} to {portion.last}")
            written += await fill(portion)
            progress.advance(task)
    click.echo(f"{written} candles and days are new or changed.")
