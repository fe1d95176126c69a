"""What is asked and answered of ticks."""

from collections.abc import Mapping
from typing import Annotated

import msgspec
from msgspec import Meta

from web.answers import DataKind
from web.models.candles import Missing, PageToken, Symbols, Time
from web.openapi import Query
from web.ticks import TickRow


class TicksQuery(Query, frozen=True, kw_only=True):
    """Which ticks of which symbols, and in which form; today's when no range is given, by the times of receipt."""

    symbols: Symbols = ""
    symbol: Annotated[str, Meta(description="The same as `symbols`.")] = ""
    start: Time = ""
    end: Time = ""
    limit: Annotated[str, Meta(description="1 to 50,000 ticks; `all` with csv or arrow.")] = "1000"
    sort: Annotated[str, Meta(description="`asc` or `desc`, by time of receipt.")] = "asc"
    page_token: PageToken = ""
    format: Annotated[str, Meta(description="`json`, `csv`, `msgpack` or `arrow`; or say it with `Accept`.")] = ""


class Ticks(msgspec.Struct, frozen=True, kw_only=True):
    """Ticks by symbol as it was written."""

    ticks: Mapping[str, list[TickRow]]
    next_page_token: str | None
    not_kept: Annotated[
        list[str],
        Meta(description="Symbols whose ticks are not kept now: an administrator sets `keep_ticks` of the instrument."),
    ]
    missing: Missing
    data: DataKind
