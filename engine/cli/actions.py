"""``ticktree actions``."""

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from config.settings import Settings
    from engine.market.corporate_action import CorporateAction

EXAMPLES = """
\b
Example of a file:
  symbol,ex_date,kind,ratio,amount
  NSE:RELIANCE,2024-10-28,bonus,1:1,
  NSE:BAJFINANCE,2025-06-16,split,1:2,
  NSE:TCS,2026-07-16,dividend,,11
"""

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_SHOWN = 5


@click.command("actions", epilog=EXAMPLES)
@click.argument("file", type=_FILE)
def command(file: Path) -> None:
    """Take up splits, bonuses and dividends of a CSV file, which views are adjusted for.

    Safe to repeat. What a file says goes before what providers say; nothing of it is taken up when a line is wrong.
    """
    import asyncio

    from config.loading import load_settings
    from engine.cli.plainly import plainly
    from engine.launcher.stores import reachable_stores
    from engine.seeding import read_actions

    with file.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
        actions, bad = read_actions(lines)
    if bad:
        told = "\n".join(f"  line {line.number}: {line.reason}" for line in bad[:_SHOWN])
        raise click.ClickException(f"{len(bad)} lines say no action; nothing was taken up.\n{told}")
    settings = load_settings()
    with plainly(), ExitStack() as started:
        reachable = started.enter_context(reachable_stores(settings))
        saved, unknown = asyncio.run(_save(reachable, actions))
    click.echo(f"{len(actions)} actions read, {saved} of them new or changed.")
    for name in unknown[:_SHOWN]:
        click.echo(f"  {name} is in no table: left out", err=True)


async def _save(settings: "Settings", actions: "Sequence[CorporateAction]") -> tuple[int, list[str]]:
    import asyncio

    from engine.storage.durable import DurableStore, migrate

    await asyncio.to_thread(migrate, settings.durable_url, "up")
    durable = await DurableStore.connect(settings.durable_url)
    try:
        names = {action.instrument for action in actions}
        known = await durable.named_instruments(names)
        return await durable.corporate_actions.save(actions), sorted(names - known.keys())
    finally:
        await durable.close()
