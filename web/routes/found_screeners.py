"""Screeners by their ids, as routes find them: those that are configured, and the own ones of who asks."""

from typing import Final

import msgspec

from actors.screen_universe import NOTHING, unknown_parts
from engine.screening import Definition, DefinitionError, Problem, Result, Universe, checked
from engine.storage.durable.screeners import OwnScreener
from web.errors import ApiError
from web.routes.guards import principal
from web.services import services

_LARGEST: Final = 2**31
_PROBLEMS: Final = 50
"""Of one definition, that are told."""


class Found(msgspec.Struct, frozen=True):
    """A screener, wherever it is kept."""

    id: str
    name: str
    description: str
    definition: Definition | None
    instruments: tuple[str, ...] = ()
    """Its list, where it comes with one."""
    owner: str = ""
    """Empty: it is everybody's."""


async def all_screeners() -> list[Found]:
    """Those that are configured, by id, then the own ones of who asks, by name."""
    configured = [configured_screener(identity) for identity in sorted(services().screeners)]
    who = principal()
    own = await services().durable.screeners.all(who.subject) if who.kind == "user" else []
    return configured + [own_screener(one, who.subject) for one in own]


async def found_screener(identity: str) -> Found:
    """The one of that id; ApiError 404 when there is none for who asks."""
    who = principal()
    if identity in services().screeners:
        return configured_screener(identity)
    if who.kind == "user" and is_number(identity):
        row = await services().durable.screeners.one(who.subject, int(identity))
        if row is not None:
            return own_screener(row, who.subject)
    raise unknown(identity)


def is_number(identity: str) -> bool:
    """Whether it can be the number of an own one."""
    return (
        identity.isascii()
        and identity.isdigit()
        and len(identity) <= len(str(_LARGEST))
        and 0 < int(identity) < _LARGEST
    )


def unknown(identity: str) -> ApiError:
    return ApiError(404, f"there is no screener {identity[:100]!r}", errors=sorted(services().screeners))


def configured_screener(identity: str) -> Found:
    one = services().screeners[identity]
    return Found(identity, one.name, one.description, one.definition, one.instruments)


def own_screener(row: OwnScreener, owner: str) -> Found:
    definition = msgspec.json.decode(row.definition, type=Definition)
    return Found(str(row.id), row.name, row.description, definition, owner=owner)


async def meant(definition: Definition, before: Universe = NOTHING) -> Definition:
    """The same, if it can be meant; ApiError 400 that names every part that can not.

    ``before`` is the universe of the one that is rewritten: what it names may stay.
    """
    rules = services()
    problems: list[Problem] = []
    try:
        definition = checked(definition)
    except DefinitionError as error:
        problems += error.problems
    problems += await unknown_parts(definition.universe, rules.screeners, rules.durable.screeners, before)
    if problems:
        told = [f"definition.{problem}" for problem in problems[:_PROBLEMS]]
        raise ApiError(400, "; ".join(told), code="bad_definition", errors=told)
    return definition


async def newest_result(screener: Found) -> Result | None:
    """What it found last; None before its first run."""
    told = await services().durable.screenings.newest(screener.id)
    return None if told is None else msgspec.json.decode(told, type=Result)


async def shown_instruments(screener: Found) -> list[str]:
    """What it found last; before its first run what its list names."""
    result = await newest_result(screener)
    return list(screener.instruments) if result is None else [match.instrument for match in result.matches]
