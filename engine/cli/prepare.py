"""``ticktree prepare``: what `run` does between its stores and its engine. Not for people."""

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from config.settings import Settings


@click.command("prepare", hidden=True)
@click.option("--new-admin-token", is_flag=True)
def command(*, new_admin_token: bool) -> None:
    """Bring the tables to their newest form, fill them when simulated, make the admin token."""
    import asyncio

    from config.loading import load_settings
    from config.logging import configure
    from engine.cli.plainly import plainly
    from engine.storage.durable import migrate

    settings = load_settings()
    configure(settings)
    with plainly():
        migrate(settings.durable_url, "up")
        asyncio.run(_fill(settings, new_admin_token=new_admin_token))


async def _fill(settings: "Settings", *, new_admin_token: bool) -> None:
    from engine.cli.admin_token import ensure_admin_token
    from engine.seeding import exchanges, listed
    from engine.storage.durable import DurableStore

    durable = await DurableStore.connect(settings.durable_url)
    try:
        if settings.simulated and settings.simulator_rest_url:
            book = listed(settings.simulator_rest_url)
            await durable.seed(exchanges(around_the_clock=settings.simulated), book.instruments, book.mappings)
        if settings.admin_token is None:
            await ensure_admin_token(durable, renew=new_admin_token)
    finally:
        await durable.close()
