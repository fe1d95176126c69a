"""The one place that speaks through redis-py: bounded, explicit about repeats, and with our own errors.

redis-py repeats a command whose answer was lost, so everything sent through here must do no harm when it runs twice.
"""

import contextlib
import hashlib
import ssl
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from importlib.resources import files
from typing import Any, cast

import hiredis
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.connection import (
    AbstractConnection,
    Connection,
    SSLConnection,
    UnixDomainSocketConnection,
)
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialWithJitterBackoff
from redis.exceptions import (
    AuthenticationError,
    ClusterDownError,
    MasterDownError,
    NoScriptError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
    TryAgainError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.typing import EncodableT

from engine.storage.errors import HotStoreError, HotStoreUnavailableError
from engine.storage.hot.address import read_address

Value = str | bytes | int | float
Command = Sequence[Value]

ANSWER_TIMEOUT_S = 5.0
_CONNECT_TIMEOUT_S = 2.0
_REPEATS = 2
_CONNECTIONS = 32
_PASSING_KINDS = (OutOfMemoryError, ReadOnlyError, TryAgainError, ClusterDownError, MasterDownError)
_PASSING_CODES = ("OOM", "MISCONF", "LOADING", "BUSY", "READONLY", "NOREPLICAS")
"""Refusals that end when the server is itself again: memory or disk full, loading, a script running, failing over.
redis-py has classes for some, and strips their code; a script's error keeps it."""
_NOT_TRUSTED = (
    "Its certificate is not trusted ({}). Name the authority that signed it with ?ssl_ca_certs=FILE at the end of REDIS_URL; "
    "?ssl_cert_reqs=none trusts any, as platforms with certificates of their own need it."
)


_pack_command = cast("Callable[[tuple[EncodableT, ...]], bytes]", hiredis.pack_command)  # pyright: ignore[reportUnknownMemberType]


class _Packed:
    """Packs commands in C: our flushes are few commands of many thousand arguments, 0.5 µs each in Python."""

    def pack_command(self, *args: EncodableT) -> list[bytes]:
        if isinstance(args[0], str) and " " in args[0]:
            args = (*args[0].split(), *args[1:])
        return [_pack_command(args)]


class _TcpConnection(_Packed, Connection):
    pass


class _TlsConnection(_Packed, SSLConnection):
    pass


class _UnixConnection(_Packed, UnixDomainSocketConnection):
    pass


_CONNECTION_KINDS: Mapping[Any, type] = {SSLConnection: _TlsConnection, UnixDomainSocketConnection: _UnixConnection}


class Script:
    """One of our Lua scripts, known to the server by its digest."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.text = files("engine.storage.hot").joinpath("scripts", f"{name}.lua").read_text()
        self.digest = hashlib.sha1(self.text.encode(), usedforsecurity=False).hexdigest()


class RedisLink:
    """A pool of connections to one Redis, which raises nothing but ``HotStoreError``."""

    def __init__(self, url: str, *, answer_timeout_s: float = ANSWER_TIMEOUT_S) -> None:
        self.answer_timeout_s = answer_timeout_s
        self._pool = _pool(url, answer_timeout_s)
        self._redis = Redis(connection_pool=self._pool)

    async def call(self, *command: Value) -> Any:
        """One command, one answer."""
        with speaking_redis():
            return await self._execute(*command)

    async def many(self, commands: Iterable[Command], *, together: bool = False) -> list[Any]:
        """Several commands in one round trip; ``together``: as one transaction. Costs about 12 µs a command."""
        with speaking_redis():
            async with self._redis.pipeline(transaction=together) as pipeline:
                for command in commands:
                    pipeline.execute_command(*command)  # pyright: ignore[reportUnknownMemberType]
                return await pipeline.execute()

    async def run(self, script: Script, keys: Sequence[str], arguments: Sequence[Value] = ()) -> Any:
        """Runs a script on the server; sends its text only to a server that does not know it yet."""
        with speaking_redis():
            try:
                return await self._execute("EVALSHA", script.digest, len(keys), *keys, *arguments)
            except NoScriptError:
                return await self._execute("EVAL", script.text, len(keys), *keys, *arguments)

    async def _execute(self, *command: Value) -> Any:
        return cast("Any", await self._redis.execute_command(*command))  # pyright: ignore[reportUnknownMemberType]

    def single_connection(self) -> AbstractConnection:
        """A connection of its own that never reconnects by itself; connect it, and disconnect it, yourself."""
        settings: dict[str, Any] = dict(self._pool.connection_kwargs)
        settings["retry"] = Retry(ExponentialWithJitterBackoff(), 0)
        return self._pool.connection_class(**settings)

    async def close(self) -> None:
        """Closes all connections."""
        with speaking_redis():
            await self._pool.disconnect()


@contextlib.contextmanager
def speaking_redis() -> Generator[None]:
    """Turns what redis-py raises into our errors, without addresses or passwords in their words."""
    try:
        yield
    except (RedisError, OSError) as error:
        raise translated(error) from error


def translated(error: Exception) -> HotStoreError:
    """The error of ours that says what redis-py's error means."""
    untrusted = _certificate_error(error)
    if untrusted is not None:
        return HotStoreUnavailableError(_NOT_TRUSTED.format(untrusted.verify_message))
    match error:
        case AuthenticationError():
            return HotStoreError("It refused the user or password.")
        case RedisTimeoutError() | TimeoutError():
            return HotStoreUnavailableError("It did not answer in time.")
        case RedisConnectionError() | OSError():
            return HotStoreUnavailableError("The connection was refused or lost.")
        case ResponseError() if isinstance(error, _PASSING_KINDS) or str(error).startswith(_PASSING_CODES):
            return HotStoreUnavailableError(f"It answered: {error}")
        case _:
            return HotStoreError(f"It answered: {error}")


def _certificate_error(error: BaseException | None) -> ssl.SSLCertVerificationError | None:
    """Why a server was not trusted; redis-py says it beside its own error."""
    while error is not None and not isinstance(error, ssl.SSLCertVerificationError):
        error = error.__cause__ or error.__context__
    return error


def _pool(url: str, answer_timeout_s: float) -> BlockingConnectionPool:
    settings: dict[str, Any] = {
        "socket_timeout": answer_timeout_s,
        "socket_connect_timeout": min(_CONNECT_TIMEOUT_S, answer_timeout_s),
        "retry": Retry(ExponentialWithJitterBackoff(base=0.05, cap=0.5), _REPEATS),
        "protocol": 2,
        "max_connections": _CONNECTIONS,
        "timeout": answer_timeout_s,
        **read_address(url),
    }
    kind = settings.pop("connection_class", Connection)
    return BlockingConnectionPool(connection_class=_CONNECTION_KINDS.get(kind, _TcpConnection), **settings)
