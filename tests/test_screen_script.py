"""``scripts/screen.py``: builds when there is something to build, and never stands in the way of who only wants to run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent.parent / "scripts" / "screen.py"
NPM = """#!/bin/sh
PATH=/usr/bin:/bin
echo "$*" >> npm.log
case "$1 $2" in
  ci*) [ ! -e offline ] || { echo "npm error code ENOTFOUND"; exit 1; }; mkdir -p node_modules; touch node_modules/.package-lock.json ;;
  "run build") [ ! -e broken ] || { echo "main.tsx: unexpected end"; exit 1; }; mkdir -p dist; touch dist/index.html ;;
  *) echo "$2 ran"; [ ! -e broken ] ;;
esac
"""


class Machine:
    """A machine with these programs, and a screen's sources on it."""

    def __init__(self, folder: Path) -> None:
        self.programs = folder / "bin"
        self.programs.mkdir()
        self.ui = folder / "tree" / "web" / "ui"
        (self.ui / "src").mkdir(parents=True)
        (self.ui / "package.json").write_text('{"engines": {"node": ">=20.19"}}')
        (self.ui / "package-lock.json").write_text("{}")
        (self.ui / "src" / "main.tsx").write_text("")
        self.script = folder / "tree" / "scripts" / "screen.py"
        self.script.parent.mkdir()
        self.script.write_text(SCRIPT.read_text())

    def program(self, name: str, text: str) -> None:
        (self.programs / name).write_text(text)
        (self.programs / name).chmod(0o755)

    def with_node(self, version: str = "v20.19.0") -> "Machine":
        self.program("node", f"#!/bin/sh\necho {version}\n")
        self.program("npm", NPM)
        return self

    def run(self, command: str = "build", **environment: str) -> subprocess.CompletedProcess[str]:
        """Without site-packages: the type checker's own Node.js is not there."""
        return subprocess.run(
            [sys.executable, "-S", str(self.script), command],
            env={"PATH": str(self.programs), **environment},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    def asked(self) -> list[str]:
        """What npm was asked for, by its first words."""
        log = self.ui / "npm.log"
        lines = log.read_text().splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return [" ".join(line.split()[:2]) if line.startswith("run") else line.split()[0] for line in lines]

    def make_older(self, name: str, by_s: float = 10) -> None:
        """So that everything else is newer."""
        file = self.ui / name
        os.utime(file, (file.stat().st_atime, file.stat().st_mtime - by_s))


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_it_builds_once_and_again_when_a_source_is_newer(machine: Machine) -> None:
    machine.with_node()
    first = machine.run()
    assert (first.returncode, machine.asked()) == (0, ["ci", "run build"])
    assert first.stdout.splitlines()[-1] == "ticktree: building the screen"
    machine.make_older("src/main.tsx", -10)
    machine.make_older("dist/index.html", -20)
    silent = machine.run()
    assert (silent.returncode, silent.stdout, silent.stderr, machine.asked()) == (0, "", "", [])
    machine.make_older("dist/index.html", 30)
    assert machine.run().stdout == "ticktree: building the screen\n"
    assert machine.asked() == ["run build"]


def test_packages_are_fetched_again_when_the_lock_file_is_newer(machine: Machine) -> None:
    machine.with_node().run()
    machine.asked()
    machine.make_older("node_modules/.package-lock.json", 30)
    machine.make_older("dist/index.html", 30)
    machine.run()
    assert machine.asked() == ["ci", "run build"]


def test_without_node_a_sentence_says_what_is_missing_and_the_rest_goes_on(machine: Machine) -> None:
    found = machine.run()
    assert (found.returncode, found.stdout) == (0, "")
    assert "the screen was not built: it needs Node.js 20.19 or newer with npm" in found.stderr
    assert machine.run("test", CI="true").returncode == 1


@pytest.mark.parametrize("version", ["v18.20.4", "v20.18.3", "nonsense"])
def test_a_node_that_is_too_old_is_none(machine: Machine, version: str) -> None:
    found = machine.with_node(version).run()
    assert (found.returncode, machine.asked()) == (0, [])
    assert "needs Node.js 20.19 or newer" in found.stderr


def test_away_from_the_registry_the_rest_goes_on_and_a_build_machine_fails(machine: Machine) -> None:
    machine.with_node()
    (machine.ui / "offline").touch()
    found = machine.run()
    assert found.returncode == 0
    assert "the screen was not built: `npm ci` failed" in found.stderr
    assert "ENOTFOUND" in found.stderr
    assert machine.run(CI="true").returncode == 1


def test_a_build_that_fails_says_why_and_leaves_what_was_built(machine: Machine) -> None:
    machine.with_node().run()
    machine.make_older("dist/index.html", 30)
    (machine.ui / "broken").touch()
    found = machine.run()
    assert found.returncode == 0
    assert "main.tsx: unexpected end" in found.stderr
    assert (machine.ui / "dist" / "index.html").exists()
    assert machine.run(CI="true").returncode == 1


@pytest.mark.parametrize("command", ["check", "test"])
def test_what_a_check_finds_is_a_failure_everywhere(machine: Machine, command: str) -> None:
    machine.with_node()
    passed = machine.run(command)
    assert (passed.returncode, machine.asked()) == (0, ["ci", f"run {command}"])
    assert f"{command} ran" in passed.stdout
    (machine.ui / "broken").touch()
    assert machine.run(command).returncode == 1
