"""The whole examination, in the order in which a run needs things."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

from config.settings import Settings
from engine.doctor.finding import Finding, well
from engine.doctor.place import calendars, data_folder, limits, screeners
from engine.doctor.providers import provider_findings
from engine.doctor.stores import database_findings, redis_findings


async def examine(settings: Settings, *, embedded: bool) -> AsyncIterator[Finding]:
    """What the doctor finds; the stores of these settings answer or shall. ``embedded``: they are the data folder's."""
    kind = "simulated" if settings.simulated else "real"
    yield well("settings", f"are valid: {kind} data from {', '.join(settings.providers)}.")
    if embedded:
        for finding in data_folder(settings.data_dir):
            yield finding
    for finding in calendars(datetime.now(UTC).date()):
        yield finding
    yield limits(settings)
    yield screeners(settings)
    async for finding in redis_findings(settings.hot_url):
        yield finding
    async for finding in database_findings(settings.durable_url):
        yield finding
    async for finding in provider_findings(settings):
        yield finding
