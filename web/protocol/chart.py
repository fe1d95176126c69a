"""The chart dialect (``type``): a chart's history in chunks, then its candles and ticks as they come."""

from collections.abc import Mapping, Sequence

from engine.market.timeframe import TimeframeError, parse_timeframe
from engine.market.views import View, ViewError
from web.protocol.channels import Channel, Item, Kind
from web.protocol.dialect import Message, Render
from web.protocol.errors import RequestError
from web.protocol.messages import CloseChart, Command, GetHistory, Subscribed
from web.protocol.requests import text
from web.protocol.typed import KEY, TypedDialect
from web.protocol.values import CandleValue, PriceValue, Value, candle_row

BARS = 500
MOST_BARS = 10_000


def render_candle(channel: Channel, instrument: str, value: Value, offset: str | None) -> Message:
    """The candle that forms, or one that is final or revised and then has an offset."""
    assert isinstance(value, CandleValue)
    told: Message = {
        KEY: "candle",
        "symbol": channel.symbol,
        "instrument": instrument,
        "timeframe": value.timeframe,
        "data": candle_row(value),
    }
    return told if offset is None else told | {"offset": offset}


def render_tick(channel: Channel, instrument: str, value: Value, _offset: str | None) -> Message:
    """The newest trade; ``timestamp`` in milliseconds UTC."""
    assert isinstance(value, PriceValue)
    return {
        KEY: "tick",
        "symbol": channel.symbol,
        "instrument": instrument,
        "price": value.price,
        "size": value.size,
        "timestamp": value.ts_event // 1_000_000,
    }


def historical(
    channel: Channel, instrument: str, candles: Sequence[CandleValue], *, more: bool, missing: Sequence[str] = ()
) -> Message:
    """One chunk of a chart's history, oldest first; ``missing`` are the stores that could not be read."""
    told: Message = {
        KEY: "historical_candles",
        "symbol": channel.symbol,
        "instrument": instrument,
        "timeframe": channel.timeframe,
        "candles": [candle_row(candle) for candle in candles],
        "more": more,
    }
    if channel.view is not None:
        told["view"] = channel.view.label
    return told | {"missing": list(missing)} if missing else told


def tick_channel(chart: Channel) -> Channel:
    """The ticks beside a chart; several charts of one symbol share them."""
    return Channel(f"tick.{chart.symbol}", Kind.TICK, chart.symbol)


class ChartDialect(TypedDialect):
    """Commands ``get_history`` and ``unsubscribe``; pushes ``historical_candles``, ``candle`` and ``tick``."""

    name = "chart"
    renders: Mapping[Kind, Render] = {Kind.CANDLE: render_candle, Kind.TICK: render_tick}
    known = "get_history, unsubscribe"

    def parse(self, message: Message) -> Command:
        match message.get(KEY):
            case "get_history":
                return GetHistory(_chart(message, _view(message)), _bars(message))
            case "unsubscribe":
                return CloseChart(_chart(message, None))
            case _:
                return super().parse(message)

    def subscribed(self, answer: Subscribed) -> Sequence[Message]:
        """A chart that is open has said so with its history; what could not be done is an error each."""
        problems = [self.problem(outcome.problem) for outcome in answer.outcomes if outcome.problem is not None]
        if answer.action == "get_history":
            return [*problems, *(self.lost(None) if answer.recovered is False else ())]
        closed = [
            {
                KEY: "unsubscribed",
                "symbol": outcome.name.rpartition(".")[0],
                "timeframe": outcome.name.rpartition(".")[2],
            }
            for outcome in answer.outcomes
            if outcome.problem is None
        ]
        return [*problems, *closed]


CHART = ChartDialect()


def _chart(message: Message, view: View | None) -> Item:
    symbol = text(message, "symbol")
    try:
        timeframe = parse_timeframe(text(message, "timeframe"))
    except TimeframeError as error:
        raise RequestError.syntax(str(error)) from error
    name = f"{symbol}.{timeframe}"
    return Item(name, Channel(name, Kind.CANDLE, symbol, timeframe, view))


def _bars(message: Message) -> int:
    bars = message.get("bars", BARS)
    if not isinstance(bars, int) or isinstance(bars, bool) or not 1 <= bars <= MOST_BARS:
        raise RequestError.syntax(f'"bars" must be a number from 1 to {MOST_BARS}')
    return bars


def _view(message: Message) -> View | None:
    """``continuous`` (true or false) and ``wick`` (``"0.5%"`` or points), as over REST."""
    continuous, wick = message.get("continuous", False), message.get("wick", "")
    if isinstance(wick, int | float) and not isinstance(wick, bool):
        wick = f"{wick:g}"
    if not isinstance(continuous, bool | str) or not isinstance(wick, str):
        raise RequestError.syntax('"continuous" is true or false, "wick" a limit as 0.5% or 10')
    try:
        view = View.parse(str(continuous), wick)
    except ViewError as error:
        raise RequestError.syntax(str(error)) from error
    return view if view != View() else None
