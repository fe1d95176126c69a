"""The reply: what an asker waits for, and the envelope that carries the question."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import anyio
import msgspec
import pykka

from engine.runtime.errors import AskTimeoutError, BlockingCallError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from types import TracebackType

PROXY_TIMEOUT_S = 5.0
"""The bound of a future that is awaited without one, as pykka's proxies hand them out."""


class Reply(pykka.Future[Any]):
    """A pykka future for an event loop: awaited with a bound; reading it before it is there fails instead of blocking."""

    __slots__ = ("_error", "_event", "_value", "done")

    def __init__(self) -> None:
        self.done = False
        self._value: Any = None
        self._error: BaseException | None = None
        self._event: anyio.Event | None = None

    def set(self, value: Any = None) -> None:
        """Answer; only the first answer counts."""
        if not self.done:
            self._value = value
            self._finish()

    def fail(self, error: BaseException) -> None:
        """Answer with an exception; only the first answer counts."""
        if not self.done:
            self._error = error
            self._finish()

    def set_exception(
        self,
        exc_info: tuple[type[BaseException] | None, BaseException | None, TracebackType | None] | None = None,
    ) -> None:
        error = exc_info[1] if exc_info is not None else None
        if error is None:
            raise BlockingCallError("Give fail() the exception itself.")
        self.fail(error)

    def get(self, *, timeout: float | None = None) -> Any:  # noqa: ARG002 - pykka's signature
        if not self.done:
            raise BlockingCallError("The reply is not there yet; await the ask with timeout_s instead.")
        return self._result()

    def set_get_hook(self, func: Callable[[float | None], Any]) -> NoReturn:  # noqa: ARG002 - pykka's signature
        raise BlockingCallError("map, filter, join and reduce wait in get(); await the reply and compute from it.")

    async def wait(self, timeout_s: float, question: str = "") -> Any:
        """The answer within so many seconds, or AskTimeoutError with the question's name."""
        if not self.done:
            if self._event is None:
                self._event = anyio.Event()
            with anyio.move_on_after(timeout_s):
                await self._event.wait()
        if not self.done:
            raise AskTimeoutError(f"{question} waited {timeout_s:g} s.".strip())
        return self._result()

    def __await__(self) -> Generator[Any, Any, Any]:
        return self.wait(PROXY_TIMEOUT_S).__await__()

    __iter__ = __await__

    def _result(self) -> Any:
        if self._error is not None:
            raise self._error
        return self._value

    def _finish(self) -> None:
        self.done = True
        if self._event is not None:
            self._event.set()


class Ask(msgspec.Struct, frozen=True, gc=True):
    """A message whose sender waits for the handler's return value."""

    message: Any
    reply: Reply


class Refused(msgspec.Struct, frozen=True):
    """Returned by a handler to raise an error at the asker without crashing the actor that answers."""

    error: Exception


def answer(ask: Ask, value: Any) -> None:
    """Hand a handler's return value to the asker."""
    if isinstance(value, Refused):
        ask.reply.fail(value.error)
    else:
        ask.reply.set(value)


def fail_asker(message: Any, error: Exception) -> None:
    """If the message is a question, its sender gets the error."""
    if isinstance(message, Ask):
        message.reply.fail(error)


def name_of(message: Any) -> str:
    """The message's type as logs and errors call it."""
    return type(message.message if isinstance(message, Ask) else message).__name__
