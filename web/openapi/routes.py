"""Decorators of routes: what they take, checked before they run, and what they answer, told in the document.

Models are msgspec structs. Answers are documented and not checked again: they are made of our own types.
"""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, Final, TypeVar, cast

import msgspec
import quart_schema

from web.errors import Problem
from web.openapi.validation import body_of, query_of

GUARD_ATTRIBUTE: Final = "_ticktree_guard"
PUBLIC_ATTRIBUTE: Final = "_ticktree_public"
MEDIA_ATTRIBUTE: Final = "_ticktree_media"

Route = Callable[..., Awaitable[Any]]
AnyRoute = TypeVar("AnyRoute", bound=Route)

_quart_schema: Any = quart_schema
"""Untyped: of what its models may be, its own types know only some."""


def validate_querystring(model: type[msgspec.Struct]) -> Callable[[Route], Route]:
    """The route is given its parameters as ``query_args``, of this model."""

    def decorate(route: Route) -> Route:
        @wraps(route)
        async def validated(*arguments: Any, **named: Any) -> Any:
            return await route(*arguments, query_args=query_of(model), **named)

        return _quart_schema.document_querystring(model)(validated)

    return decorate


def validate_request(model: type[msgspec.Struct]) -> Callable[[Route], Route]:
    """The route is given its JSON body as ``data``, of this model."""

    def decorate(route: Route) -> Route:
        @wraps(route)
        async def validated(*arguments: Any, **named: Any) -> Any:
            return await route(*arguments, data=await body_of(model), **named)

        return _quart_schema.document_request(model)(validated)

    return decorate


def guarded(guard: Callable[[], Awaitable[None]]) -> Callable[[Route], Route]:
    """The route has a guard of its own, where its blueprint lets everybody in; stands above what is validated."""

    def decorate(route: Route) -> Route:
        @wraps(route)
        async def protected(*arguments: Any, **named: Any) -> Any:
            await guard()
            return await route(*arguments, **named)

        setattr(protected, GUARD_ATTRIBUTE, guard)
        return protected

    return decorate


def opened_by_public_feed(*methods: str) -> Callable[[Route], Route]:
    """A guard that asks nothing of these methods while the public feed is on."""

    def decorate(guard: Route) -> Route:
        setattr(guard, PUBLIC_ATTRIBUTE, frozenset(methods))
        return guard

    return decorate


def document_response(model: object, status: int = 200) -> Callable[[AnyRoute], AnyRoute]:
    """The route answers this model, or a generic one as ``Page[Row]``, with this status."""
    return cast("Callable[[AnyRoute], AnyRoute]", _quart_schema.document_response(model, status))


def document_errors(*statuses: int) -> Callable[[AnyRoute], AnyRoute]:
    """Errors that the route may answer beyond those that every one of its kind may."""

    def decorate(route: AnyRoute) -> AnyRoute:
        for status in statuses:
            document_response(Problem, status)(route)
        return route

    return decorate


def document_media(*content_types: str) -> Callable[[AnyRoute], AnyRoute]:
    """What the route answers, with status 200, beside JSON; or instead of it, where it documents no model."""

    def decorate(route: AnyRoute) -> AnyRoute:
        setattr(route, MEDIA_ATTRIBUTE, content_types)
        return route

    return decorate


def hide(route: AnyRoute) -> AnyRoute:
    """The route is no part of the interface: a page for people."""
    return cast("AnyRoute", _quart_schema.hide(route))
