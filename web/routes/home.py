"""The front page: what this is, whether its data is real, and where to go on."""

from html import escape

from quart import Blueprint, Response

from web.answers import data_kind
from web.openapi import hide

blueprint = Blueprint("home", __name__)

_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>ticktree ({kind} data)</title>
<style>body{{font:16px/1.6 system-ui;max-width:40rem;margin:4rem auto;padding:0 1rem}}</style>
<h1>ticktree</h1>
<p>Live market data: prices, candles and their history, over REST and WebSocket.</p>
<p><strong>The data here is {kind}.</strong></p>
<ul>
<li><a href="/health/ready">/health/ready</a>: whether everything is up</li>
<li><a href="/api/v1/health/market_stream">/api/v1/health/market_stream</a>: the feeds</li>
<li>/marketdata/intraday?symbol=…&amp;timeframe=5m and /marketdata/daily?symbol=…: candles</li>
<li>/api/v1/chart/…?timeframe=5m&amp;range=1y: the year, and the candle that forms</li>
<li>/api/v1/current_prices?keys=…: prices</li>
<li>/ws: prices and candles as they happen</li>
<li><a href="/docs">/docs</a> and <a href="/redoc">/redoc</a>: all paths, to read and to try out</li>
<li>/admin/tree: the actors of all processes</li>
</ul>
</html>
"""


@blueprint.get("/")
@hide
async def home() -> Response:
    """A page for people."""
    return Response(_PAGE.format(kind=escape(data_kind())), content_type="text/html; charset=utf-8")
