"""The kinds of values that settings take beyond those of Python: names, addresses, and what stands in a header."""

from collections.abc import Callable
from typing import Annotated
from urllib.parse import SplitResult

from pydantic import AfterValidator, BeforeValidator, SecretStr
from pydantic_settings import NoDecode

from config.addresses import is_endpoint, is_redis, parts_of


def _split(value: object) -> object:
    """``a, b`` as a list: how a variable writes several names."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _text(value: SecretStr | str) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else value


def _address(*schemes: str, fits: Callable[[SplitResult], bool] = lambda _: True) -> AfterValidator:
    """Accepts addresses of these schemes that a program can connect to."""

    def check(value: SecretStr | str) -> SecretStr | str:
        parts = parts_of(_text(value))
        if parts.scheme not in schemes or not fits(parts):
            raise ValueError("no such address")
        return value

    return AfterValidator(check)


def _sendable(value: SecretStr | str) -> SecretStr | str:
    """What can not stand in a header would end the engine instead of the start."""
    if not all("!" <= character <= "~" for character in _text(value)):
        raise ValueError("blank or unprintable")
    return value


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
FeedUrl = Annotated[str, _address("ws", "wss", fits=is_endpoint)]
GatewayUrl = Annotated[str, _address("tcp", fits=lambda parts: is_endpoint(parts) and not parts.path)]
RestUrl = Annotated[str, _address("http", "https", fits=is_endpoint)]
RedisUrl = Annotated[SecretStr, _address("redis", "rediss", "unix", fits=is_redis)]
DatabaseUrl = Annotated[SecretStr, _address("postgres", "postgresql")]
ClientId = Annotated[str, AfterValidator(_sendable)]
AccessToken = Annotated[SecretStr, AfterValidator(_sendable)]
