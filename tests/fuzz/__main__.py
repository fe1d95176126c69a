"""``python -m tests.fuzz [--seconds 60] [TARGET…]``: fuzz the targets one after the other and say how it went.

Each runs in a process of its own, because atheris ends its process. What makes one fail is left in ``.fuzz/``, where
``python -m tests.fuzz --again .fuzz/dhan/crash-… dhan`` shows it again, in any environment.
"""

import re
import subprocess
import sys
from pathlib import Path

import click

from tests.fuzz.targets import targets

ROOT = Path(__file__).parents[2]
FOUND = ROOT / ".fuzz"
_STARTING_S = 120


@click.command()
@click.argument("names", nargs=-1)
@click.option("--seconds", default=60, help="For each target.")
@click.option("--recordings", type=click.Path(path_type=Path), default=ROOT / "../shared/data")
@click.option("--again", type=click.Path(exists=True, path_type=Path), help="An input that made a target fail.")
def main(names: tuple[str, ...], seconds: int, recordings: Path, again: Path | None) -> None:
    """Fuzz everything that reads bytes of a provider, or the targets named."""
    known = targets(recordings)
    if again:
        known[names[0]].run(again.read_bytes())
        return
    failed = [name for name in names or known if not _passes(name, seconds, recordings)]
    if failed:
        raise click.ClickException(f"inputs that fail were found for {', '.join(failed)}, see {FOUND}")


def _passes(name: str, seconds: int, recordings: Path) -> bool:
    """Fuzz one target and print a line about it."""
    found = FOUND / name
    found.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "tests.fuzz.one", name, str(seconds), str(recordings), str(found)]
    done = subprocess.run(
        command, capture_output=True, text=True, errors="replace", check=False, cwd=ROOT, timeout=seconds + _STARTING_S
    )
    told = done.stdout + done.stderr
    inputs = re.search(r"number_of_executed_units:\s*(\d+)", told)
    branches = re.findall(r"cov: (\d+)", told)
    click.echo(
        f"{name:24} {int(inputs[1]) if inputs else 0:>12,} inputs  {branches[-1] if branches else 0:>6} branches"
    )
    if done.returncode:
        click.echo(told[-4_000:])
    return done.returncode == 0


if __name__ == "__main__":
    main()
