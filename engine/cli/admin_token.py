"""The admin token that nobody chose: made once, shown once, and kept as a hash only."""

import secrets

import click

from engine.storage.durable import DurableStore
from web.accounts.tokens import digest

_NAME = "admin_token"


async def ensure_admin_token(durable: DurableStore, *, renew: bool = False) -> None:
    """Make and show a token if there is none, or if a new one shall take its place."""
    if not renew and await durable.hash_of(_NAME) is not None:
        return
    token = secrets.token_urlsafe(24)
    mine = digest(token)
    if renew:
        await durable.keep_hash(_NAME, mine)
    elif await durable.keep_first_hash(_NAME, mine) != mine:
        return  # another release made one meanwhile, and has shown it
    click.echo(f"\n  Admin token, shown only this once:  {token}")
    click.echo("  Register on the page /register with it, and your account is an administrator's.\n")
