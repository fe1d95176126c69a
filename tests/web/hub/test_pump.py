"""The pump: how often it flushes, and who is taken for gone. On a loop whose clock is the test's."""

import pytest
import trio
from trio.testing import MockClock

from tests.web.lines import MemoryLine, client
from web.hub import Hub, Pump
from web.hub.pump import SILENT_ROUNDS
from web.protocol import Channel, Close, Kind, PriceValue


class Busy(Pump):
    """Takes a given time for each flush and notes when it begins."""

    def __init__(self, takes_s: float) -> None:
        super().__init__(Hub(), lambda: 0, trio.current_time)
        self.takes_s = takes_s
        self.began: list[float] = []

    async def flush(self) -> None:
        self.began.append(trio.current_time())
        await trio.sleep(self.takes_s)


@pytest.mark.parametrize(("takes_s", "interval_s"), [(0.0, 0.1), (0.005, 0.1), (0.02, 0.2), (0.2, 0.5), (0.7, 0.7)])
async def test_the_interval_grows_with_the_work_up_to_half_a_second(
    autojump_clock: MockClock, takes_s: float, interval_s: float
) -> None:
    pump = Busy(takes_s)
    with trio.move_on_after(5):
        await pump.run()
    pauses = [later - earlier for earlier, later in zip(pump.began, pump.began[1:], strict=False)]
    assert pauses == pytest.approx([interval_s] * len(pauses))
    assert len(pauses) >= 6


async def test_a_flush_reaches_every_client() -> None:
    hub = Hub()
    lines: list[MemoryLine] = []
    for _ in range(250):
        outbox, line = client()
        hub.join(outbox)
        hub.follow(outbox, Channel("ltp.NSE:X", Kind.LTP, "NSE:X"), "NSE:X")
        lines.append(line)
    hub.put_price(PriceValue("NSE:X", 1.0))
    await Pump(hub, lambda: 0).flush()
    assert all(len(line.frames()) == 1 for line in lines)


async def test_whoever_does_not_answer_pings_is_closed(autojump_clock: MockClock) -> None:
    hub = Hub()
    silent, silent_line = client()
    heard, heard_line = client()
    silent_line.rounds = SILENT_ROUNDS
    for outbox in (silent, heard):
        hub.join(outbox)
    with trio.move_on_after(20):
        await Pump(hub, lambda: 0).listen()
    assert silent_line.closed_with == (Close.NO_PONG, "no pong")
    assert heard_line.closed_with is None
