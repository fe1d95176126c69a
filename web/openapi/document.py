"""The document: the app's interface as OpenAPI 3.1, of its routes, their models and their guards."""

import inspect
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final, cast

import msgspec
from quart import Blueprint, Quart
from quart_schema import QuartSchema
from quart_schema.openapi import APIKeySecurityScheme, HttpSecurityScheme, Info, OpenAPIProvider
from quart_schema.validation import (
    QUART_SCHEMA_QUERYSTRING_ATTRIBUTE,
    QUART_SCHEMA_REQUEST_ATTRIBUTE,
    QUART_SCHEMA_RESPONSE_ATTRIBUTE,
)
from werkzeug.routing.rules import Rule

from config import VERSION
from web.errors import Problem
from web.openapi.routes import GUARD_ATTRIBUTE, MEDIA_ATTRIBUTE, PUBLIC_ATTRIBUTE
from web.revalidation import is_revalidated

EXTENSION: Final = "ticktree_document"

_ABOUT: Final = """\
Live prices, candles and their history. Times are UTC, in milliseconds or as ISO 8601; a range includes both its ends, and a bare date is the exchange's.

Every error has one body (`Problem`). Lists come in pages: pass `next_page_token` as `page_token` to read on.
"""
_SECURITY: Final[list[dict[str, list[str]]]] = [{"bearer": []}, {"api_key": []}]
_OR_NONE: Final[list[dict[str, list[str]]]] = [*_SECURITY, {}]
"""Of what the public feed shows, where it is on."""
_SCHEMES: Final = {
    "bearer": HttpSecurityScheme(scheme="bearer"),
    "api_key": APIKeySecurityScheme(name="X-API-Key", in_="header"),
}
_SECURED: Final = (401, 403, 429)
_ALWAYS: Final = (500, 503)
_WITH_BODY: Final = (408, 413, 415)
_MEANINGS: Final = {
    400: "Something in the request can not be understood; `errors` says what.",
    401: "No token, or one that is not valid any more.",
    403: "This token does not allow it.",
    404: "There is nothing of this name.",
    408: "The body did not arrive in time.",
    409: "It can not be done as things stand now.",
    413: "The body is too large.",
    415: "The body is no JSON.",
    429: "Too many requests: try again after `Retry-After` seconds.",
    500: "A fault of ours; it has been logged under `request_id`.",
    503: "A store or the engine is away: try again in a moment.",
    504: "The engine did not answer in time.",
}
_ARGUMENT: Final = re.compile(r"<(?:[^:>]*:)?([^>]+)>")


def install(app: Quart) -> None:
    """Makes the app's routes known to the document."""
    info = Info(title="ticktree", version=VERSION, description=_ABOUT)
    app.extensions[EXTENSION] = QuartSchema(
        app,
        openapi_path=None,
        info=info,
        security_schemes=dict(_SCHEMES),
        conversion_preference="msgspec",
        openapi_provider_class=Document,
    )


def document_of(app: Quart) -> dict[str, Any]:
    """The OpenAPI document of all its routes."""
    return cast("QuartSchema", app.extensions[EXTENSION]).openapi_provider.schema()


