"""``ticktree doctor``."""

import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from config.settings import Settings
    from engine.doctor import Finding

EXAMPLES = """
\b
Examples:
  ticktree doctor               what is wrong, if anything is
  ticktree doctor --settings    every setting: its value, what it does, what it takes
"""

_MARKS = {"well": ("ok", "green"), "note": ("note", "yellow"), "wrong": ("WRONG", "red")}


@click.command("doctor", epilog=EXAMPLES)
@click.option(
    "--settings", "explain", is_flag=True, help="Only explain each setting and show its value, secrets apart."
)
def command(*, explain: bool) -> None:
    """Say in plain words what is wrong with settings, stores or provider.

    Looks at the stores of a run that is on, or starts the embedded ones for a moment. Each look takes a few seconds at
    most. The exit code is 1 when something is wrong, 2 when the settings are.
    """
    import asyncio

    from config.loading import load_settings
    from engine.cli.plainly import plainly
    from engine.launcher.stores import reachable_stores

    settings = load_settings()
    if explain:
        _explain(settings)
        return
    embedded = settings.redis_url is None or settings.database_url is None
    with plainly(), reachable_stores(settings) as reachable:
        wrongs = asyncio.run(_tell(reachable, embedded=embedded))
    click.echo(f"{wrongs} wrong." if wrongs else "All is well.")
    sys.exit(1 if wrongs else 0)


def _explain(settings: "Settings") -> None:
    """Says each setting, as it is in force."""
    from engine.doctor import explanations

    for explanation in explanations(settings):
        click.echo(f"{click.style(explanation.variable, bold=True)} = {explanation.value}")
        click.echo(f"    {explanation.meaning} Takes {explanation.takes}.")


async def _tell(settings: "Settings", *, embedded: bool) -> int:
    """Says each finding as it comes; how many are wrong."""
    from engine.doctor import examine

    wrongs = 0
    async for finding in examine(settings, embedded=embedded):
        _say(finding)
        wrongs += finding.health == "wrong"
    return wrongs


def _say(finding: "Finding") -> None:
    word, color = _MARKS[finding.health]
    click.echo(f"{click.style(f'{word:>5}', fg=color)}  {finding.subject}: {finding.words}")
