"""The end-of-day job: one exchange's day, when it is over, made whole and worked out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any

import anyio.to_thread
import msgspec

from actors.delivery_work import DeliveryCraft, DeliveryWork
from actors.healer import Healer
from actors.job_arguments import JobError, bounded
from actors.messages import Save
from actors.official_days import OfficialDays
from actors.patience import Patience
from actors.routes import Routes
from engine.market import Calendar, CalendarError, Calendars, Candle, TradingDay, flaw_of
from engine.market.adjustment import Adjuster, Adjustment
from engine.market.after_hours import SPAN, day_before
from engine.market.corporate_action import KnownAction
from engine.market.ledger import is_sound
from engine.market.statistics import Days, DayStatistics, Minutes, columns_of, day_statistics
from engine.market.timeframe import MINUTE_NS
from engine.runtime import ActorRef
from engine.storage.durable import DailyCandle, DurableStore
from engine.storage.errors import StorageUnavailableError

CHUNK = 50
"""Instruments whose statistics are worked out in one step."""
HISTORY = timedelta(days=380)
"""Before a day: what holds the 253 trading days of the longest figure."""
DAY = timedelta(days=1)
SAVE_TIMEOUT_S = 60.0


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What somebody may ask for."""

    exchange: str
    date: date


class EndOfDayArguments(msgspec.Struct, frozen=True):
    """One exchange's day, and whose candles and figures it is about, by canonical names."""

    exchange: str
    date: date
    instruments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EndOfDayCraft:
    """What every such job works with."""

    durable: DurableStore
    healer: Healer
    official: OfficialDays
    delivery: DeliveryCraft | None
    """Of NSE's report, where the settings say from where."""
    routes: Routes
    calendars: Calendars
    persister: ActorRef

    def complete(self, arguments: Mapping[str, Any], now_ns: int) -> dict[str, Any]:
        """The day with all instruments of the exchange that a provider knows. Raises JobError for a day that is none."""
        try:
            wanted = msgspec.convert(dict(arguments), Wanted)
        except msgspec.ValidationError as error:
            raise JobError(f"end_of_day: {error}") from error
        day = self.trading_day(wanted.exchange, wanted.date)
        if day.end_ns > now_ns:
            raise JobError(f"{wanted.exchange} has not closed on {wanted.date} yet")
        names = [name for name in self.routes.instruments if name.partition(":")[0] == wanted.exchange]
        if not names:
            raise JobError(f"no provider knows an instrument of {wanted.exchange}")
        return {**msgspec.to_builtins(wanted), "instruments": bounded(sorted(names))}

    def work(self, arguments: Mapping[str, Any]) -> "EndOfDayWork":
        """The work of such a job."""
        return EndOfDayWork(msgspec.convert(dict(arguments), EndOfDayArguments), self)

    def reports(self, exchange: str, day: date) -> DeliveryWork | None:
        """The work of reading the exchange's reports up to a day; None where it has none."""
        if self.delivery is None or self.delivery.reports.exchange != exchange:
            return None
        return self.delivery.work({"exchange": exchange, "date": day})

    def calendar(self, exchange: str) -> Calendar:
        """When the exchange trades. Raises JobError where nobody knows."""
        try:
            return self.calendars.of_exchange(exchange)
        except (LookupError, CalendarError) as error:
            raise JobError(f"when {exchange!r} trades is not known") from error

    def trading_day(self, exchange: str, day: date) -> TradingDay:
        """Raises JobError on a holiday."""
        found = self.calendar(exchange).day(day)
        if found is None:
            raise JobError(f"{exchange} does not trade on {day}")
        return found


