"""Parts that requests of several dialects have in common, read the same way in all of them."""

from typing import Any

from web.protocol.errors import RequestError
from web.protocol.messages import Authenticate, RequestId

LONGEST_NAME = 200
"""Characters of a symbol or key; nobody's is longer."""


def request_id(message: dict[str, Any]) -> RequestId:
    """The request's own number or name, None when it has none that an answer could repeat."""
    value = message.get("id")
    return value if isinstance(value, int | str) and not isinstance(value, bool) else None


def credentials(message: dict[str, Any], request: RequestId = None) -> Authenticate:
    """``token`` or ``ticket``, one of them."""
    token, ticket = message.get("token"), message.get("ticket")
    if ticket is None and isinstance(token, str) and token:
        return Authenticate(token, request)
    if token is None and isinstance(ticket, str) and ticket:
        return Authenticate("", request, ticket)
    raise RequestError.syntax('"token" or "ticket" must be given', id=request)


def text(message: dict[str, Any], name: str) -> str:
    """A field that must be written, and not too long."""
    value = message.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_NAME:
        raise RequestError.syntax(f'"{name}" must be a text of at most {LONGEST_NAME} characters')
    return value
