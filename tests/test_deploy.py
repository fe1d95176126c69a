"""What is shipped to run it elsewhere: the image, the composition and the units say only what the program knows."""

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from config.loading import variables
from engine.cli import ticktree

ROOT = Path(__file__).parent.parent
UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.service"))
NOT_OURS = {"POSTGRES_PASSWORD"}
"""Asked for by the composition itself."""
EVERYWHERE = {"PATH", "PYTHONUNBUFFERED"}


def composition() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "compose.yaml").read_text())


def ours() -> dict[str, dict[str, Any]]:
    """The services that run our image."""
    return {name: one for name, one in composition()["services"].items() if one.get("image") == "ticktree"}


def unit(file: Path) -> ConfigParser:
    parser = ConfigParser(strict=False, interpolation=None, delimiters=("=",))
    parser.optionxform = str  # pyright: ignore[reportAttributeAccessIssue]
    parser.read_string(file.read_text())
    return parser


def instructions() -> Iterator[tuple[str, str]]:
    """Of the Dockerfile, with continued lines joined."""
    text = re.sub(r"\\\n\s*", " ", (ROOT / "Dockerfile").read_text())
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, _, rest = line.partition(" ")
            yield name, rest


def check_command(arguments: list[str]) -> None:
    """That the program takes these arguments; it is not run."""
    with click.Context(ticktree) as context:
        name, command, rest = ticktree.resolve_command(context, arguments)
        assert command is not None
        command.make_context(name, list(rest), parent=context)


@pytest.mark.parametrize("service", ours())
def test_the_composition_runs_commands_that_there_are_with_settings_that_there_are(service: str) -> None:
    told = ours()[service]
    check_command([argument.replace("/master.csv", __file__) for argument in told["command"]])
    assert set(told["environment"]) <= set(variables())


def test_the_composition_is_what_the_procfile_says_with_two_webs_behind_a_proxy() -> None:
    services = composition()["services"]
    lines = [line.partition(":") for line in (ROOT / "Procfile").read_text().splitlines()]
    for name, _, command in lines:
        procfile = [word for word in shlex.split(command)[3:] if word not in {"--host", "0.0.0.0"}]
        assert services[name]["command"] == procfile
    assert services["web"]["deploy"]["replicas"] == 2
    assert "ports" not in services["web"], "only the proxy is reached from outside"
    assert f"dynamic a web {services['web']['expose'][0]}" in (ROOT / "deploy" / "Caddyfile").read_text()
    assert services["redisinsight"]["profiles"] == ["insight"]


def test_the_composition_asks_only_for_settings_and_starts_in_order() -> None:
    text, services = (ROOT / "compose.yaml").read_text(), composition()["services"]
    assert set(re.findall(r"\$\{(\w+)", text)) <= set(variables()) | NOT_OURS
    for name, service in services.items():
        for other, how in service.get("depends_on", {}).items():
            assert other in services, name
            if how["condition"] == "service_healthy":
                assert "healthcheck" in services[other] or services[other].get("image") == "ticktree", (name, other)
    assert services["web"]["depends_on"]["release"]["condition"] == "service_completed_successfully"
    volumes = {one.partition(":")[0] for service in services.values() for one in service.get("volumes", ())}
    assert {one for one in volumes if not one.startswith("./")} == set(composition()["volumes"])
    assert all((ROOT / one).exists() for one in volumes if one.startswith("./"))
    foreign = [service["image"] for service in services.values() if service["image"] != "ticktree"]
    assert all(re.search(r":\d", image) for image in foreign), "a version, not whatever is newest"


def test_the_image_is_pinned_made_of_what_there_is_and_run_by_nobody_special() -> None:
    found = list(instructions())
    defaults = dict(rest.split("=") for name, rest in found if name == "ARG")
    assert re.fullmatch(r"3\.\d+\.\d+-slim-\w+", defaults["PYTHON"])
    assert re.fullmatch(r"\d+\.\d+\.\d+-\w+-slim", defaults["NODE"])
    bases = [rest for name, rest in found if name == "FROM"]
    assert bases == ["node:${NODE} AS screen", "python:${PYTHON} AS build", "python:${PYTHON}"]
    for rest in [rest for name, rest in found if name == "COPY" and not rest.startswith("--from")]:
        assert all((ROOT / source).exists() for source in shlex.split(rest)[:-1]), rest
    users = [rest for name, rest in found if name == "USER"]
    assert users
    assert users[-1] not in {"root", "0"}
    assert any(name == "HEALTHCHECK" and "/health'" in rest for name, rest in found)
    check_command(yaml.safe_load(next(rest for name, rest in found if name == "CMD")))
    last = [rest for name, rest in found if name == "ENV"][-1]
    assert {part.partition("=")[0] for part in shlex.split(last)} <= set(variables()) | EVERYWHERE


def test_the_image_holds_every_package_and_no_secret() -> None:
    text = (ROOT / "Dockerfile").read_text()
    packages = {file.parent.name for file in ROOT.glob("*/__init__.py")} - {"tests", "benchmarks", "scripts"}
    assert [name for name in packages if f"COPY {name} " not in text] == []
    assert {".env", ".git", ".venv", ".ticktree"} <= set((ROOT / ".dockerignore").read_text().split())


@pytest.mark.parametrize("file", UNITS, ids=lambda file: file.name)
def test_a_unit_runs_a_command_that_there_is_with_settings_that_there_are(file: Path) -> None:
    program, *arguments = shlex.split(unit(file)["Service"]["ExecStart"])
    assert Path(program).name == "ticktree"
    check_command(arguments)
    named = re.findall(r"(?m)^Environment=(\w+)=", file.read_text())
    assert set(named) <= set(variables())


@pytest.mark.parametrize("file", UNITS, ids=lambda file: file.name)
def test_systemd_understands_the_units(file: Path, tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze here")
    for one in UNITS:
        text = one.read_text().replace("/opt/ticktree/.venv/bin/ticktree", "/bin/true")
        (tmp_path / one.name.replace("@.", "@8001.")).write_text(text)
    for name in ("redis", "postgresql"):
        (tmp_path / f"{name}.service").write_text("[Service]\nExecStart=/bin/true\n")
    told = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(tmp_path / file.name.replace("@.", "@8001."))],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
        env={"SYSTEMD_UNIT_PATH": f"{tmp_path}:"},
    )
    assert [line for line in told.stderr.splitlines() if "ticktree" in line] == []