class EndOfDayWork:
    """The exchange's own bars, an instrument a step; then its reports, a day a step; then the figures, some instruments a step.

    The day before is gone through once more with each day: what came late, or was healed since, is in time for it. An
    instrument of which nobody tells its bars keeps no other from theirs, nor anybody from the figures.
    """

    def __init__(self, arguments: EndOfDayArguments, craft: EndOfDayCraft) -> None:
        self._craft = craft
        self._exchange = arguments.exchange
        self._instruments = arguments.instruments
        before = day_before(craft.calendar(arguments.exchange), arguments.date)
        day = craft.trading_day(arguments.exchange, arguments.date)
        self._days = [day] if before is None else [before, day]
        self._reports = craft.reports(arguments.exchange, arguments.date)
        self._patience = Patience()

    def __len__(self) -> int:
        return self._figures + len(range(0, len(self._instruments), CHUNK))

    @property
    def _figures(self) -> int:
        """The step with which they begin."""
        return len(self._instruments) + 1 + (0 if self._reports is None else len(self._reports))

    async def step(self, number: int) -> str:
        """Each may be repeated, and then finds that nothing is left to do."""
        if number < len(self._instruments):
            return await self._take_official(self._instruments[number])
        if number == len(self._instruments):
            return await self._save()
        if self._reports is not None and number < self._figures:
            return await self._reports.step(number - len(self._instruments) - 1)
        start = (number - self._figures) * CHUNK
        return await self._work_out(self._instruments[start : start + CHUNK])

    async def _take_official(self, instrument: str) -> str:
        days = await self._as_traded(instrument, await self._days_of(instrument))
        found = await self._official(instrument, days)
        if found is None:
            await self._note_answered(instrument, days[0].start_ns)
            return f"{instrument}: no answer yet, the day after asks again"
        revised = [await self._craft.healer.take_official(found[day.date], day) for day in days if day.date in found]
        await self._note_answered(instrument, days[-1].end_ns)
        await self._fill_year(instrument)
        told = ", ".join(f"{one.close:g}" for one in revised if one is not None)
        return f"{instrument}: {f'official close {told}' if told else 'nothing new' if found else 'no word of the day'}"

    async def _days_of(self, instrument: str) -> Sequence[TradingDay]:
        """The job's days, after those of the last month of which nobody answered when they were asked for."""
        until_ns = await self._craft.durable.checkpoint(_answered(instrument))
        if not until_ns:
            return self._days
        first, calendar = self._days[0].date, self._craft.calendar(self._exchange)
        earlier = calendar.trading_days(first - SPAN, first - DAY)
        return [*(day for day in earlier if day.end_ns > until_ns), *self._days]

    async def _as_traded(self, instrument: str, days: Sequence[TradingDay]) -> Sequence[TradingDay]:
        """Those since the last ex-date: on it, providers begin to adjust the days before, which were traded otherwise."""
        known = (await self._craft.durable.corporate_actions.known([instrument])).get(instrument, [])
        ex_dates = [one.action.ex_date for one in known if one.action.ex_date <= self._days[-1].date]
        return [day for day in days if day.date >= max(ex_dates, default=date.min)]

    async def _official(
        self, instrument: str, days: Sequence[TradingDay], *, some: bool = False
    ) -> dict[date, Candle] | None:
        self._craft.routes.require_any()
        return await self._patience.ask(lambda: self._craft.official.of(instrument, days, some=some))

    async def _note_answered(self, instrument: str, until_ns: int) -> None:
        await self._craft.durable.save([], [], checkpoint_ns=until_ns, name=_answered(instrument))

    async def _fill_year(self, instrument: str) -> None:
        """Once: the days that figures look back on. What is held of them already stays as it is."""
        durable, name = self._craft.durable, f"year:{instrument}"
        if await durable.checkpoint(name):
            return
        first, calendar = self._days[0].date, self._craft.calendar(self._exchange)
        found = await self._official(instrument, list(calendar.trading_days(first - HISTORY, first - DAY)), some=True)
        if found is None:
            return
        days = [DailyCandle(day, candle) for day, candle in found.items() if not flaw_of(candle)]
        await durable.save([], days, checkpoint_ns=self._days[-1].end_ns, name=name)

    async def _save(self) -> str:
        """What the exchange reports is noted on the rows, so they have to be there first."""
        if not await self._craft.persister.ask(Save(), timeout_s=SAVE_TIMEOUT_S):
            raise StorageUnavailableError("The candles wait to be saved.")
        unanswered = self._patience.unanswered
        return f"saved; no answer of {unanswered:,} instruments" if unanswered else "saved"

    async def _work_out(self, instruments: Sequence[str]) -> str:
        statistics, count = self._craft.durable.statistics, 0
        known = await self._craft.durable.corporate_actions.known(instruments)
        kept = {name: await self._note_adjusted(name, actions) for name, actions in known.items()}
        await statistics.forget_adjusted(instruments)
        for day in self._days:
            columns = await statistics.days(instruments, day.date - HISTORY, day.date)
            for name in known.keys() & columns.keys():
                work = partial(self._split_adjusted, kept[name], known[name], day.date)
                columns[name] = await anyio.to_thread.run_sync(work)
            traded = {name: days for name, days in columns.items() if days.dates[-1] == day.date}
            minutes = await statistics.minutes(list(traded), day.start_ns, day.end_ns)
            trading = self._known_days(day.date)
            found = await anyio.to_thread.run_sync(partial(_worked_out, traded, minutes, _minutes_of(day), trading))
            await statistics.save(found)
            count += len(found)
        return f"figures of {count} days from {instruments[0]}"

    def _known_days(self, until: date) -> list[date]:
        """The trading days that figures look back on. Where holidays are not known, only what is held counts as one."""
        calendar = self._craft.calendar(self._exchange)
        return [day.date for day in calendar.trading_days(until - HISTORY, until) if calendar.covers(day.date)]

    async def _note_adjusted(self, instrument: str, known: Sequence[KnownAction]) -> list[DailyCandle]:
        """Notes the adjusted closes as of the newest day, whichever day the job is of; answers all its days."""
        kept = await self._craft.durable.days(instrument, date.min, date.max)
        until = max(self._days[-1].date, *(day.date for day in kept[-1:]))
        adjuster = Adjuster(known, Adjustment.ALL, until, self._craft.calendar(self._exchange).zone)
        closes = await anyio.to_thread.run_sync(partial(_adjusted_closes, adjuster, kept))
        await self._craft.durable.statistics.note_adjusted(instrument, closes)
        return kept

    def _split_adjusted(self, kept: Sequence[DailyCandle], known: Sequence[KnownAction], until: date) -> Days:
        """The days that figures look back on, as they would have been with all splits made from the beginning."""
        adjuster = Adjuster(known, Adjustment.SPLIT, until, self._craft.calendar(self._exchange).zone)
        days = [day for day in kept if until - HISTORY <= day.date <= until and is_sound(day.candle)]
        return columns_of([day.date for day in days], [adjuster.adjusted(day.candle, day.date) for day in days])


def _adjusted_closes(adjuster: Adjuster, days: Sequence[DailyCandle]) -> dict[date, float | None]:
    return {day.date: adjuster.close(day.candle, day.date) if is_sound(day.candle) else None for day in days}


def _answered(instrument: str) -> str:
    """Of the checkpoint that says until when its official bars were told; it never goes back."""
    return f"official:{instrument}"


def _worked_out(
    days: Mapping[str, Days], minutes: Mapping[str, Minutes], expected: int, trading: Sequence[date]
) -> list[DayStatistics]:
    return [
        day_statistics(name, columns, minutes.get(name, Minutes()), expected, trading) for name, columns in days.items()
    ]


def _minutes_of(day: TradingDay) -> int:
    return sum(session.end_ns - session.start_ns for session in day.sessions) // MINUTE_NS