class Document(OpenAPIProvider):
    """Describes routes by what their decorators, blueprints and guards say of them."""

    def schema(self) -> dict[str, Any]:
        """The whole document."""
        rules = list(self.generate_rules())
        models = list(dict.fromkeys([Problem, *(model for rule in rules for model in _models(self._route(rule)))]))
        references, components = msgspec.json.schema_components(models, ref_template="#/components/schemas/{name}")
        self._references = dict(zip(models, references, strict=True))
        self._components = components
        told = super().schema()
        queries = {self._name(query) for rule in rules if (query := _query(self._route(rule)))}
        told["components"]["schemas"] = {name: one for name, one in components.items() if name not in queries}
        told["tags"] = list(self._tags(rules))
        return told

    def generate_rules(self) -> Iterable[Rule]:
        """Each route once: of two that differ by a slash at the end alone the one without."""
        found: dict[tuple[str, str], Rule] = {}
        for rule in super().generate_rules():
            key = (rule.endpoint, rule.rule.rstrip("/"))
            if key not in found or len(rule.rule) < len(found[key].rule):
                found[key] = rule
        return found.values()

    def build_paths(self, rule: Rule) -> tuple[dict[str, Any], dict[str, Any]]:
        """The operations of one route."""
        route, blueprint = self._route(rule), self._blueprint(rule)
        path = _ARGUMENT.sub(r"{\1}", rule.rule)
        converters = rule._converters  # pyright: ignore[reportPrivateUsage] # noqa: SLF001 - as the base class does
        parameters = [self.build_path_parameter(name, one) for name, one in converters.items()]
        query, body = _query(route), _body(route)
        summary, _, description = (inspect.getdoc(route) or "").partition("\n")
        operation: dict[str, Any] = {
            "summary": summary.replace("``", ""),  # shown as it is, where a description is read as Markdown
            "description": description.strip(),
            "tags": [_tag(blueprint)],
            "parameters": [*parameters, *(self._parameters(query) if query else ())],
            "responses": self._responses(rule, route),
        }
        if body is not None:
            operation["requestBody"] = self._request_body(body)
        methods = sorted(self.generate_methods(rule))
        told = {
            method.lower(): operation | self._security(rule, method) | {"operationId": _identity(method, path)}
            for method in methods
        }
        return {path: told}, {}

    def is_secured(self, rule: Rule) -> bool:
        """Whether nobody gets in who shows nothing: what runs before a blueprint's routes are its guards."""
        return bool(self._guards(rule))

    def _guards(self, rule: Rule) -> list[Any]:
        route, blueprint = self._route(rule), self._blueprint(rule)
        own = [getattr(route, GUARD_ATTRIBUTE)] if hasattr(route, GUARD_ATTRIBUTE) else []
        return own + (self._app.before_request_funcs.get(blueprint.name, []) if blueprint else [])

    def _security(self, rule: Rule, method: str) -> dict[str, Any]:
        guards = self._guards(rule)
        if not guards:
            return {}
        is_public = all(method in getattr(guard, PUBLIC_ATTRIBUTE, ()) for guard in guards)
        return {"security": _OR_NONE if is_public and self._app.config["PUBLIC_FEED"] else _SECURITY}

    def _route(self, rule: Rule) -> Callable[..., Any]:
        return self._app.view_functions[rule.endpoint]

    def _blueprint(self, rule: Rule) -> Blueprint | None:
        return cast("Blueprint | None", self._app.blueprints.get(rule.endpoint.rpartition(".")[0]))

    def _name(self, model: object) -> str:
        return cast("str", self._references[model]["$ref"]).rpartition("/")[2]

    def _parameters(self, query: object) -> Iterator[dict[str, Any]]:
        model = self._components[self._name(query)]
        for name, schema in model["properties"].items():
            known = dict(schema)
            about = {"description": known.pop("description")} if "description" in known else {}
            yield {"name": name, "in": "query", "required": name in model.get("required", ()), **about, "schema": known}

    def _request_body(self, body: object) -> dict[str, Any]:
        needed = bool(self._components[self._name(body)].get("required"))
        return {"required": needed, "content": {"application/json": {"schema": self._references[body]}}}

    def _responses(self, rule: Rule, route: Callable[..., Any]) -> dict[str, Any]:
        """A model of the route's own for an error, as readiness has, stands beside the usual body."""
        told = _answers(route)
        media: Sequence[str] = getattr(route, MEDIA_ATTRIBUTE, ())
        found = {status: self._response(model) for status, model in told.items()}
        if media:
            kept = found.setdefault(200, {"description": "", "content": {}})
            kept["content"] |= {kind: {"schema": {"type": "string"}} for kind in media}
        blueprint = self._blueprint(rule)
        if blueprint and "GET" in (rule.methods or ()) and is_revalidated(cast("Quart", self._app), blueprint):
            found[304] = {"description": "Who sent `If-None-Match` has it already."}
        for status in {*self._usual_errors(rule, route)}:
            if status not in told:
                found[status] = self._response(Problem)
            elif told[status] is not Problem:
                either = [self._references[told[status]], self._references[Problem]]
                found[status]["content"]["application/json"]["schema"] = {"anyOf": either}
        for status, response in found.items():
            if told.get(status, Problem) is Problem and status in _MEANINGS:
                response["description"] = _MEANINGS[status]
        return {str(status): found[status] for status in sorted(found)}

    def _usual_errors(self, rule: Rule, route: Callable[..., Any]) -> Iterator[int]:
        yield from _ALWAYS
        yield from (400,) if _query(route) is not None or _body(route) is not None else ()
        yield from (400, 404) if "<" in rule.rule else ()
        yield from _SECURED if self.is_secured(rule) else ()
        yield from _WITH_BODY if _body(route) is not None else ()

    def _response(self, model: object) -> dict[str, Any]:
        named = getattr(model, "__origin__", model)
        about = inspect.getdoc(named) or "" if named is not list else "A list."
        return {"description": about, "content": {"application/json": {"schema": self._references[model]}}}

    def _tags(self, rules: Iterable[Rule]) -> Iterator[dict[str, Any]]:
        """One of each blueprint; what it is about, its module's first sentence says."""
        blueprints = {_tag(blueprint): blueprint for rule in rules if (blueprint := self._blueprint(rule))}
        for name, blueprint in sorted(blueprints.items()):
            about = inspect.getdoc(sys.modules[blueprint.import_name]) or ""
            yield {"name": name, "description": about.partition("\n")[0]}


def _tag(blueprint: Blueprint | None) -> str:
    return blueprint.name.replace("_", " ") if blueprint else "ticktree"


def _identity(method: str, path: str) -> str:
    return f"{method.lower()}_{re.sub(r'[^a-z0-9]+', '_', path.lower()).strip('_')}"


def _query(route: Callable[..., Any]) -> object | None:
    return getattr(route, QUART_SCHEMA_QUERYSTRING_ATTRIBUTE, None)


def _body(route: Callable[..., Any]) -> object | None:
    written = getattr(route, QUART_SCHEMA_REQUEST_ATTRIBUTE, None)
    return written[0] if written else None


def _answers(route: Callable[..., Any]) -> dict[int, object]:
    written: dict[int, tuple[object, object]] = getattr(route, QUART_SCHEMA_RESPONSE_ATTRIBUTE, {})
    return {status: model for status, (model, _) in written.items()}


def _models(route: Callable[..., Any]) -> Iterator[object]:
    yield from (model for model in (_query(route), _body(route)) if model is not None)
    yield from _answers(route).values()
