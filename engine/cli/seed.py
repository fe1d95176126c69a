"""``ticktree seed``."""

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from config.settings import Settings
    from engine.seeding import SeedBook

EXAMPLES = """
\b
Examples:
  ticktree seed --master api-scrip-master.csv                         NSE's shares and indices
  ticktree seed --master api-scrip-master.csv --exchange NSE --exchange BSE
  ticktree seed --master api-scrip-master.csv --underlying NIFTY      and NIFTY's futures and options
  ticktree seed                                                       what the running simulated exchange lists
"""

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("seed", epilog=EXAMPLES)
@click.option("--master", type=_FILE, help="Dhan's instrument list, compact or detailed, or Kite's.")
@click.option(
    "--exchange", "markets", multiple=True, default=["NSE"], help="Take up its shares and indices; NSE by default."
)
@click.option("--underlying", "underlyings", multiple=True, help="Take up its living futures and options.")
def command(master: Path | None, markets: tuple[str, ...], underlyings: tuple[str, ...]) -> None:
    """Fill the tables of exchanges, instruments and mappings.

    Safe to repeat: what changed is updated, nothing is deleted. An engine that runs takes up what is new when it
    starts again.
    """
    import asyncio

    from config.loading import load_settings
    from engine.cli.plainly import plainly
    from engine.launcher.stores import reachable_stores

    settings = load_settings()
    if master is None and not settings.simulated:
        raise click.UsageError("name Dhan's instrument list: --master api-scrip-master.csv")
    with plainly(), ExitStack() as started:
        book = _of_master(master, markets, underlyings) if master else None
        reachable = started.enter_context(reachable_stores(settings))
        book = book or _of_simulator(reachable)
        asyncio.run(_write(reachable, book))
    click.echo(f"{len(book.instruments)} instruments were written; the other ones stay as they are.")


def _of_master(master: Path, markets: tuple[str, ...], underlyings: tuple[str, ...]) -> "SeedBook":
    from datetime import UTC, datetime

    from engine.seeding import Selection, read_master

    with master.open(encoding="utf-8", errors="replace", newline="") as lines:  # one odd byte costs one line at most
        book, told = read_master(
            lines,
            Selection(
                datetime.now(UTC).date(),
                frozenset(market.upper() for market in markets),
                frozenset(underlying.upper() for underlying in underlyings),
            ),
        )
    click.echo(
        f"{told.lines} lines read: {told.instruments} instruments, {told.other_kinds} of other kinds, {told.bad} bad."
    )
    for line in told.bad_lines[:5]:
        click.echo(f"  line {line.number}: {line.reason}", err=True)
    if not book.instruments:
        raise click.UsageError(f"the list has none on {', '.join(markets)}: name exchanges as it does, --exchange NSE")
    return book


def _of_simulator(settings: "Settings") -> "SeedBook":
    from engine.seeding import listed

    if settings.simulator_rest_url is None:
        raise click.UsageError(
            "no simulated exchange runs: start `ticktree run`, or `ticktree simulate` and set the addresses it prints."
        )
    return listed(settings.simulator_rest_url)


async def _write(settings: "Settings", book: "SeedBook") -> None:
    import asyncio

    from engine.seeding import exchanges
    from engine.storage.durable import DurableStore, migrate

    await asyncio.to_thread(migrate, settings.durable_url, "up")
    durable = await DurableStore.connect(settings.durable_url)
    try:
        await durable.seed(exchanges(around_the_clock=settings.simulated), book.instruments, book.mappings)
    finally:
        await durable.close()
