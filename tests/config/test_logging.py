"""The log: one line per event, whoever wrote it, and never a secret."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from pydantic import SecretStr

from config.logging import configure, known_secrets, redact
from config.settings import Settings


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    secret = Settings(
        log_format="json",
        admin_token=SecretStr("canary-of-the-admin"),
        database_url=SecretStr("postgresql://user:canary-of-the-database@host/db"),
    )
    configure(secret, stream)
    yield stream
    structlog.reset_defaults()
    logging.captureWarnings(capture=False)
    logging.getLogger().handlers.clear()


def lines(log: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


def test_an_event_is_one_json_line_with_its_fields(log: io.StringIO) -> None:
    structlog.get_logger("feed").warning("feed_stalled", provider="dhan", silent_s=12.4)
    (line,) = lines(log)
    assert line.pop("timestamp")
    assert line == {
        "event": "feed_stalled",
        "level": "warning",
        "logger": "feed",
        "provider": "dhan",
        "silent_s": 12.4,
    }


def test_records_of_the_standard_library_take_the_same_way(log: io.StringIO) -> None:
    logging.getLogger("library").info("running on %s", "127.0.0.1")
    assert lines(log)[0]["event"] == "running on 127.0.0.1"


def test_events_below_the_level_are_not_written(log: io.StringIO) -> None:
    structlog.get_logger("feed").debug("step")
    logging.getLogger("feed").debug("step")
    assert lines(log) == []


def test_fields_with_a_secrets_name_are_hidden_however_deep(log: io.StringIO) -> None:
    structlog.get_logger("x").info("sent", access_token="abc", nested={"api_key": ["abc"], "tokens": 3}, token_count=2)
    line = lines(log)[0]
    assert line["access_token"] == "***"
    assert line["nested"] == {"api_key": "***", "tokens": 3}
    assert line["token_count"] == 2


def test_the_settings_own_secrets_never_appear_not_even_in_a_traceback(log: io.StringIO) -> None:
    error = OSError("no route to postgresql://user:canary-of-the-database@host/db with canary-of-the-admin")
    structlog.get_logger("x").error("failed", exc_info=error)
    assert "no route to" in lines(log)[0]["exception"]
    assert "canary" not in log.getvalue()


def test_a_password_is_known_as_it_is_and_as_an_address_writes_it() -> None:
    settings = Settings(redis_url=SecretStr("redis://:a%2Fword%40home@host/0"))
    assert redact("AUTH a/word@home, a%2Fword%40home", known_secrets(settings)) == "AUTH ***, ***"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            "wss://api-feed.dhan.co?version=2&token=eyJ.abc&clientId=1",
            "wss://api-feed.dhan.co?version=2&token=***&clientId=1",
        ),
        ("redis://:word@host:1/0 refused", "redis://:***@host:1/0 refused"),
        ("postgresql://user:word@host/db", "postgresql://user:***@host/db"),
        ("https://host/path?access_token=a&x=1", "https://host/path?access_token=***&x=1"),
        ("/ws?ticket=abc failed", "/ws?ticket=*** failed"),
        ("grant_type=code&client_secret=abc&id_token=d", "grant_type=code&client_secret=***&id_token=***"),
        ("the time is 12:30@home", "the time is 12:30@home"),
    ],
)
def test_addresses_lose_their_secrets_and_nothing_else(text: str, shown: str) -> None:
    assert redact(text) == shown
