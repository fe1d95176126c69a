"""``ticktree migrate``."""

import click

EXAMPLES = """
\b
Examples:
  ticktree migrate up          make the database and its tables, or bring them to the newest form
  ticktree migrate status      where they are, and what is still to come
  ticktree migrate down        one step back
"""


@click.command("migrate", epilog=EXAMPLES)
@click.argument("direction", type=click.Choice(["up", "down", "status"]))
@click.option("--yes", is_flag=True, help="Do not ask before a step down, which deletes data.")
def command(direction: str, *, yes: bool) -> None:
    """Bring the database's tables up, down, or tell where they are.

    Without DATABASE_URL it works on the embedded database, also while `ticktree run` is on.
    """
    from config.loading import load_settings
    from engine.cli.plainly import plainly
    from engine.launcher.stores import reachable_stores
    from engine.storage.durable.migrate import migrate

    if direction == "down" and not yes:
        click.confirm("A step down deletes the data of the tables it removes. Go on?", abort=True)
    with plainly(), reachable_stores(load_settings()) as settings:
        status = migrate(settings.durable_url, direction)  # pyright: ignore[reportArgumentType] - click has checked it
    click.echo(f"The tables are at {status.current or 'nothing'}; the newest form is {status.newest}.")
    for step in status.pending:
        click.echo(f"  to come: {step}")
