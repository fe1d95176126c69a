"""Each setting in plain words: its value, what it does and what it takes."""

from collections.abc import Iterator

import msgspec
from pydantic import SecretStr

from config.loading import expected, variables
from config.settings import Settings


class Explanation(msgspec.Struct, frozen=True):
    """What the doctor says about one setting."""

    variable: str
    value: str
    """As it is in force, by itself or by default; a secret is not shown."""
    meaning: str
    takes: str


def explanations(settings: Settings) -> Iterator[Explanation]:
    """All settings, in the order of the README's table."""
    for (variable, field), name in zip(variables().items(), type(settings).model_fields, strict=True):
        yield Explanation(variable, _words(getattr(settings, name)), field.description or "", expected(field))


def _words(value: object) -> str:
    match value:
        case None | "" | ():
            return "not set"
        case SecretStr():
            return "set (not shown, it is a secret)"
        case bool():
            return str(value).lower()
        case tuple():
            return ",".join(map(str, value))  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
        case _:
            return str(value)
