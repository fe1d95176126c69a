"""The paths: every route is in the document, every path of the contract is there or said to come, and all are guarded."""

import re
from typing import Any, Final

import pytest

from tests.web.process import Web
from web.routes.pages import PATHS
from web.site import site

pytestmark = pytest.mark.anyio

HIDDEN: Final = {
    *(path.replace("<path:rest>", "{rest}") for path in PATHS),
    *("/openapi.json", "/docs", "/redoc", "/assets/{digest}/{name}", "/assets/{name}"),
}
"""Pages for people, and what they are made of."""
OPEN: Final = {
    "GET /health",
    "GET /health/ready",
    "GET /api/v1/health/market_stream",
    "GET /auth/ways",
    "POST /auth/register",
    "POST /auth/login",
    "POST /auth/refresh",
    "POST /auth/logout",
    "GET /auth/google/login",
    "GET /auth/google/callback",
}

CONTRACT: Final[dict[str, tuple[str, ...]]] = {
    "/auth/register": ("POST",),
    "/auth/login": ("POST",),
    "/auth/refresh": ("POST",),
    "/auth/logout": ("POST",),
    "/auth/me": ("GET",),
    "/auth/google/login": ("GET",),
    "/auth/google/callback": ("GET",),
    "/auth/ws-ticket": ("POST",),
    "/auth/api-keys": ("GET", "POST"),
    "/auth/api-keys/{}": ("DELETE",),
    "/users/": ("GET",),
    "/preferences": ("GET",),
    "/watchlists/": ("GET", "POST"),
    "/api/v1/alerts/": ("GET", "POST"),
    "/api/v1/alerts/{}": ("GET", "PUT", "DELETE"),
    **{
        f"{base}{part}": methods
        for base in ("/exchange/", "/instruments/", "/sectors/", "/provider/")
        for part, methods in (("", ("GET", "POST")), ("{}", ("GET", "PUT", "DELETE")))
    },
    "/instruments/{}": ("GET", "PUT", "PATCH", "DELETE"),
    "/provider/{}/mappings": ("GET", "POST"),
    "/provider/{}/credentials": ("GET", "POST"),
    "/provider/{}/mappings/{}": ("GET", "PUT", "DELETE"),
    "/populate_database/{}": ("POST",),
    "/jobs/": ("GET",),
    "/jobs/{}/{}": ("POST",),
    "/marketdata/intraday": ("GET",),
    "/marketdata/daily": ("GET",),
    "/api/v1/bars": ("GET",),
    "/api/v1/ticks": ("GET",),
    "/api/v1/corporate_actions/": ("GET", "POST"),
    "/api/v1/corporate_actions/{}": ("GET", "DELETE"),
    "/api/v1/corporate_actions/file": ("POST",),
    "/api/v1/corporate_actions/read": ("POST",),
    "/api/v1/chart/{}": ("GET",),
    "/api/v1/current_prices": ("GET", "POST"),
    "/screeners/ltp/start": ("POST",),
    "/screeners/ltp/stop": ("POST",),
    "/api/v1/screeners/": ("GET", "POST"),
    "/api/v1/screeners/{}": ("GET", "PUT", "DELETE"),
    "/api/v1/screeners/{}/run": ("POST",),
    "/api/v1/option_chain/{}": ("GET",),
    "/api/v1/option_chain/{}/expiries": ("GET",),
    "/api/v1/option_chain/{}/oi": ("GET",),
    "/api/v1/option_chain/{}/history": ("GET",),
    "/api/v1/depth/{}": ("GET",),
    "/api/v1/completeness": ("GET",),
    "/api/v1/quarantine/": ("GET",),
    "/api/v1/quarantine/{}/{}": ("POST",),
    **{f"/udf/{name}": ("GET",) for name in ("config", "time", "search", "symbols", "history", "marks")},
    "/udf/timescale_marks": ("GET",),
    "/udf/quotes": ("GET",),
    "/health": ("GET",),
    "/health/ready": ("GET",),
    "/api/v1/health/market_stream": ("GET",),
    "/metrics": ("GET",),
    "/admin/tree": ("GET",),
    "/admin/tree/{}/{}": ("GET",),
    "/admin/actors/{}/{}/{}": ("POST",),
    "/admin/dead_letters": ("GET",),
    "/admin/feeds": ("GET",),
    "/admin/backfill": ("POST",),
    "/admin/end_of_day": ("POST",),
    "/api/v1/analytics/{}": ("GET",),
    "/api/v1/reports/": ("GET",),
    "/api/v1/reports/{}": ("GET",),
    "/admin/audit": ("GET",),
}


async def paths(web: Web) -> dict[str, dict[str, Any]]:
    return (await web.http.get("/openapi.json")).json()["paths"]


def nameless(path: str) -> str:
    """A path whatever its arguments are called."""
    return re.sub(r"{[^}]*}", "{}", path)


async def test_every_route_is_in_the_document(web: Web) -> None:
    app = site(web.services, simulated=True)
    rules = [rule for rule in app.url_map.iter_rules() if not rule.websocket]
    routed = {re.sub(r"<(?:[^:>]*:)?([^>]+)>", r"{\1}", rule.rule) for rule in rules}
    told = set(await paths(web))
    assert {path for path in routed - HIDDEN - told if path.rstrip("/") not in told} == set()
    assert told <= routed


async def test_every_operation_says_what_it_answers(web: Web) -> None:
    silent = {
        f"{method.upper()} {path}"
        for path, item in (await paths(web)).items()
        for method, operation in item.items()
        if not any(status[0] in "23" for status in operation["responses"])
    }
    assert silent == set()


async def test_every_path_of_the_contract_is_there(web: Web) -> None:
    told = {nameless(path): {method.upper() for method in item} for path, item in (await paths(web)).items()}
    lacking = {path: set(methods) - told.get(path, set()) for path, methods in CONTRACT.items()}
    assert {path: methods for path, methods in lacking.items() if methods} == {}


async def test_nobody_gets_in_anywhere_who_shows_nothing(web: Web) -> None:
    found = {
        f"{method.upper()} {path}": operation
        for path, item in (await paths(web)).items()
        for method, operation in item.items()
    }
    assert {name for name, operation in found.items() if not operation.get("security")} <= OPEN
    for name in sorted(set(found) - OPEN):
        method, path = name.split()
        if path == "/metrics":
            continue  # this machine may read it
        answered = await web.http.request(method, filled(path, found[name]))
        assert (answered.status_code, answered.json()["code"]) == (401, "not_authenticated"), name


def filled(path: str, operation: dict[str, Any]) -> str:
    """The path with something that fits in the place of each argument."""
    for one in operation["parameters"]:
        path = path.replace(f"{{{one['name']}}}", str(one["schema"].get("enum", ["1"])[0]))
    return path
