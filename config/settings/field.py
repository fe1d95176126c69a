"""A setting: a field that says what its variable is called, what it does and what it takes."""

from typing import Any

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Group(BaseSettings):
    """Settings that belong together; all groups make up one object, and are read the same way."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        populate_by_name=True,
        hide_input_in_errors=True,
        validate_default=True,
    )


def setting(name: str, description: str, expected: str, **field: Any) -> Any:
    """A field with its variable's name, its line in the README and the words for what it takes."""
    return Field(validation_alias=name, description=description, json_schema_extra={"expected": expected}, **field)
