"""``ticktree credentials``."""

import sys
import time
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping

    from config.settings import Settings
    from engine.credentials import Vault
    from engine.credentials.entered import Entered
    from engine.storage.durable import DurableStore
    from engine.storage.hot import HotStore

    Work = Callable[[Vault, DurableStore], Awaitable[bool]]

EXAMPLES = """
\b
Examples:
  ticktree credentials set dhan --identity 1100012345         the token is asked for; a running engine goes over to it
  print-token | ticktree credentials set dhan                 the token from a pipe, of the same client as before
  ticktree credentials set dhan --totp                        seed and PIN: tokens are made of them from now on
  ticktree credentials login kite                             today's token of what Kite's login page brings back
  ticktree credentials list                                   what is kept, and when it ends
  ticktree credentials key                                    a key for TICKTREE_CREDENTIALS_KEY
"""

ACTOR = "command line"
SOURCE = "command"
TELL_S = 2.0
DAY_S = 86_400


@click.group("credentials", epilog=EXAMPLES)
def command() -> None:
    """Enter, list and forget what opens providers' doors.

    Secrets are asked for without being shown, or read from standard input, one a line; they are no arguments, which other
    accounts of the machine and the shell's history could read. They are kept sealed; see docs/credentials.md.
    """


@command.command("set")
@click.argument("provider")
@click.option("--identity", default="", help="Client id or API key; that of the credential before, when not given.")
@click.option("--totp", is_flag=True, help="Enter the seed of one-time codes and the PIN that tokens are made of.")
@click.option(
    "--expires", type=click.DateTime(["%Y-%m-%dT%H:%M:%S%z"]), help="When it ends, as 2026-11-22T03:00:00+0530."
)
def set_(provider: str, identity: str, expires: datetime | None, *, totp: bool) -> None:
    """Enter a provider's credential, in the place of the one before."""
    parts = _asked(("seed", "pin") if totp else ("token",))

    async def work(vault: "Vault", durable: "DurableStore") -> bool:
        from engine.credentials import entered

        who = identity or next((row.identity for row in await vault.listed() if row.provider == provider), "")
        credential = entered(
            provider,
            who or _configured(provider),
            parts,
            source=SOURCE,
            kind="totp" if totp else "token",
            expires_ns=None if expires is None else int(expires.timestamp()) * 1_000_000_000,
            at_ns=time.time_ns(),
        )
        await _keep(vault, durable, credential)
        return True

    _with_vault(work, migrated=True)


@command.command("login")
@click.argument("provider", type=click.Choice(["kite"]), expose_value=False)
def login() -> None:
    """Make today's token of what the provider's login page brings back.

    Kite's page leads on to the address of your application, with request_token in it: that is asked for, and serves once
    and for some minutes. KITE_API_KEY and KITE_API_SECRET have to be set.
    """
    from config.loading import load_settings
    from engine.cli.plainly import plainly
    from engine.providers.kite.login import login_page

    settings = load_settings()
    if settings.kite_api_key is None or settings.kite_api_secret is None:
        raise click.ClickException("KITE_API_KEY and KITE_API_SECRET are needed, and were not set.")
    click.echo(f"Log in on {login_page(settings.kite_api_key)}", err=True)
    (request_token,) = _asked(("request_token",)).values()
    with plainly():
        credential = _logged_in(settings, request_token)

    async def work(vault: "Vault", durable: "DurableStore") -> bool:
        await _keep(vault, durable, credential)
        return True

    _with_vault(work, migrated=True)


@command.command("list")
def list_() -> None:
    """List what is kept, without secrets."""

    async def work(vault: "Vault", durable: "DurableStore") -> bool:
        del durable
        for row in await vault.listed():
            click.echo(
                f"{row.id:>4}  {row.provider:<18} {row.kind:<6} {row.identity:<16} {row.fingerprint}  {row.source:<11} "
                f"{_end(row.expires_at)}"
            )
        return False

    _with_vault(work)


@command.command("remove")
@click.argument("number", type=int)
def remove(number: int) -> None:
    """Forget one for good, by its number in the list."""

    async def work(vault: "Vault", durable: "DurableStore") -> bool:
        row = await vault.forget(number)
        if row is None:
            raise click.ClickException(f"There is no credential {number}: `ticktree credentials list` shows them.")
        await durable.audit(
            ACTOR, "credential_forgotten", f"{row.provider}/{row.kind} {row.fingerprint}", outcome="done"
        )
        click.echo(f"{row.provider}: the {row.kind} {row.fingerprint} is forgotten.")
        return True

    _with_vault(work)


