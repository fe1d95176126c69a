"""What a client's session is told: by its line, by its own timers, and by tasks that looked something up."""

import msgspec

from web.access import AccessError
from web.accounts.principal import Principal
from web.hub import Resumption
from web.protocol import Subscribe
from web.sockets.screeners import Own


class Incoming(msgspec.Struct, frozen=True, gc=False):
    """A message of the client, as it came."""

    data: str | bytes | None


class Recognized(msgspec.Struct, frozen=True, gc=False):
    """A token has been looked at: whose it is, or why it admits nobody."""

    request: int | str | None
    found: Principal | AccessError


class ScreenersKnown(msgspec.Struct, frozen=True, gc=False):
    """It has been looked up which of the screeners that a command names are the client's own."""

    command: Subscribe
    own: Own


class AuthenticationOverdue(msgspec.Struct, frozen=True, gc=False):
    """The time to say who one is has passed."""


class TokenExpired(msgspec.Struct, frozen=True, gc=False):
    """The time of what a client showed has run out, unless it has shown something else meanwhile."""

    principal: Principal


class ResumptionOverdue(msgspec.Struct, frozen=True, gc=False):
    """Nobody has answered a wish to resume."""

    resumption: Resumption


class Resumed(msgspec.Struct, frozen=True, gc=False):
    """A resumption has been answered, one way or the other."""


class TaskFailed(msgspec.Struct, frozen=True, gc=False):
    """Recognizing somebody or showing a chart came upon a bug of ours."""

    error: BaseException


class Wanted(msgspec.Struct, frozen=True, gc=False):
    """To the subscriber: clients want something that is not here yet; look at the hub."""
