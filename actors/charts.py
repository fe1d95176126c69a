"""The year charts: which are asked for, and that they stand in the hot store and stay true while somebody looks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import anyio
import structlog

from actors.chart_builder import ChartBuilder
from actors.messages import CandlesWritten, ChartWanted, HistoryFilled, HistoryWanted, RefreshCharts
from engine.market import CalendarError, Candle
from engine.runtime import ActorRef, MailboxSpec, Overflow, TaskActor, Timer, handles
from engine.storage.errors import StorageError, StorageUnavailableError

log = structlog.get_logger("ticktree.charts")

WATCHED_S = 900.0
"""How long after the last wish for a chart somebody counts as looking at it; of the loop's time, as people live in it."""
REBUILD_S = 3600.0
REFRESH_S = 30.0
PROMPT_S = 1.0
"""A healed candle is in the chart so soon; others come with the next refresh, and until then from the live candles."""
BUILDS_AT_ONCE = 2
MOST_CHARTS = 5_000
TOO_MANY = f"more than {MOST_CHARTS:,} charts are being looked at"


@dataclass(slots=True)
class _Chart:
    asked_s: float
    built_s: float | None = None
    """When it was last built; None until it stands."""
    building: bool = False
    again: bool = False
    """Something was put in place of what the build under way has read."""
    failed: str = ""
    changed: dict[int, Candle] = field(default_factory=dict[int, Candle])
    """Candles that the cache does not have yet, by time."""


class Charts(TaskActor):
    """Builds a chart when it is first asked for: however many ask, once. Then keeps it fresh, and forgets it at last."""

    mailbox: ClassVar[MailboxSpec] = MailboxSpec(capacity=10_000, overflow=Overflow.DROP_OLDEST)

    def __init__(self, builder: ChartBuilder, *, history: ActorRef) -> None:
        super().__init__()
        self._builder = builder
        self._history = history
        self._charts: dict[tuple[str, str], _Chart] = {}
        self._turns = anyio.Semaphore(BUILDS_AT_ONCE)
        self._soon: Timer | None = None

    async def on_start(self) -> None:
        self.send_every(REFRESH_S, RefreshCharts())

    @handles(ChartWanted)
    def on_chart_wanted(self, wanted: ChartWanted) -> Mapping[str, object]:
        """Answers at once whether the chart stands (``built``) or why it does not (``failed``); ask again until it does."""
        key = wanted.instrument, wanted.timeframe
        chart = self._charts.get(key)
        if chart is None:
            if len(self._charts) >= MOST_CHARTS:
                return {"built": False, "failed": TOO_MANY}
            chart = self._charts[key] = _Chart(anyio.current_time())
            self._begin(key, chart)
            self._history.tell(HistoryWanted(wanted.instrument))
        chart.asked_s = anyio.current_time()
        return {"built": chart.built_s is not None, "failed": chart.failed}

    @handles(CandlesWritten)
    def on_candles_written(self, written: CandlesWritten) -> None:
        for candle in written.candles:
            chart = self._charts.get((candle.instrument, candle.timeframe))
            if chart is not None:
                chart.changed[candle.time] = candle
                if candle.revision:
                    self._refresh_soon()

    @handles(HistoryFilled)
    def on_history_filled(self, filled: HistoryFilled) -> None:
        for key, chart in self._charts.items():
            if key[0] == filled.instrument:
                self._begin(key, chart)

    @handles(RefreshCharts)
    async def on_refresh(self, _: RefreshCharts) -> None:
        self._soon = None
        now_s = anyio.current_time()
        self._charts = {key: chart for key, chart in self._charts.items() if chart.asked_s > now_s - WATCHED_S}
        for key, chart in tuple(self._charts.items()):
            if chart.built_s is None or chart.built_s < now_s - REBUILD_S:
                self._begin(key, chart)
            elif not chart.building:  # a build may have read what stood before the change, so its end comes first
                await self._patch(key, chart)

    def _begin(self, key: tuple[str, str], chart: _Chart) -> None:
        if chart.building:
            chart.again = True
            return
        chart.building = True
        self.spawn(self._build, key, chart)

    async def _build(self, key: tuple[str, str], chart: _Chart) -> None:
        async with self._turns:
            chart.again = False
            try:
                await self._builder.build(*key, self.system.clock.now_ns())
                chart.built_s, chart.failed = anyio.current_time(), ""
            except (StorageError, CalendarError, LookupError) as error:
                chart.failed = str(error)
                log.info("chart_postponed", instrument=key[0], timeframe=key[1], error=str(error))
        chart.building = False
        if chart.again and not chart.failed:
            self._begin(key, chart)
        elif chart.changed:
            self._refresh_soon()

    async def _patch(self, key: tuple[str, str], chart: _Chart) -> None:
        changed, chart.changed = chart.changed, {}
        try:
            await self._builder.patch(*key, changed.values())
        except StorageUnavailableError as error:
            chart.changed = changed | chart.changed
            log.debug("chart_not_refreshed", instrument=key[0], timeframe=key[1], error=str(error))

    def _refresh_soon(self) -> None:
        if self._soon is None:
            self._soon = self.send_after(PROMPT_S, RefreshCharts())
