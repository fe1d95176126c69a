"""The site: the Quart app with all its routes, and what every request and answer has in common."""

import re
from secrets import token_hex

import structlog
from quart import Quart, Response, g, request, websocket

from web import errors, openapi
from web.answers import data_kind
from web.packing import pack
from web.routes import (
    admin,
    alerts,
    analytics,
    api_keys,
    assets,
    auth,
    bars,
    chart,
    completeness,
    conflicts,
    corporate_actions,
    credentials,
    depth,
    documentation,
    exchanges,
    google,
    health,
    indicators,
    instruments,
    jobs,
    mappings,
    market_data,
    me,
    metrics,
    option_chain,
    pages,
    password,
    populate,
    preferences,
    prices,
    providers,
    quarantine,
    screeners,
    sectors,
    socket,
    streams,
    ticks,
    udf,
    users,
    watchlists,
)
from web.services import KEY, Services, services
from web.sockets.gate import Gate

BODY_BYTES = 256 * 1024
BODY_S = 15
HTTPS_S = 31_536_000
"""How long browsers remember that this site is served over HTTPS, where it is."""
_OUR_ID = re.compile(r"[0-9A-Za-z._-]{8,64}")

ROUTES = (
    pages,
    assets,
    documentation,
    health,
    market_data,
    bars,
    ticks,
    corporate_actions,
    analytics,
    completeness,
    conflicts,
    chart,
    udf,
    prices,
    option_chain,
    depth,
    metrics,
    admin,
    jobs,
    quarantine,
    screeners,
    indicators,
    socket,
    streams,
    auth,
    google,
    me,
    password,
    api_keys,
    users,
    preferences,
    watchlists,
    alerts,
    exchanges,
    sectors,
    providers,
    credentials,
    mappings,
    instruments,
    populate,
)


def site(rules: Services, *, simulated: bool) -> Quart:
    """The app of one web process."""
    app = Quart("ticktree", static_folder=None)
    app.debug = False  # else FLASK_DEBUG and QUART_DEBUG in the environment show tracebacks to everybody
    app.config["MAX_CONTENT_LENGTH"] = BODY_BYTES
    app.config["BODY_TIMEOUT"] = BODY_S
    app.config["DATA_KIND"] = "simulated" if simulated else "live"
    app.config["PUBLIC_FEED"] = rules.access.public_feed
    app.extensions[KEY] = rules
    app.before_request(_number)
    app.before_websocket(_number_socket)
    app.after_request(pack)
    app.after_request(_label)
    errors.install(app)
    openapi.install(app)
    for routes in ROUTES:
        app.register_blueprint(routes.blueprint)
    app.asgi_app = Gate(app.asgi_app)
    return app


async def _number() -> None:
    """Gives the request its id; one that came along, from a proxy of ours, is kept."""
    _give_id(request.headers.get("X-Request-Id", ""))


async def _number_socket() -> None:
    """The same for a socket."""
    _give_id(websocket.headers.get("X-Request-Id", ""))


def _give_id(given: str) -> None:
    """What goes wrong is told outside by this id only; whatever is logged of the request has it, too."""
    g.request_id = given if _OUR_ID.fullmatch(given) else token_hex(8)
    structlog.contextvars.bind_contextvars(request=g.request_id)


async def _label(response: Response) -> Response:
    """What every answer says."""
    response.headers["X-Request-Id"] = g.get("request_id", "")
    response.headers["X-Ticktree-Data"] = data_kind()
    response.headers["X-Content-Type-Options"] = "nosniff"
    if services().https_only:
        response.headers["Strict-Transport-Security"] = f"max-age={HTTPS_S}"
    response.headers.setdefault("Cache-Control", "no-store")
    return response
