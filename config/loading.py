"""Loading the settings: what is wrong with them becomes one sentence for each variable, without its secret."""

import difflib
import os
import re
from collections.abc import Iterator, Mapping
from typing import Any, cast, get_args

from dotenv import dotenv_values
from pydantic import SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from config.errors import SettingsError
from config.settings import Settings

_PREFIX = "TICKTREE_"
_NO_SETTINGS = re.compile(r"TICKTREE_(TEST_\w+|RECORDINGS|READY_FD)")
"""Names with our prefix that the test suite reads, or the launcher tells its processes."""


def load_settings(**overrides: Any) -> Settings:
    """The settings of this process; raises SettingsError with a sentence for each variable that is wrong."""
    unknown = list(_unknown_names({*os.environ, *dotenv_values(".env")}))
    if unknown:
        raise SettingsError("\n".join(unknown))
    try:
        return Settings(**overrides)
    except ValidationError as error:
        raise SettingsError("\n".join(_sentences(error))) from None


def variables() -> dict[str, FieldInfo]:
    """Every variable the program reads, by name, in the order of the README's table."""
    return {str(field.validation_alias): field for field in Settings.model_fields.values()}


def _unknown_names(given: set[str]) -> Iterator[str]:
    known = {name.removeprefix(_PREFIX): name for name in variables()}
    for name in sorted(given):
        rest = name.upper().removeprefix(_PREFIX)
        ours = name.upper().startswith(_PREFIX) and not _NO_SETTINGS.fullmatch(name)
        if ours and name.upper() != known.get(rest):
            near = difflib.get_close_matches(rest, known, n=1)
            hint = f"did you mean {known[near[0]]}?" if near else "see the README."
            yield f"{name}: expected a known setting, {hint}"


def _sentences(error: ValidationError) -> Iterator[str]:
    """One for each cause; a default that waits for a wrong variable is only a consequence."""
    return (_sentence(problem) for problem in error.errors() if problem["type"] != "default_factory_not_called")


def _sentence(problem: ErrorDetails) -> str:
    if not problem["loc"]:
        return str(problem.get("ctx", {}).get("error", problem["msg"]))
    name = str(problem["loc"][0])
    field = variables()[name]
    was = "something else (not shown, it is a secret)" if _is_secret(field.annotation) else repr(problem["input"])
    return f"{name}: expected {expected(field)}, was {was}."


def expected(field: FieldInfo) -> str:
    """The words for what a variable takes."""
    return cast("Mapping[str, str]", field.json_schema_extra)["expected"]


def _is_secret(annotation: Any) -> bool:
    return annotation is SecretStr or any(map(_is_secret, get_args(annotation)))
