"""Validation: a query or a body becomes an object of its model, or a sentence for each thing that is wrong with it."""

import re
from collections.abc import Iterable
from typing import Final, Literal, TypeVar, cast, get_args, get_origin, get_type_hints

import msgspec
from quart import request

from web.errors import ApiError

Model = TypeVar("Model", bound=msgspec.Struct)

_JSON: Final = re.compile(r"application/([\w.+-]+\+)?json")
_PLACE: Final = re.compile(r"(?P<what>.*?)(?: - at `\$\.?(?P<path>.*)`)?", re.DOTALL)
_NAMED: Final = re.compile(r"Object (?P<fault>missing required|contains unknown) field `(?P<name>.*)`", re.DOTALL)
_LONGEST_NAME: Final = 100
"""Of a field that we do not know: whoever sent it knows the rest."""


def query_of(model: type[Model]) -> Model:
    """The parameters of the request. Raises ApiError 400."""
    repeated = [name for name, values in request.args.lists() if len(values) > 1]
    if repeated:
        raise _refusal(f"{name[:_LONGEST_NAME]}: given more than once" for name in repeated)
    try:
        return msgspec.convert(request.args.to_dict(), model, strict=False)
    except msgspec.ValidationError as error:
        raise _refusal([_sentence(model, str(error))]) from error


async def body_of(model: type[Model]) -> Model:
    """The JSON body of the request; none at all stands for ``{}``. Raises ApiError 400, 413 or 415."""
    data = cast("bytes", await request.get_data(cache=False))
    kind = request.mimetype
    if data and kind and not _JSON.fullmatch(kind):
        raise ApiError(415, f"the body is to be JSON, with Content-Type: application/json; was {kind[:100]}")
    try:
        return msgspec.json.decode(data or b"{}", type=model)
    except msgspec.ValidationError as error:
        raise _refusal([_sentence(model, str(error))]) from error
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise ApiError(400, "the body is not JSON", errors=[str(error)[:200]]) from error


def _refusal(errors: Iterable[str]) -> ApiError:
    told = list(errors)
    return ApiError(400, "; ".join(told), code="bad_request", errors=told)


def _sentence(model: type[msgspec.Struct], told: str) -> str:
    """``limit: expected int, got str``, of what the decoder says."""
    parted = _PLACE.fullmatch(told)
    what, path = (parted["what"], parted["path"] or "") if parted else (told, "")
    named = _NAMED.fullmatch(what)
    if named:
        name = ".".join(part for part in (path, named["name"][:_LONGEST_NAME]) if part)
        return f"{name}: missing" if named["fault"].startswith("missing") else f"{name}: unknown field"
    choices = _choices(model, path)
    if choices:
        return f"{path}: one of {', '.join(choices)}"
    plain = what.replace("`", "")
    return f"{path or 'the body'}: {plain[:1].lower()}{plain[1:]}"


def _choices(model: type[msgspec.Struct], path: str) -> list[str]:
    """The words that a field may hold, where it may hold only some; also one of a part of the body."""
    name, _, rest = path.partition(".")
    hint = get_type_hints(model).get(name)
    if rest:
        parts = [part for part in get_args(hint) or (hint,) if isinstance(part, type)]
        found = (_choices(part, rest) for part in parts if issubclass(part, msgspec.Struct))
        return next((choices for choices in found if choices), list[str]())
    return [str(word) for word in get_args(hint)] if get_origin(hint) is Literal else []
