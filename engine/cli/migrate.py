"""``ticktree migrate``."""

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from config.settings import Settings

EXAMPLES = """
\b
Examples:
  ticktree migrate up          make the database and its tables, or bring them to the newest form
  ticktree migrate status      where they are, and what is still to come
  ticktree migrate down        one step back
"""


@click.command("migrate", epilog=EXAMPLES)
@click.argument("direction", type=click.Choice(["up", "down", "status"]))
@click.option("--yes", is_flag=True, help="Do not ask before a step down, which deletes data.")
def command(direction: str, *, yes: bool) -> None:
    """Bring the database's tables up, down, or tell where they are.

    Without DATABASE_URL it works on the embedded database, also while `ticktree run` is on. The first way up makes the
    admin token, too, and prints it this once, unless TICKTREE_ADMIN_TOKEN is set.
    """
    import asyncio

    from config.loading import load_settings
    from engine.cli.plainly import plainly
    from engine.launcher.stores import reachable_stores
    from engine.storage.durable.migrate import migrate

    if direction == "down" and not yes:
        click.confirm("A step down deletes the data of the tables it removes. Go on?", abort=True)
    with plainly(), reachable_stores(load_settings()) as settings:
        status = migrate(settings.durable_url, direction)  # pyright: ignore[reportArgumentType] - click has checked it
        if direction == "up" and settings.admin_token is None:
            asyncio.run(_ensure_admin_token(settings))
    click.echo(f"The tables are at {status.current or 'nothing'}; the newest form is {status.newest}.")
    for step in status.pending:
        click.echo(f"  to come: {step}")


async def _ensure_admin_token(settings: "Settings") -> None:
    from engine.cli.admin_token import ensure_admin_token
    from engine.storage.durable import DurableStore

    durable = await DurableStore.connect(settings.durable_url)
    try:
        await ensure_admin_token(durable)
    finally:
        await durable.close()
