"""Logging: one pipeline for structlog's events and the standard library's records, to stderr, without secrets.

The ladder: ``debug`` each step; ``info`` something began, ended or changed state as it should; ``warning`` something
went wrong and heals by itself; ``error`` something went wrong and stays so until somebody looks; ``critical`` the
process ends. An event is a name in snake case, everything else about it is a field.
"""

import logging
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TextIO, cast
from urllib.parse import unquote, urlsplit

import structlog
from pydantic import SecretStr

from config.settings import Settings

HIDDEN = "***"
_WORD = r"(?:access_?token|refresh_?token|token|api_?key|password|passwd|secret(?:_key)?|authorization)"
_SECRET_KEY = re.compile(rf"(?:^|[_\W]){_WORD}$", re.IGNORECASE)
_IN_QUERY = re.compile(rf"(\b\w*?(?:{_WORD}|ticket)=)[^&\s\"'\\]+", re.IGNORECASE)
_IN_USERINFO = re.compile(r"(://[^/\s:@\"']*:)[^/\s@\"']+(?=@)")
_TALKATIVE = ("alembic", "hypercorn", "urllib3", "asyncio", "httpx", "httpcore")
"""Libraries whose steps are of no concern to an operator."""
_LEAST_SECRET = 6
"""Shorter values would hide every other word."""


def configure(settings: Settings, stream: TextIO | None = None) -> None:
    """Sends this process's events and records to ``stream`` (stderr) in the format and from the level of the settings."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_formatter(settings, colors=handler.stream.isatty()))
    logging.basicConfig(handlers=[handler], level=settings.log_level, force=True)
    logging.captureWarnings(capture=True)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelNamesMapping()[settings.log_level]))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_shared_processors(settings),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(settings.log_level),
        cache_logger_on_first_use=True,
    )


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """The text without these secrets, and without any that stand in an address."""
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    return _IN_USERINFO.sub(rf"\1{HIDDEN}", _IN_QUERY.sub(rf"\1{HIDDEN}", text))


def known_secrets(settings: Settings) -> tuple[str, ...]:
    """The settings' secret values, of an address its password only, as it is written there and as it is."""
    values = (getattr(settings, name) for name in type(settings).model_fields)
    texts = (value.get_secret_value() for value in values if isinstance(value, SecretStr))
    secrets = [(urlsplit(text).password or "") if "://" in text else text for text in texts]
    both = dict.fromkeys([*secrets, *map(unquote, secrets)])
    return tuple(secret for secret in both if len(secret) >= _LEAST_SECRET)


def _formatter(settings: Settings, *, colors: bool) -> structlog.stdlib.ProcessorFormatter:
    as_json = settings.log_format == "json"
    console = structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=structlog.dev.plain_traceback)
    rendered = [structlog.processors.JSONRenderer()] if as_json else [console]
    traceback = [structlog.processors.format_exc_info] if as_json else []
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *_shared_processors(settings)],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            *traceback,
            *rendered,
            _redacting(known_secrets(settings)),
        ],
    )


def _shared_processors(settings: Settings) -> list[structlog.typing.Processor]:
    for_people = settings.log_format == "console"
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="%H:%M:%S" if for_people else "iso", utc=not for_people),
        structlog.processors.StackInfoRenderer(),
        _redact_fields,
    ]


def _redact_fields(_logger: Any, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    return {key: HIDDEN if _SECRET_KEY.search(str(key)) else _without_secrets(value) for key, value in event.items()}


def _without_secrets(value: Any) -> Any:
    """The same value; in mappings and sequences, however deep, what stands under a secret's name is hidden."""
    if isinstance(value, dict):
        return _redact_fields(None, "", cast("dict[str, Any]", value))
    if isinstance(value, list | tuple):
        return [_without_secrets(inner) for inner in cast("Sequence[Any]", value)]
    return value


def _redacting(secrets: tuple[str, ...]) -> Callable[[Any, str, Any], str]:
    def processor(_logger: Any, _method: str, line: Any) -> str:
        return redact(str(line), secrets)

    return processor
