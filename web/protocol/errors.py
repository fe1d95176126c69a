"""What can be wrong with a client's message, with the contract's numbers for it."""

from enum import IntEnum

import msgspec


class Code(IntEnum):
    """Error codes of the socket; the dialects all use the same numbers."""

    SYNTAX = 400
    NOT_AUTHENTICATED = 401
    AUTHENTICATION_FAILED = 402
    ALREADY_AUTHENTICATED = 403
    TOO_LATE = 404
    TOO_MANY_SYMBOLS = 405
    TOO_MANY_CONNECTIONS = 406
    SLOW_CLIENT = 407
    NOT_ALLOWED = 409
    NOT_AVAILABLE = 410
    INTERNAL = 500


class Close(IntEnum):
    """Close codes: below 3500 and 4000-4499 invite a reconnect, 3500-3999 and from 4500 on do not."""

    SERVER_RESTART = 1012
    SLOW_CLIENT = 3008
    NO_PONG = 3012
    TOO_FAST = 3013
    BAD_TOKEN = 3500
    BAD_REQUEST = 3501
    CONNECTION_LIMIT = 3504
    PERMISSION = 3507
    INTERNAL = 1011


class Problem(msgspec.Struct, frozen=True):
    """One thing that went wrong, for any dialect to put into words. ``temporary``: trying again may help.

    ``channel`` is the name of what was followed and can not be had, as the client wrote it.
    """

    code: Code
    message: str
    temporary: bool = False
    id: int | str | None = None
    symbol: str | None = None
    channel: str | None = None


class RequestError(Exception):
    """A message that can not be carried out; it changed nothing."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem

    @classmethod
    def syntax(cls, message: str, *, id: int | str | None = None) -> "RequestError":  # noqa: A002 - the wire's word
        return cls(Problem(Code.SYNTAX, message, id=id))
