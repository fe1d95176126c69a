"""``ticktree users``."""

import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from config.settings import Settings
    from engine.storage.durable import DurableStore
    from engine.storage.durable.accounts import User
    from engine.storage.hot import HotStore
    from web.accounts.members import Members

    Work = Callable[[DurableStore, Members], Awaitable[None]]

EXAMPLES = """
\b
Examples:
  ticktree users add ann@example.org --admin           the first administrator; the password is asked for
  echo "$PASSWORD" | ticktree users add ann@example.org   the password from a pipe
  ticktree users list                                  who has an account
  ticktree users disable ann@example.org               out at once, everywhere
  ticktree users reset-password ann@example.org        a new password; ends all sessions
"""

ACTOR = "command line"


@click.group("users", epilog=EXAMPLES)
def command() -> None:
    """Make, list, disable and enable accounts, and set passwords.

    Passwords are asked for without being shown, or read as one line from standard input; they are no arguments, which
    other accounts of the machine and the shell's history could read. Works on the stores of the settings, on those of
    the `ticktree run` that is on, or on the embedded ones.
    """


@command.command("add")
@click.argument("email")
@click.option("--name", default="", help="How they are called.")
@click.option("--admin", is_flag=True, help="May change the installation.")
def add(email: str, name: str, *, admin: bool) -> None:
    """Make an account."""
    password = _new_password(email)

    async def work(durable: "DurableStore", members: "Members") -> None:
        user = await members.register(email, password, name, role="admin" if admin else "user")
        await durable.audit(ACTOR, "user_add", user.email, {"role": user.role}, outcome="done")
        click.echo(f"{user.email} may sign in now, as {user.role}.")

    _with_members(work, migrated=True)


@command.command("list")
def list_() -> None:
    """List all accounts."""

    async def work(durable: "DurableStore", members: "Members") -> None:
        del members
        after, limit = "", 1_000
        while found := await durable.users(limit, after):
            for user in found:
                state = "active" if user.is_active else "disabled"
                click.echo(f"{user.email:<40} {user.role:<6} {state:<9} {user.created_at:%Y-%m-%d}  {user.id}")
            after = found[-1].email

    _with_members(work)


@command.command("disable")
@click.argument("email")
def disable(email: str) -> None:
    """Let nobody in with an account any more; ends its sessions and keys."""
    _change(email, "disabled", is_active=False)


@command.command("enable")
@click.argument("email")
def enable(email: str) -> None:
    """Let them in again."""
    _change(email, "enabled", is_active=True)


@command.command("reset-password")
@click.argument("email")
def reset_password(email: str) -> None:
    """Set a new password; ends all sessions."""
    _change(email, "password reset", password=_new_password(email))


def _change(email: str, why: str, *, is_active: bool | None = None, password: str | None = None) -> None:
    async def work(durable: "DurableStore", members: "Members") -> None:
        user = await _known(durable, email)
        put_out = await members.change(user.id, why, is_active=is_active, password=password)
        await durable.audit(ACTOR, "user_change", user.email, {"change": why}, outcome="done")
        ended = len(put_out.sessions) if put_out else 0
        click.echo(f"{user.email}: {why}; {ended} sessions ended.")

    _with_members(work)


async def _known(durable: "DurableStore", email: str) -> "User":
    found = await durable.user_by_email(email.strip())
    if found is None:
        raise click.ClickException(f"There is no account {email}.")
    return found.user


def _new_password(email: str) -> str:
    """Asked for twice at a terminal, one line of standard input elsewhere; judged before anything is started."""
    from engine.cli.plainly import plainly
    from web.accounts.members import checked_email
    from web.accounts.passwords import check_new_password

    with plainly():
        email = checked_email(email)
        if sys.stdin.isatty():
            password = str(click.prompt("Password", hide_input=True, confirmation_prompt=True))
        else:
            password = sys.stdin.readline().rstrip("\r\n")
        if not password:
            raise click.UsageError("no password: type it when asked, or write it to standard input as one line")
        check_new_password(password, email, email.partition("@")[0])
    return password


def _with_members(work: "Work", *, migrated: bool = False) -> None:
    """Does it on the stores of this installation; ``migrated``: on the newest tables, whatever was there before."""
    import asyncio

    from config.loading import load_settings
    from config.logging import configure
    from engine.cli.plainly import plainly
    from engine.launcher.stores import reachable_stores
    from engine.storage.durable import migrate

    settings = load_settings()
    configure(settings)
    with plainly(), reachable_stores(settings) as reachable:
        if migrated:
            migrate(reachable.durable_url, "up")
        asyncio.run(_work(reachable, work))


async def _work(settings: "Settings", work: "Work") -> None:
    import time

    from engine.storage.durable import DurableStore
    from web.accounts.ended import EndedSessions
    from web.accounts.members import Members
    from web.accounts.passwords import Passwords

    durable = await DurableStore.connect(settings.durable_url)
    try:
        async with _hot_store(settings) as hot:
            members = Members(durable, hot, Passwords(threads=1), EndedSessions(0.0), time.time_ns)
            try:
                await work(durable, members)
            finally:
                members.close()
    finally:
        await durable.close()


@asynccontextmanager
async def _hot_store(settings: "Settings") -> "AsyncGenerator[HotStore]":
    """Where processes that run hear what ends; while it is away they read it from the database, half a minute later."""
    from engine.storage.errors import StorageUnavailableError
    from engine.storage.hot import HotStore
    from engine.storage.memory import MemoryHotStore

    try:
        hot = await HotStore.connect(settings.hot_url)
    except StorageUnavailableError:
        click.echo("Redis is away: what runs notices within a minute.", err=True)
        hot = MemoryHotStore()
    try:
        yield hot
    finally:
        await hot.close()
