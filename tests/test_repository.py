"""The repository itself: pinned, without addresses that belong to nobody else's machine, and told truly by its README."""

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from config.loading import expected, variables
from scripts.settings_table import example, table

ROOT = Path(__file__).parent.parent
REQUIREMENTS = sorted((ROOT / "requirements").glob("*.txt"))
VENDORS = sorted((ROOT / "requirements" / "vendors").glob("*.txt"))
"""Each of an environment of its own, with versions that are nobody's but the vendor's."""
REGISTRIES = ("pypi" + ".org", "pythonhosted" + ".org", "npmjs" + ".org", "npmjs" + ".com")
THANKED = {"https://github.com", "https://opencollective.com", "https://tidelift.com"}
"""Where the makers of packages take donations: a lock file repeats it."""
HOME_OF_THE_TOOLS = re.compile("/" + r"(work|tmp/plan)/")


def tracked_files() -> list[Path]:
    """The files of the tree; without git those that a package would hold."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    names = listed.stdout.split("\0") if listed.returncode == 0 else []
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


def text_of(file: Path) -> str:
    return file.read_text(encoding="utf-8", errors="replace")


def test_no_file_names_a_registrys_host() -> None:
    assert [file.name for file in tracked_files() if any(host in text_of(file) for host in REGISTRIES)] == []


def test_no_file_leans_on_a_folder_beside_the_tree() -> None:
    assert [file.name for file in tracked_files() if HOME_OF_THE_TOOLS.search(text_of(file))] == []


@pytest.mark.parametrize("file", [*REQUIREMENTS, *VENDORS], ids=lambda file: file.name)
def test_every_requirement_is_pinned_with_hashes_and_no_index(file: Path) -> None:
    text = text_of(file)
    entries = re.split(r"\n(?=\S)", re.sub(r"(?m)^\s*#.*\n", "", text).strip())
    assert [entry.split()[0] for entry in entries if not re.search(r"==\S+.*--hash=sha256:", entry, re.DOTALL)] == []
    assert "index-url" not in text
    assert "find-links" not in text


def test_the_screens_lock_names_versions_and_hashes_and_no_address() -> None:
    lock = json.loads(text_of(ROOT / "web" / "ui" / "package-lock.json"))
    packages = {name: told for name, told in lock["packages"].items() if name}
    assert [name for name, told in packages.items() if "resolved" in told or not told.get("version")] == []
    assert [name for name, told in packages.items() if "integrity" not in told and not told.get("optional")] == []
    addresses = [address for told in packages.values() for address in re.findall(r"https?://[^/\"]+", json.dumps(told))]
    assert {address for address in addresses if address not in THANKED} == set(), "only where thanks may be sent"


def test_the_files_agree_on_every_version() -> None:
    """What runs is what was tested: one version, or the same ones by Python's version."""
    pins: dict[str, set[tuple[str, ...]]] = {}
    for file in REQUIREMENTS:
        found = re.findall(r"(?m)^([\w.-]+)(?:\[[^]]*])?==(\S+)", text_of(file))
        for name in {name for name, _ in found}:
            pins.setdefault(name, set()).add(tuple(version for other, version in found if other == name))
    assert {name: versions for name, versions in pins.items() if len(versions) > 1} == {}


def test_the_readme_names_the_two_commands_and_make_knows_them() -> None:
    makefile = text_of(ROOT / "Makefile")
    for command in ("run", "test"):
        assert f"make {command}" in text_of(ROOT / "README.md")
        assert re.search(rf"(?m)^{command}:", makefile)


def test_the_readmes_table_is_the_settings() -> None:
    """After a change: python scripts/settings_table.py."""
    assert table() in text_of(ROOT / "README.md")
    assert text_of(ROOT / ".env.example") == example()


def test_every_setting_says_what_it_does_and_takes() -> None:
    assert [name for name, field in variables().items() if not field.description or not expected(field)] == []


def test_the_readme_names_every_command() -> None:
    from engine.cli import COMMANDS

    assert [name for name in COMMANDS if f"ticktree {name}" not in text_of(ROOT / "README.md")] == []


@pytest.mark.parametrize(
    "file",
    [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))],
    ids=lambda file: file.name,
)
def test_what_a_page_points_to_is_there(file: Path) -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", text_of(file))
    assert [target for target in targets if not (file.parent / target).exists()] == []


def test_the_recipes_name_files_and_words_that_there_are() -> None:
    quoted = re.findall(r"`([^`\s]+)`", text_of(ROOT / "CONTRIBUTING.md"))
    files = [name for name in quoted if "/" in name and "*" not in name]
    assert [name for name in files if not (ROOT / name).exists()] == []
    words = {name for name in quoted if re.fullmatch(r"_?[A-Za-z]+(?:_[a-z]+)*|[A-Z]\w+\.\w+", name)}
    code = "\n".join(text_of(file) for file in tracked_files() if file.suffix == ".py")
    assert [word for word in words if not re.search(rf"\b{word.rpartition('.')[2]}\b", code)] == []


def test_the_licence_and_the_oldest_python_are_what_we_say() -> None:
    project = tomllib.loads(text_of(ROOT / "pyproject.toml"))["project"]
    assert project["license"] == "MIT"
    assert "ticktree authors" in text_of(ROOT / "LICENSE")
    assert project["requires-python"] == ">=3.11"
