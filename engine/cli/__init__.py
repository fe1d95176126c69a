"""The command line: one module per command; what a command needs is imported when it runs."""

import importlib
import sys

import click

from config.errors import SettingsError

WRONG_SETTINGS = 2
"""Exit code when the settings are wrong: nothing was started."""

COMMANDS = (
    "run",
    "migrate",
    "seed",
    "actions",
    "backfill",
    "simulate",
    "record",
    "replay",
    "archive",
    "restore",
    "users",
    "credentials",
    "doctor",
    "version",
)
_INTERNAL = ("prepare",)

EXAMPLES = """
\b
Examples:
  ticktree run                                   everything, on the simulated exchange
  DHANHQ_WS_ENABLED=true ticktree run            the same on Dhan (credentials: see README)
  ticktree backfill NSE:RELIANCE --from 2026-11-02 --to 2026-11-06
  ticktree record                                keep what providers send, raw, for `ticktree replay`
  ticktree users add ann@example.org --admin     the first administrator; the password is asked for
  ticktree doctor                                what is wrong, in plain words
"""


class Commands(click.Group):
    """Finds a command in the module of its name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands a person may want."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name, or nothing."""
        del ctx
        if cmd_name not in COMMANDS + _INTERNAL:
            return None
        return importlib.import_module(f"engine.cli.{cmd_name}").command


@click.command(cls=Commands, epilog=EXAMPLES, context_settings={"help_option_names": ["-h", "--help"]})
def ticktree() -> None:
    """Live market feeds in; candles, quotes and history without silent holes out.

    Settings come from the environment and from `.env` in the current folder; the README explains each.
    """


def main() -> None:
    """The program's entry: wrong settings end it with a sentence instead of a traceback."""
    try:
        ticktree(prog_name="ticktree")
    except SettingsError as error:
        click.echo(str(error), err=True)
        sys.exit(WRONG_SETTINGS)
