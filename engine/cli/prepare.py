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

    settings = load_settings()
    configure(settings)
    with plainly():
        prepare_tables(settings)
        if settings.admin_token is None:
            asyncio.run(_ensure_token(settings, new_admin_token=new_admin_token))


def prepare_tables(settings: "Settings") -> None:
    """The newest form of the tables, and in them, when simulated, what the exchange lists."""
    import asyncio

    from engine.storage.durable import migrate

    migrate(settings.durable_url, "up")
    if settings.simulated and settings.simulator_rest_url:
        asyncio.run(_seed(settings, settings.simulator_rest_url))


async def _seed(settings: "Settings", rest_url: str) -> None:
    from engine.seeding import exchanges, listed
    from engine.storage.durable import DurableStore

    book = listed(rest_url)
    durable = await DurableStore.connect(settings.durable_url)
    try:
        await durable.seed(exchanges(around_the_clock=settings.simulated), book.instruments, book.mappings)
    finally:
        await durable.close()


async def _ensure_token(settings: "Settings", *, new_admin_token: bool) -> None:
    from engine.cli.admin_token import ensure_admin_token
    from engine.storage.durable import DurableStore

    durable = await DurableStore.connect(settings.durable_url)
    try:
        await ensure_admin_token(durable, renew=new_admin_token)
    finally:
        await durable.close()
