"""Nothing that opens an account is ever shown."""

import logging
from collections.abc import Iterator

import pytest
import trio

from engine.providers.base import ProviderError
from tests.providers.conformance.case import SHORT, Bench, Case, bench, read_to_the_end

FAULTS = ("refuse+9999", "429=7+9999", "error+9999", "close", "disconnect=807", "freeze+9999")


async def connected(made: Bench) -> None:
    await read_to_the_end(made.feed(patience=SHORT), made.routes)


async def asked(made: Bench) -> None:
    async with made.history() as history:
        await history.last_prices(made.routes)


def told(error: BaseException | None) -> Iterator[str]:
    """Everything an error and those behind it say."""
    while error is not None:
        yield f"{error} {error!r} {vars(error)}"
        error = error.__cause__ or error.__context__


@pytest.mark.parametrize("fault", FAULTS)
async def test_no_secret_stands_in_an_error_or_in_the_log(
    case: Case, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    shown: list[str] = []
    async with bench(case) as made:
        made.fault(fault)
        for attempt in (connected, asked):
            try:
                with trio.move_on_after(1.5):
                    await attempt(made)
            except ProviderError as error:
                shown += told(error)
        shown += [repr(made.feed()), str(vars(made.feed()))]

    for secret in (case.token, *case.secrets):
        assert secret not in " ".join(shown)
        assert secret not in caplog.text
