"""``ticktree run``."""

import resource
import sys
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from config.settings import Settings

EXAMPLES = """
\b
Examples:
  ticktree run                        stores, simulated exchange, engine and web on this machine
  ticktree run --port 9000            the same on another port
  ticktree run --role web             only the web, on the stores of REDIS_URL and DATABASE_URL
  ticktree run --new-admin-token      the token was lost: make another, print it, forget the old one
"""


@click.command("run", epilog=EXAMPLES)
@click.option("--role", type=click.Choice(["all", "engine", "web"]), default="all", help="What to run; all by default.")
@click.option("--host", help="Address the web listens on (TICKTREE_HOST).")
@click.option("--port", type=click.IntRange(0, 65535), help="Port the web listens on (PORT).")
@click.option("--new-admin-token", is_flag=True, help="Make a new admin token and print it; the old one ends.")
@click.option("--listen-fd", type=int, hidden=True)
def command(role: str, host: str | None, port: int | None, listen_fd: int | None, *, new_admin_token: bool) -> None:
    """Start everything: stores, simulated exchange, engine and web.

    The simulated exchange runs unless a provider is configured. The embedded stores keep their data in
    TICKTREE_DATA_DIR; REDIS_URL and DATABASE_URL replace them. Ctrl-C saves what is unsaved and stops; a second Ctrl-C
    stops at once.
    """
    from config.loading import load_settings
    from config.logging import configure

    given: dict[str, Any] = {"host": host, "port": port}
    settings = load_settings(**{name: value for name, value in given.items() if value is not None})
    if new_admin_token and settings.admin_token is not None:
        raise click.UsageError("--new-admin-token: TICKTREE_ADMIN_TOKEN is set and is the token; change it there")
    if new_admin_token and role != "all":
        raise click.UsageError(
            "--new-admin-token: only a run of everything makes one; elsewhere TICKTREE_ADMIN_TOKEN sets it"
        )
    configure(settings)
    _leave_no_core()
    if role != "web":
        from engine.limits import limits_in_force

        limits_in_force(settings)  # what is wrong with them ends the start here, not each engine in turn
    if role == "all":
        code = _all(settings, new_admin_token=new_admin_token)
    else:
        code = _engine(settings) if role == "engine" else _web(settings, listen_fd)
    sys.exit(code)


def _leave_no_core() -> None:
    """A core dump of this process, or of one it starts, would hold every secret; ``prlimit --core`` allows one again."""
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, most))


def _all(settings: "Settings", *, new_admin_token: bool) -> int:
    from engine.launcher.everything import run_everything

    return run_everything(settings, new_admin_token=new_admin_token)


def _engine(settings: "Settings") -> int:
    _require_addresses(settings)
    import trio

    from engine.boot import run_engine
    from engine.cli.plainly import plainly
    from engine.launcher.own import tell_ready

    with plainly():
        trio.run(run_engine, settings, tell_ready)
    return 0


def _web(settings: "Settings", listen_fd: int | None) -> int:
    _ = settings.hot_url, settings.durable_url, settings.signing_key
    from engine.cli.plainly import plainly
    from engine.launcher.everything import run_webs
    from engine.launcher.own import tell_ready
    from engine.launcher.place import listen
    from web.app import run_web

    with plainly():
        if listen_fd is not None:
            run_web(settings, listen_fd, tell_ready)
        elif settings.web_concurrency > 1:
            return run_webs(settings)
        else:
            with listen(settings.host, settings.port) as listener:
                run_web(settings, listener.fileno(), tell_ready)
    return 0


def _require_addresses(settings: "Settings") -> None:
    """What is missing is a sentence here, before anything is started."""
    from config.errors import SettingsError

    _ = settings.hot_url, settings.durable_url
    if settings.simulated and settings.simulator_feed_url is None:
        raise SettingsError(
            "TICKTREE_SIMULATOR_FEED_URL: expected the address that `ticktree simulate` prints, because no provider is "
            "configured, was not set."
        )
