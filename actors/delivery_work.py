"""The delivery job: the exchange's reports of the last days, a day a step, each asked for until it is there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import msgspec
import structlog

from actors.delivery_reports import DeliveryReports
from actors.job_arguments import JobError
from engine.market import Calendars
from engine.market.after_hours import SPAN
from engine.storage.durable import DurableStore

log = structlog.get_logger("ticktree.delivery")

KIND: Final = "delivery"
DAYS: Final = 10
"""Trading days of which a report that was not there is still asked for: what an exchange lays down, it does within days."""
ALWAYS: Final = 2
"""Of the newest days the report is read again even so: rows that came after it was noted lack what it says."""
_DAY: Final = timedelta(days=1)


class DeliveryArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The exchange, and the last of the days."""

    exchange: str
    date: date


@dataclass(frozen=True, slots=True)
class DeliveryCraft:
    """What every such job works with."""

    durable: DurableStore
    reports: DeliveryReports
    calendars: Calendars

    def complete(self, arguments: Mapping[str, Any], now_ns: int) -> dict[str, Any]:
        """Raises JobError for an exchange whose report is not read."""
        try:
            wanted = msgspec.convert(dict(arguments), DeliveryArguments)
        except msgspec.ValidationError as error:
            raise JobError(f"{KIND}: {error}") from error
        if wanted.exchange != self.reports.exchange:
            raise JobError(f"only {self.reports.exchange}'s report is read, not that of {wanted.exchange}")
        if wanted.date > self.calendars.of_exchange(wanted.exchange).local_date(now_ns):
            raise JobError(f"{wanted.date} is still to come")
        return msgspec.to_builtins(wanted)

    def work(self, arguments: Mapping[str, Any]) -> "DeliveryWork":
        """The work of such a job."""
        wanted = msgspec.convert(dict(arguments), DeliveryArguments)
        days = self.calendars.of_exchange(wanted.exchange).trading_days(wanted.date - SPAN, wanted.date)
        return DeliveryWork([day.date for day in days][-DAYS:], self)


class DeliveryWork:
    """Days of which nothing is noted are asked for; a report that is not there keeps nobody from the others."""

    def __init__(self, days: Sequence[date], craft: DeliveryCraft) -> None:
        self._days = days
        self._craft = craft

    def __len__(self) -> int:
        return len(self._days)

    async def step(self, number: int) -> str:
        """May be repeated."""
        day, statistics = self._days[number], self._craft.durable.statistics
        exchange = self._craft.reports.exchange
        if number < len(self) - ALWAYS and await statistics.is_reported(exchange, day):
            return f"report of {day}: noted before"
        report = await self._craft.reports.read(day)
        if report.failure:
            log.info("report_not_read", exchange=exchange, day=str(day), why=report.failure)
            return f"report of {day}: {report.failure}"
        return f"report of {day}: {await statistics.note_reported(exchange, day, report.rows):,} shares"
