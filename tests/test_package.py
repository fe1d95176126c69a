"""The package as it is installed: it holds what it reads beside its modules, and nothing of what that was made with."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MADE_WITH = shutil.ignore_patterns("node_modules", "dist", "__pycache__", "*.egg-info")
BUILD = "from setuptools.build_meta import build_wheel; build_wheel('wheels')"


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The names in a wheel that is built of a tree with a built screen."""
    tree = tmp_path_factory.mktemp("tree")
    for name in ("config", "engine", "actors", "web", "ticktree_client", "requirements"):
        shutil.copytree(ROOT / name, tree / name, ignore=MADE_WITH)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tree)
    for name in ("dist/index.html", "dist/assets/index-4x2.js", "dist/assets/mark-77a.svg", "node_modules/gyp/gyp.py"):
        (tree / "web" / "ui" / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / "web" / "ui" / name).touch()
    subprocess.run([sys.executable, "-c", BUILD], cwd=tree, check=True, capture_output=True, timeout=50)
    (wheel,) = (tree / "wheels").glob("ticktree-*.whl")
    return set(zipfile.ZipFile(wheel).namelist())


def test_the_built_screen_is_in_it_and_not_its_sources(held: set[str]) -> None:
    screen = {name for name in held if name.startswith("web/ui/")}
    assert screen == {f"web/ui/dist/{name}" for name in ("index.html", "assets/index-4x2.js", "assets/mark-77a.svg")}


def test_every_module_and_what_modules_read_is_in_it(held: set[str]) -> None:
    for package in ("config", "engine", "actors", "web", "ticktree_client"):
        modules = {str(file.relative_to(ROOT)) for file in (ROOT / package).rglob("*.py") if "ui" not in file.parts}
        assert modules - held == set()
    read = ["config/calendars/*.toml", "config/limits.toml", "config/screeners.toml", "config/seed/*"]
    read += ["engine/storage/durable/migrations/*.sql", "engine/storage/hot/scripts/*.lua", "ticktree_client/py.typed"]
    for pattern in read:
        files = {str(file.relative_to(ROOT)) for file in ROOT.glob(pattern)}
        assert files, pattern
        assert files - held == set()
