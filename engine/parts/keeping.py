"""What brings prices and candles into the stores and out to everybody."""

from functools import partial

from actors.candle_writer import CandleWriter
from actors.chart_builder import ChartBuilder
from actors.charts import Charts
from actors.heartbeat import Heartbeat
from actors.persister import Persister
from actors.publisher import Publisher
from actors.tick_keeper import TickKeeper
from engine.parts.base import Parts, Places, Start


def heartbeat(parts: Parts, at: Places) -> Start:
    lost, renew_s = parts.lease_lost.set, parts.pace.renew_s
    return partial(Heartbeat, parts.hot, parts.engine_id, surveyor=at.surveyor, lost=lost, renew_interval_s=renew_s)


def persister(parts: Parts, at: Places) -> Start:
    interval = parts.settings.save_interval_minutes
    return partial(
        Persister, parts.hot, parts.durable, parts.calendars, writer=at.candle_writer, interval_minutes=interval
    )


def tick_keeper(parts: Parts, at: Places) -> Start:
    return partial(
        TickKeeper, parts.hot, parts.durable, parts.calendars, broadcaster=at.broadcaster, publisher=at.publisher
    )


def publisher(parts: Parts, at: Places) -> Start:
    return partial(Publisher, parts.hot, broadcaster=at.broadcaster, interval_s=parts.pace.publish_s)


def charts(parts: Parts, at: Places) -> Start:
    return partial(Charts, ChartBuilder(parts.hot, parts.durable, parts.calendars), history=at.historian)


def candle_writer(parts: Parts, at: Places) -> Start:
    return partial(
        CandleWriter,
        parts.hot,
        persister=at.persister,
        publisher=at.publisher,
        resolver=at.resolver,
        charts=at.charts,
        surveyor=at.surveyor,
        interval_s=parts.pace.flush_s,
    )
