"""The processes: where the web listens, under which name the engine runs, and how all of them log."""

from typing import Annotated, Literal

from pydantic import BeforeValidator

from config.settings.field import Group, setting


class Processes(Group):
    """The engine's and the web's."""

    host: str = setting(
        "TICKTREE_HOST",
        "Address the web listens on; `0.0.0.0` for every one the machine has.",
        "a host name or address",
        default="127.0.0.1",
    )
    port: int = setting(
        "PORT",
        "Port the web listens on; 0 takes a free one.",
        "a whole number from 0 to 65535",
        default=8000,
        ge=0,
        le=65535,
    )
    web_concurrency: int = setting(
        "WEB_CONCURRENCY",
        "Number of web processes.",
        "a whole number from 1 to 64",
        default=1,
        ge=1,
        le=64,
    )
    engine_id: str | None = setting(
        "TICKTREE_ENGINE_ID",
        "This engine's name in its lease: one that starts again under its name has the lease back at once.",
        "a name",
        default=None,
    )
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(str.upper)] = setting(
        "LOG_LEVEL", "Lowest level that is logged.", "DEBUG, INFO, WARNING or ERROR", default="INFO"
    )
    log_format: Literal["console", "json"] = setting(
        "LOG_FORMAT", "How log lines look.", "console or json", default="console"
    )