@command.command("key")
def key() -> None:
    """Make a key for TICKTREE_CREDENTIALS_KEY and print it."""
    from engine.credentials import new_key

    click.echo(new_key())


def _asked(names: tuple[str, ...]) -> dict[str, str]:
    """Asked for at a terminal, lines of standard input elsewhere."""
    if sys.stdin.isatty():
        return {name: str(click.prompt(name.capitalize(), hide_input=True)).strip() for name in names}
    parts = {name: sys.stdin.readline().strip() for name in names}
    missing = [name for name in names if not parts[name]]
    if missing:
        raise click.UsageError(f"no {missing[0]}: type it when asked, or write it to standard input as a line")
    return parts


def _logged_in(settings: "Settings", request_token: str) -> "Entered":
    """Today's token of Kite."""
    from functools import partial

    import trio

    from engine.credentials import entered
    from engine.providers.kite.login import log_in
    from engine.providers.secret import Secret

    assert settings.kite_api_key is not None
    assert settings.kite_api_secret is not None
    secret, now_ns = Secret(settings.kite_api_secret.get_secret_value()), time.time_ns()
    call = partial(log_in, settings.kite_rest_url, settings.kite_api_key, secret, Secret(request_token), now_ns=now_ns)
    made = trio.run(call)
    parts = {"token": made.token.reveal(), **{name: part.reveal() for name, part in made.more.items()}}
    return entered("kite", made.identity, parts, source=SOURCE, expires_ns=made.expires_ns, at_ns=now_ns)


async def _keep(vault: "Vault", durable: "DurableStore", credential: "Entered") -> None:
    kept = await vault.keep(credential)
    entry = f"{kept.provider}/{kept.kind} {kept.fingerprint}"
    await durable.audit(ACTOR, "credential_entered", entry, outcome="done")
    click.echo(f"{kept.provider}: kept as {kept.fingerprint}, {_end(kept.expires_at)}.")


def _end(expires_at: datetime | None) -> str:
    if expires_at is None:
        return "ends when its provider says"
    left_s = (expires_at - datetime.now(UTC)).total_seconds()
    if left_s <= 0:
        return f"ended {expires_at:%Y-%m-%d %H:%M} UTC"
    left = f"{left_s / 3_600:.1f} hours" if left_s < 2 * DAY_S else f"{left_s / DAY_S:.0f} days"
    return f"ends in {left} ({expires_at:%Y-%m-%d %H:%M} UTC)"


def _configured(provider: str) -> str:
    """The client that the settings name."""
    from config.loading import load_settings

    settings = load_settings()
    known: Mapping[str, str | None] = {"dhan": settings.dhan_client_id, "kite": settings.kite_api_key}
    return known.get(provider) or ""


def _with_vault(work: "Work", *, migrated: bool = False) -> None:
    """Does it on the stores of this installation; ``migrated``: on the newest tables, whatever was there before."""
    import asyncio

    from config.loading import load_settings
    from config.logging import configure
    from engine.cli.plainly import plainly
    from engine.launcher.stores import reachable_stores
    from engine.storage.durable import migrate

    settings = _with_key(load_settings())
    configure(settings)
    with plainly(), reachable_stores(settings) as reachable:
        if migrated:
            migrate(reachable.durable_url, "up")
        asyncio.run(_work(reachable, work))


def _with_key(settings: "Settings") -> "Settings":
    """With the key that `ticktree run` made for its processes, where the settings have none."""
    from pydantic import SecretStr

    from engine.launcher.place import secret_key

    if settings.secret_key is not None or settings.credentials_key is not None:
        return settings
    return settings.model_copy(update={"secret_key": SecretStr(secret_key(settings.data_dir))})


async def _work(settings: "Settings", work: "Work") -> None:
    from engine.credentials import Vault, sealing_keys
    from engine.storage.durable import DurableStore

    durable = await DurableStore.connect(settings.durable_url)
    try:
        if await work(Vault(durable, sealing_keys(settings)), durable):
            await _tell_engine(settings)
    finally:
        await durable.close()


async def _tell_engine(settings: "Settings") -> None:
    from engine.storage.errors import StorageError

    try:
        async with _hot_store(settings) as hot:
            if "engine" in await hot.trees():
                await hot.send_command("engine", {"command": "credentials_changed"}, TELL_S)
                click.echo("The engine goes over to what is kept now.")
                return
    except StorageError:
        pass  # it reads the table every minute
    click.echo("No engine was told: one that runs notices within a minute.")


@asynccontextmanager
async def _hot_store(settings: "Settings") -> "AsyncGenerator[HotStore]":
    from engine.storage.hot import HotStore

    hot = await HotStore.connect(settings.hot_url)
    try:
        yield hot
    finally:
        await hot.close()
