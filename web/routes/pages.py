"""The pages for people: one program for a browser, which shows what its address says."""

import re
from html import escape
from typing import Final

from quart import Blueprint, Response, request

from web.answers import data_kind
from web.openapi import hide
from web.revalidation import revalidate
from web.services import services

blueprint = Blueprint("pages", __name__)
revalidate(blueprint)

PATHS: Final = (
    "/",
    "/sign-in",
    "/register",
    "/watchlist",
    "/watchlist/<path:rest>",
    "/chart",
    "/chart/<path:rest>",
    "/chain",
    "/chain/<path:rest>",
    "/report",
    "/report/<path:rest>",
    "/alerts",
    "/screeners",
    "/screeners/<path:rest>",
    "/operations",
    "/operations/<path:rest>",
    "/settings",
)
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'{sockets}; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
"""Nothing of others is loaded or asked, and the pages themselves hold no script and no style."""
_HOST: Final = re.compile(r"[\w.-]+(:\d+)?|\[[\da-fA-F:.]+\](:\d+)?", re.ASCII)

_NOT_BUILT: Final = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><link rel="icon" href="data:,">
<title>ticktree ({kind} data)</title>
<main>
<h1>ticktree</h1>
<p>Everything runs but the pages, which have not been built here. <code>make run</code> builds them and says why when it can
not: it needs Node.js 20.19 or newer, and npm that can fetch what they are made of.</p>
<p><strong>The data here is {kind}.</strong></p>
<ul>
<li><a href="/health/ready">/health/ready</a>: whether everything is up</li>
<li><a href="/docs">/docs</a> and <a href="/redoc">/redoc</a>: all paths, to read and to try out</li>
<li>/ws: prices and candles as they happen</li>
</ul>
</main>
</html>
"""


@hide
async def page(rest: str = "") -> Response:  # noqa: ARG001 - which one it is concerns the browser alone
    """The page, whoever asks: who it is for is found out by what it asks for then."""
    screen = services().screen
    text = screen.page if screen else _NOT_BUILT.format(kind=escape(data_kind())).encode()
    response = Response(text, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = _POLICY.format(sockets=_sockets(request.host))
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    response.headers["Referrer-Policy"] = "same-origin"
    return response


for _path in PATHS:
    blueprint.add_url_rule(_path, view_func=page)


def _sockets(host: str) -> str:
    """Our own sockets, which older browsers do not take for ``'self'``."""
    return f" ws://{host} wss://{host}" if _HOST.fullmatch(host) else ""
