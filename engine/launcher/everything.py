"""``ticktree run``: everything on this machine, and several web processes behind one port."""

import os
from functools import partial

import click
import trio

from config.settings import Settings
from engine.launcher import screen
from engine.launcher.place import LaunchError, listen
from engine.launcher.plan import Launch, everything, webs
from engine.launcher.prepare import prepared, web_environment
from engine.launcher.run import FAILED, supervise
from engine.launcher.terminal import own_terminal
from engine.storage.errors import EmbeddedServerError


def run_everything(settings: Settings, *, new_admin_token: bool) -> int:
    """Runs until it is told to stop; the exit code."""
    try:
        with (
            own_terminal(),
            screen.opened(settings) as shown,
            prepared(settings, new_admin_token=new_admin_token, output=shown.descriptor) as launch,
        ):
            code = trio.run(supervise, partial(everything, launch), partial(shown.show, launch))
    except (LaunchError, EmbeddedServerError) as error:
        click.echo(f"ticktree: {error}", err=True)
        return FAILED
    if code == 0:
        click.echo("ticktree: stopped in order.", err=True)
    return code


def run_webs(settings: Settings) -> int:
    """Runs several web processes behind one port, for a platform that starts one command."""
    try:
        with listen(settings.host, settings.port) as listener:
            environment = {**os.environ, **web_environment(settings, listener)}
            launch = Launch(settings, environment, listener=listener)
            return trio.run(supervise, partial(webs, launch), partial(screen.LogScreen().show, launch))
    except LaunchError as error:
        click.echo(f"ticktree: {error}", err=True)
        return FAILED
