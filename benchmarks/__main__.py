"""The runner: finds a benchmark by its module's name, installs what only benchmarks need, prints what it measured."""

import argparse
import importlib
import json
import os
import pkgutil
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NoReturn

import structlog

import benchmarks

FOLDER = Path(__file__).parent
REQUIREMENTS = FOLDER.parent / "requirements" / "benchmarks.txt"
INSTALLED = "TICKTREE_BENCHMARKS_INSTALLED"
DEFAULT_SECONDS = 10.0


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=benchmarks.__doc__)
    parser.add_argument("name", choices=names())
    parser.add_argument("--seconds", type=float, default=DEFAULT_SECONDS, help="about how long to measure")
    parser.add_argument("--json", action="store_true", help="one flat JSON object instead of a table")
    options = parser.parse_args()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))  # figures alone go to stdout
    figures = load(options.name)(options.seconds)
    print(json.dumps(figures) if options.json else table(figures))


def names() -> list[str]:
    """The modules beside this one that define ``run(seconds)``."""
    modules = [module.name for module in pkgutil.iter_modules([str(FOLDER)]) if not module.ispkg]
    return [name for name in modules if "\ndef run(seconds" in (FOLDER / f"{name}.py").read_text("utf-8")]


def load(name: str) -> Callable[[float], Mapping[str, float]]:
    """The benchmark's function; what it can not import is installed, once, and the program started anew."""
    try:
        return importlib.import_module(f"benchmarks.{name}").run
    except ModuleNotFoundError as error:
        if INSTALLED in os.environ:
            raise
        print(f"benchmarks: {error}; installing {REQUIREMENTS.name}", file=sys.stderr)
        install_and_start_anew()


def install_and_start_anew() -> NoReturn:
    beside = Path(sys.executable).with_name("uv")
    uv = str(beside) if beside.exists() else shutil.which("uv") or "uv"
    command = [uv, "pip", "install", "--quiet", "--python", sys.executable, "--require-hashes", "-r", str(REQUIREMENTS)]
    subprocess.run(command, check=True, stdout=sys.stderr)
    os.environ[INSTALLED] = "1"
    os.execv(sys.executable, [sys.executable, "-m", "benchmarks", *sys.argv[1:]])


def table(figures: Mapping[str, float]) -> str:
    width = max(map(len, figures))
    return "\n".join(f"{name:<{width}}  {_number(value):>14}" for name, value in figures.items())


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:,.2f}"


if __name__ == "__main__":
    main()
