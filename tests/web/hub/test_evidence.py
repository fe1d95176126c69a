"""Evidence: with readers as slow as they like, in every dialect, each update is delivered, conflated or dropped, and counted."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.web.lines import MemoryLine
from web.hub import Hub, Outbox
from web.protocol import JSON, CandleValue, ChainValue, Channel, Conversation, DepthValue, Kind, Notice, PriceValue

NAMES = ("NSE:X", "NSE:Y", "NSE:Z")
EXPIRY = "2026-11-26"
CAPACITY = 600
"""Bytes that a line takes before it is congested."""
OPENINGS: dict[str, tuple[dict[str, Any], tuple[Kind, ...]]] = {
    "full": ({"action": "ping"}, (Kind.LTP, Kind.QUOTE, Kind.CANDLE, Kind.CHAIN, Kind.DEPTH, Kind.JOBS)),
    "simple": ({"message_type": "ping"}, (Kind.DATA,)),
    "chart": ({"type": "get_history", "symbol": "X", "timeframe": "1m"}, (Kind.CANDLE, Kind.TICK)),
    "screener": ({"type": "subscribe", "channel": "dashboard_updates", "keys": []}, (Kind.SCREENER,)),
}


class SlowLine(MemoryLine):
    """A line whose reader takes so many bytes at a time; what it has read can be looked at."""

    def __init__(self) -> None:
        super().__init__()
        self._unread = 0

    def offer(self, frames: bytes) -> bool:
        takes = not self.congested
        if takes:
            self.write(frames)
        return takes

    def write(self, frames: bytes) -> None:
        super().write(frames)
        self._unread += len(frames)
        self.congested = self._unread > CAPACITY

    def read(self, size: int) -> None:
        self._unread = max(0, self._unread - size)
        self.congested = self._unread > CAPACITY


class Reader:
    """A client of one dialect that follows all that the dialect has of three instruments."""

    def __init__(self, hub: Hub, dialect: str) -> None:
        opening, kinds = OPENINGS[dialect]
        conversation = Conversation(JSON, authenticated=True)
        conversation.receive(json.dumps(opening))
        self.line = SlowLine()
        self.outbox = Outbox(self.line, conversation)
        hub.join(self.outbox)
        for kind in kinds:
            for name in NAMES if kind is not Kind.JOBS else ("",):
                timeframe, expiry = "1m" if kind is Kind.CANDLE else "", EXPIRY if kind is Kind.CHAIN else ""
                hub.follow(self.outbox, Channel(f"{kind}.{name}", kind, name, timeframe, expiry=expiry), name)

    def updates(self) -> int:
        """How many updates its line was handed."""
        told = self.line.messages()
        single = [one for one in told if one.get("type") not in ("conflated", "screener_ltp_batch_update")]
        notices = [one for one in single if one.get("message") == "conflated"]
        batches = [one["updates"] for one in told if one.get("type") == "screener_ltp_batch_update"]
        return len(single) - len(notices) + sum(map(len, batches))


steps = st.lists(
    st.one_of(
        st.tuples(st.just("trade"), st.sampled_from(NAMES)),
        st.tuples(st.just("form"), st.sampled_from(NAMES)),
        st.tuples(st.just("chain"), st.sampled_from(NAMES)),
        st.tuples(st.just("depth"), st.sampled_from(NAMES)),
        st.tuples(st.just("close"), st.sampled_from(NAMES)),
        st.tuples(st.just("job"), st.just("")),
        st.tuples(st.just("flush"), st.just("")),
        st.tuples(st.just("read"), st.integers(0, 7), st.sampled_from([1, 100, 5_000])),
        st.tuples(st.just("unfollow"), st.integers(0, 7)),
    ),
    min_size=20,
    max_size=120,
)


class Happening:
    """What a step of the test does to the hub and its clients."""

    def __init__(self) -> None:
        self.hub = Hub()
        self.readers = [Reader(self.hub, dialect) for dialect in OPENINGS for _ in range(2)]
        self._count = 0

    def step(self, *step: Any) -> None:
        self._count += 1
        match step:
            case "trade", name:
                self.hub.put_price(PriceValue(name, self._count, ts_event=self._count))
            case "form", name:
                self.hub.put_forming(self._candle(name, "forming"))
            case "chain", name:
                self.hub.put_chain(ChainValue(name, EXPIRY, self._count, b"\x81\xa5as_of\x01"))
            case "depth", name:
                self.hub.put_depth(DepthValue(name, self._count, b"\x82\xa4bids\x90\xa4asks\x90"))
            case "close", name:
                self.hub.publish_candle(self._candle(name, "final"), f"{self._count}-0")
            case "job", _:
                self.hub.publish_notice(Kind.JOBS, Notice({"id": str(self._count)}), f"{self._count}-0")
            case "read", who, size:
                self.readers[int(who)].line.read(size)
            case "unfollow", who:
                outbox = self.readers[int(who)].outbox
                for channel in outbox.channels[:1]:
                    self.hub.unfollow(outbox, channel.name)
            case _:
                self.flush()

    def flush(self) -> None:
        self.hub.distribute()
        for reader in self.readers:
            reader.outbox.flush(self._count)

    def _candle(self, name: str, state: str) -> CandleValue:
        return CandleValue(name, "1m", self._count // 9, 1.0, 9.0, 1.0, self._count, 10, state=state)


@settings(max_examples=80, deadline=None)
@given(steps=steps, leaves=st.booleans())
def test_what_was_published_to_a_client_was_delivered_conflated_or_dropped(steps: list[Any], leaves: bool) -> None:
    world = Happening()
    for step in steps:
        world.step(*step)
        for reader in world.readers:
            told = reader.outbox.statistics()
            assert told.published == told.delivered + told.conflated + told.dropped + told.waiting
    if not leaves:
        for reader in world.readers:
            reader.line.read(10**9)
        world.flush()
    for reader in world.readers:
        delivered = reader.updates()
        if leaves:
            reader.outbox.close(1000, "gone")
            world.hub.leave(reader.outbox)
        told = reader.outbox.statistics()
        assert told.waiting == 0
        assert told.published == told.delivered + told.conflated + told.dropped
        assert told.delivered == delivered, reader.outbox.conversation.dialect.name
