"""``ticktree version``."""

import click

from config import VERSION


@click.command("version")
def command() -> None:
    """Print the version."""
    click.echo(VERSION)
