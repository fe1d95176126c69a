"""The end-of-day job: one exchange's day, when it is over, made whole and worked out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import msgspec

from actors.day_figures import DAY, HISTORY, DayFigures
from actors.delivery_work import DeliveryCraft, DeliveryWork
from actors.healer import Healer
from actors.job_arguments import MOST_INSTRUMENTS, JobError
from actors.messages import Save
from actors.official_days import OfficialDays
from actors.patience import Patience
from actors.routes import Routes
from engine.market import Calendar, CalendarError, Calendars, TradingDay, flaw_of
from engine.market.after_hours import SPAN, day_before
from engine.runtime import ActorRef
from engine.storage.durable import DailyCandle, DurableStore
from engine.storage.errors import StorageUnavailableError

CHUNK = 50
"""Instruments whose statistics are worked out in one step."""
SPAN_NS = int(SPAN.total_seconds()) * 1_000_000_000
SAVE_TIMEOUT_S = 60.0


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What somebody may ask for."""

    exchange: str
    date: date
    after: str = ""
    """The last instrument of the portion before; empty: the first portion is wanted."""


class EndOfDayArguments(msgspec.Struct, frozen=True, omit_defaults=True):
    """One exchange's day, and whose candles and figures it is about, by canonical names.

    Of an exchange with more than a job takes it is a portion, that begins ``after`` the one before and goes ``until`` its
    last; empty where there is none before or after it.
    """

    exchange: str
    date: date
    instruments: tuple[str, ...]
    after: str = ""
    until: str = ""


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
        """The day with the exchange's instruments that a provider knows, as many as a job takes.

        Raises JobError for a day that is none.
        """
        try:
            wanted = msgspec.convert(dict(arguments), Wanted)
        except msgspec.ValidationError as error:
            raise JobError(f"end_of_day: {error}") from error
        day = self.trading_day(wanted.exchange, wanted.date)
        if day.end_ns > now_ns:
            raise JobError(f"{wanted.exchange} has not closed on {wanted.date} yet")
        names = sorted(
            name
            for name in self.routes.instruments
            if name.partition(":")[0] == wanted.exchange and name > wanted.after
        )
        if not names and not wanted.after:
            raise JobError(f"no provider knows an instrument of {wanted.exchange}")
        portion = names[:MOST_INSTRUMENTS]
        until = portion[-1] if len(names) > len(portion) else ""
        told = EndOfDayArguments(wanted.exchange, wanted.date, (), wanted.after, until)
        return msgspec.to_builtins(told) | {"instruments": portion}

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
        self._figures = DayFigures(craft.durable, craft.calendar(arguments.exchange), self._days)
        self._patience = Patience()
        self._patience_for_years = Patience()
        """Of its own: who tells the day and not the year would be asked for the year again and again."""

    def __len__(self) -> int:
        return self._first_figures + len(range(0, len(self._instruments), CHUNK))

    @property
    def _first_figures(self) -> int:
        """The step with which figures begin."""
        return len(self._instruments) + 1 + (0 if self._reports is None else len(self._reports))

    async def step(self, number: int) -> str:
        """Each may be repeated, and then finds that nothing is left to do."""
        if number < len(self._instruments):
            return await self._take_official(self._instruments[number])
        if number == len(self._instruments):
            return await self._save()
        if self._reports is not None and number < self._first_figures:
            return await self._reports.step(number - len(self._instruments) - 1)
        start = (number - self._first_figures) * CHUNK
        some = self._instruments[start : start + CHUNK]
        return f"figures of {await self._figures.work_out(some)} days from {some[0]}"

    async def _take_official(self, instrument: str) -> str:
        self._craft.routes.require_any()
        until_ns = await self._craft.durable.checkpoint(_answered(instrument))
        days = await self._as_traded(instrument, self._days_since(until_ns))
        found = await self._patience.ask(lambda: self._craft.official.of(instrument, days))
        if found is None:
            await self._note_answered(instrument, days[0].start_ns)
            return f"{instrument}: no answer yet, the day after asks again"
        revised = [await self._craft.healer.take_official(found[day.date], day) for day in days if day.date in found]
        if found:
            await self._fill_year(instrument, until_ns)
        await self._note_answered(instrument, days[-1].end_ns)
        told = ", ".join(f"{one.close:g}" for one in revised if one is not None)
        return f"{instrument}: {f'official close {told}' if told else 'nothing new' if found else 'no word of the day'}"

    def _days_since(self, until_ns: int) -> Sequence[TradingDay]:
        """The job's days, after those of the last month of which nobody answered when they were asked for."""
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

    async def _note_answered(self, instrument: str, until_ns: int) -> None:
        await self._craft.durable.save([], [], checkpoint_ns=until_ns, name=_answered(instrument))

    async def _fill_year(self, instrument: str, until_ns: int) -> None:
        """The days that figures look back on; what is held of them already stays as it is.

        Until all providers answered for once, in each year, and again after more than a month without such a job.
        """
        first, calendar = self._days[0], self._craft.calendar(self._exchange)
        name = f"year:{instrument}:{(first.date - HISTORY).year}"
        if until_ns > first.start_ns - SPAN_NS and await self._craft.durable.checkpoint(name):
            return
        days = list(calendar.trading_days(first.date - HISTORY, first.date - DAY))
        told = await self._patience_for_years.ask(lambda: self._craft.official.told(instrument, days))
        if told is None or not told.bars:
            return
        sound = [DailyCandle(day, candle) for day, candle in told.bars.items() if not flaw_of(candle)]
        done_ns = self._days[-1].end_ns if told.silent is None else None
        await self._craft.durable.save([], sound, checkpoint_ns=done_ns, name=name)

    async def _save(self) -> str:
        """What the exchange reports is noted on the rows, so they have to be there first."""
        if not await self._craft.persister.ask(Save(), timeout_s=SAVE_TIMEOUT_S):
            raise StorageUnavailableError("The candles wait to be saved.")
        unanswered = self._patience.unanswered
        return f"saved; no answer of {unanswered:,} instruments" if unanswered else "saved"


def _answered(instrument: str) -> str:
    """Of the checkpoint that says until when its official bars were told; it never goes back."""
    return f"official:{instrument}"
