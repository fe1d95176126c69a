"""The hub: snapshot first, newest values, streams in order, and evidence for every update."""

from typing import Any

import msgpack
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.web.lines import MemoryLine, client
from web.hub import Hub, Outbox
from web.hub.outbox import STREAM_BUDGET
from web.protocol import MSGPACK, CandleValue, Channel, Close, Kind, PriceValue, Status

LTP = Channel("ltp.NSE:X", Kind.LTP, "NSE:X")
DATA = Channel("X", Kind.DATA, "X")
CANDLE = Channel("candle.NSE:X.1m", Kind.CANDLE, "NSE:X", "1m")
STATUS = Channel("status", Kind.STATUS)
MINUTE = 60_000_000_000


def price(value: float, at: int = 0, symbol: str = "NSE:X") -> PriceValue:
    return PriceValue(symbol, value, ts_event=at)


def candle(minute: int, close: float, state: str = "forming", revision: int = 0) -> CandleValue:
    return CandleValue("NSE:X", "1m", minute * MINUTE, 1.0, 9.0, 1.0, close, 10, state=state, revision=revision)


def followed(hub: Hub, *channels: Channel, simple: bool = False) -> tuple[Outbox, MemoryLine]:
    outbox, line = client(simple=simple)
    hub.join(outbox)
    for channel in channels:
        hub.follow(outbox, channel, "NSE:X")
    return outbox, line


def flush(hub: Hub, now_ms: int = 0) -> None:
    hub.distribute()
    for outbox in hub.outboxes:
        outbox.flush(now_ms)


def closes(messages: list[Any]) -> list[tuple[str, float]]:
    return [(message["data"]["state"], message["data"]["close"]) for message in messages if "data" in message]


def test_the_newest_value_goes_out_once_per_flush() -> None:
    hub = Hub()
    outbox, line = followed(hub, LTP)
    for value in (1.0, 2.0, 3.0):
        hub.put_price(price(value))
    flush(hub)
    flush(hub)
    assert [message["data"]["ltp"] for message in line.messages()] == [3.0]
    statistics = outbox.statistics()
    assert (statistics.published, statistics.delivered, statistics.conflated) == (3, 1, 2)


def test_a_client_that_comes_later_gets_the_value_as_its_snapshot() -> None:
    hub = Hub()
    followed(hub, LTP)
    hub.put_price(price(1.0))
    flush(hub)
    _, line = followed(hub, LTP)
    flush(hub)
    assert [message["data"]["ltp"] for message in line.messages()] == [1.0]


def test_kinds_that_somebody_follows_are_known_without_a_look_at_what_is_followed() -> None:
    hub = Hub()
    depth = Channel("depth.NSE:X", Kind.DEPTH, "NSE:X")
    first, _ = followed(hub, depth, LTP)
    second, _ = followed(hub, depth)
    hub.leave(first)
    assert (hub.follows(Kind.DEPTH), hub.follows(Kind.LTP)) == (True, False)
    hub.unfollow(second, "depth.NSE:X")
    assert not hub.follows(Kind.DEPTH)


def test_a_snapshot_is_not_sent_twice_when_a_value_is_on_its_way() -> None:
    hub = Hub()
    followed(hub, LTP)
    hub.put_price(price(1.0))
    outbox, line = followed(hub, LTP)
    flush(hub)
    assert len(line.messages()) == 1
    assert outbox.statistics().published == 1


def test_a_topic_nobody_had_asks_for_its_snapshot_once() -> None:
    hub = Hub()
    followed(hub, LTP)
    followed(hub, DATA, simple=True)
    assert [topic.instrument for topic in hub.take_bare()] == ["NSE:X"]
    assert hub.take_bare() == []


def test_a_quote_from_the_store_does_not_replace_a_newer_price() -> None:
    hub = Hub()
    _, line = followed(hub, LTP)
    hub.put_price(price(2.0, at=20))
    hub.put_quote(PriceValue("NSE:X", 1.0, ts_event=10, previous_close=0.5))
    flush(hub)
    assert [message["data"]["ltp"] for message in line.messages()] == [2.0]
    hub.put_quote(price(3.0, at=30))
    flush(hub)
    assert [message["data"]["ltp"] for message in line.messages()] == [3.0]


def test_a_new_engine_may_live_in_an_earlier_time() -> None:
    hub = Hub()
    _, line = followed(hub, LTP, CANDLE)
    hub.put_price(price(2.0, at=20))
    hub.publish_candle(candle(9, 2.0, "final"), "1-0")
    hub.begin_epoch()
    hub.put_price(price(1.0, at=10))
    hub.put_forming(candle(3, 1.5))
    flush(hub)
    assert [message["data"].get("ltp", message["data"].get("close")) for message in line.messages()] == [2.0, 1.0, 1.5]


def test_the_close_of_the_day_before_stays_known() -> None:
    hub = Hub()
    _, line = followed(hub, DATA, simple=True)
    hub.put_price(PriceValue("NSE:X", 1.0, previous_close=0.5))
    hub.put_price(price(2.0))
    flush(hub)
    (message,) = line.messages()
    assert (message["close"], message["previous_close"]) == (2.0, 0.5)


def test_the_simple_dialect_gets_a_frame_for_each_object_and_the_full_one_an_array() -> None:
    hub = Hub()
    _, simple = followed(hub, DATA, Channel("NSE:X", Kind.DATA, "NSE:X"), simple=True)
    _, full = followed(hub, LTP, Channel("ltp.X", Kind.LTP, "X"))
    hub.put_price(price(1.0))
    flush(hub)
    assert len(simple.frames()) == 2
    assert len(full.frames()) == 1


def test_each_client_reads_the_symbol_as_it_wrote_it() -> None:
    hub = Hub()
    _, one = followed(hub, LTP)
    _, two = followed(hub, Channel("ltp.X", Kind.LTP, "X"))
    hub.put_price(price(1.0))
    flush(hub)
    assert one.messages()[0]["channel"] == "ltp.NSE:X"
    told = two.messages()[0]
    assert (told["channel"], told["data"]["symbol"], told["data"]["instrument"]) == ("ltp.X", "X", "NSE:X")


def test_an_update_is_written_once_for_all_who_read_it_the_same_way() -> None:
    hub = Hub()
    outboxes = [followed(hub, LTP)[0] for _ in range(3)]
    hub.put_price(price(1.0))
    hub.distribute()
    assert len({id(outbox.fresh[0].payload) for outbox in outboxes}) == 1


def test_a_client_that_does_not_read_gets_only_the_newest_when_it_reads_again() -> None:
    hub = Hub()
    outbox, line = followed(hub, LTP)
    line.congested = True
    for value in range(50):
        hub.put_price(price(value))
        flush(hub, now_ms=1000 + value)
    assert line.written == b""
    line.congested = False
    flush(hub, now_ms=2000)
    told, value = line.messages()
    assert told == {"type": "conflated", "count": 49, "lag_ms": 1000}
    assert value["data"]["ltp"] == 49
    statistics = outbox.statistics()
    assert (statistics.delivered, statistics.conflated, statistics.waiting) == (1, 49, 0)


def test_a_stream_is_kept_in_order_while_the_client_does_not_read() -> None:
    hub = Hub()
    _, line = followed(hub, CANDLE)
    line.congested = True
    for minute in range(5):
        hub.put_forming(candle(minute, 1.5))
        flush(hub)
        hub.publish_candle(candle(minute, 2.0 + minute, "final"), f"{minute}-0")
        flush(hub)
    hub.put_forming(candle(5, 7.5))
    flush(hub)
    line.congested = False
    flush(hub)
    assert closes(line.messages()) == [*[("final", 2.0 + minute) for minute in range(5)], ("forming", 7.5)]


def test_a_stream_that_outgrows_its_budget_ends_in_3008() -> None:
    hub = Hub()
    outbox, line = followed(hub, CANDLE)
    line.congested = True
    count = 0
    while line.closed_with is None:
        count += 1
        hub.publish_candle(candle(count, 1.0, "final"), f"{count}-0")
        flush(hub)
        assert count * 100 < 2 * STREAM_BUDGET
    assert line.closed_with[0] == Close.SLOW_CLIENT
    hub.publish_candle(candle(count, 1.0, "revised", 1), "9-9")
    statistics = outbox.statistics()
    assert (statistics.published, statistics.dropped, statistics.waiting) == (count + 1, count + 1, 0)


def test_nothing_forms_in_a_bucket_that_is_closed() -> None:
    hub = Hub()
    outbox, line = followed(hub, CANDLE)
    hub.put_forming(candle(1, 1.5))
    hub.publish_candle(candle(1, 2.0, "final"), "1-0")
    hub.put_forming(candle(1, 1.7))
    hub.put_forming(candle(2, 3.0))
    hub.publish_candle(candle(1, 2.1, "revised", 1), "2-0")
    flush(hub)
    assert closes(line.messages()) == [("final", 2.0), ("revised", 2.1), ("forming", 3.0)]
    statistics = outbox.statistics()
    assert statistics.published == statistics.delivered + statistics.conflated


def test_stream_entries_carry_their_offset_and_newest_values_none() -> None:
    hub = Hub()
    _, line = followed(hub, CANDLE)
    hub.publish_candle(candle(1, 2.0, "final"), "17-3")
    hub.put_forming(candle(2, 3.0))
    flush(hub)
    assert [message["offset"] for message in line.messages()] == ["17-3", None]


def test_an_answer_stays_behind_the_stream_entries_before_it() -> None:
    hub = Hub()
    outbox, line = followed(hub, CANDLE)
    hub.publish_candle(candle(1, 2.0, "final"), "1-0")
    outbox.send(outbox.conversation.frame({"answer": True}))
    kinds = ["answer" if "answer" in message else "push" for message in line.messages()]
    assert kinds == ["push", "answer"]


def test_a_client_that_left_gets_nothing_and_its_topics_are_forgotten() -> None:
    hub = Hub()
    outbox, line = followed(hub, LTP, CANDLE, STATUS)
    hub.leave(outbox)
    hub.leave(outbox)
    hub.put_price(price(1.0))
    flush(hub)
    assert line.written == b""
    assert hub.statistics().topics == 0


def test_unfollowing_ends_one_channel() -> None:
    hub = Hub()
    outbox, line = followed(hub, LTP, Channel("ltp.X", Kind.LTP, "X"))
    assert hub.unfollow(outbox, "ltp.X")
    assert not hub.unfollow(outbox, "ltp.X")
    hub.put_price(price(1.0))
    flush(hub)
    assert [message["channel"] for message in line.messages()] == ["ltp.NSE:X"]


def test_a_status_goes_to_its_followers_and_a_trouble_to_all() -> None:
    hub = Hub()
    _, follower = followed(hub, STATUS)
    _, other = followed(hub, LTP)
    _, simple = followed(hub, DATA, simple=True)
    hub.publish_statuses([Status("stale", 5, "no packets", feed="dhan/0")], "3-0")
    flush(hub)
    (told,) = follower.messages()
    assert (told["offset"], told["data"]["feed"], told["data"]["status"]) == ("3-0", "dhan/0", "stale")
    assert other.messages() == []
    hub.tell_all(Status("degraded", 9, "Redis is away"))
    assert other.messages()[0]["data"]["status"] == "degraded"
    assert simple.messages()[0]["status"] == "degraded"


def test_who_begins_to_follow_statuses_is_told_how_each_feed_is() -> None:
    hub = Hub()
    hub.publish_statuses([Status("stale", 5, feed="dhan/0")], "3-0")
    newcomer, early = followed(hub, STATUS)
    hub.show_statuses(newcomer)
    hub.put_statuses([Status("connecting", 4, feed="dhan/0"), Status("live", 7, feed="dhan/1")])
    latecomer, late = followed(hub, STATUS)
    hub.show_statuses(latecomer)
    flush(hub)
    told = [[(push["data"]["feed"], push["data"]["status"]) for push in line.messages()] for line in (early, late)]
    assert told == [[("dhan/0", "stale"), ("dhan/1", "live")]] * 2


def symbol(status: str, since_ms: int, name: str = "NSE:X", cause: str = "") -> Status:
    return Status(status, since_ms, symbol=name, cause=cause)


def test_the_status_of_an_instrument_goes_to_those_who_follow_it_and_to_nobody_else() -> None:
    hub = Hub()
    _, follower = followed(hub, STATUS, LTP)
    _, named = followed(hub, Channel("status.X", Kind.STATUS, "X"))
    _, without = followed(hub, LTP)
    _, feeds_only = followed(hub, STATUS)
    hub.publish_statuses([symbol("closed", 5, cause="halted"), symbol("closed", 5, "NSE:Y", "halted")], "3-0")
    flush(hub)
    (told,) = follower.messages()
    assert told["data"] | {"why": ""} == {
        "status": "closed", "since": 5, "why": "", "cause": "halted", "symbol": "NSE:X", "instrument": "NSE:X",
        "feed": None,
    }  # fmt: skip
    (told,) = named.messages()
    assert (told["channel"], told["offset"], told["data"]["symbol"]) == ("status.X", "3-0", "X")
    assert without.messages() == feeds_only.messages() == []
    status = hub.status_of("NSE:Y")
    assert status is not None
    assert status.cause == "halted"
    assert hub.status_of(None) is hub.status_of("NSE:Z") is None


def test_who_begins_to_follow_statuses_is_told_how_its_instruments_are() -> None:
    hub = Hub()
    hub.publish_statuses([symbol("stale", 5), symbol("live", 5, "NSE:Y")], "3-0")
    newcomer, line = followed(hub, LTP, STATUS)
    hub.show_statuses(newcomer)
    other, named = followed(hub, Channel("status.X", Kind.STATUS, "X"))
    hub.show_statuses(other)
    flush(hub)
    assert [[message["data"]["instrument"] for message in one.messages()] for one in (line, named)] == [["NSE:X"]] * 2


def test_what_the_store_knows_of_instruments_is_told_where_the_stream_has_not_told_it() -> None:
    hub = Hub()
    _, line = followed(hub, LTP, STATUS)
    hub.publish_statuses([symbol("stale", 5)], "3-0")
    hub.put_symbols({"NSE:X": symbol("live", 4), "NSE:Y": symbol("live", 4)})
    hub.put_symbols({"NSE:X": symbol("live", 6, cause="quiet"), "NSE:Y": symbol("live", 4)})
    hub.put_symbols({"NSE:X": symbol("live", 7), "NSE:Y": symbol("live", 4)})
    flush(hub)
    assert [(message["data"]["status"], message["offset"]) for message in line.messages()] == [
        ("stale", "3-0"),
        ("live", None),
    ]
    hub.put_symbols({"NSE:Y": symbol("live", 4)})
    assert hub.status_of("NSE:X") is None


def test_a_client_that_has_not_read_its_last_replay_gets_no_other() -> None:
    outbox, line = followed(Hub(), CANDLE)
    line.congested = True
    outbox.replay([b"1"])
    assert line.closed_with is not None
    assert line.closed_with[0] == Close.SLOW_CLIENT
    assert line.written == b""


def test_msgpack_clients_read_the_same_pushes() -> None:
    hub = Hub()
    outbox, line = client(encoding=MSGPACK)
    hub.join(outbox)
    hub.follow(outbox, LTP, "NSE:X")
    hub.put_price(price(1.0))
    flush(hub)
    ((push,),) = [msgpack.unpackb(frame) for frame in line.frames()]
    assert push["data"]["ltp"] == 1.0


class Evidence(RuleBasedStateMachine):
    """Whatever happens in whatever order, every update is accounted for, and the last one arrives."""

    def __init__(self) -> None:
        super().__init__()
        self.hub = Hub()
        self.clients = [client() for _ in range(2)]
        for outbox, _ in self.clients:
            self.hub.join(outbox)
        self.minute = self.count = 0

    @rule(who=st.integers(0, 1), channel=st.sampled_from([LTP, CANDLE]))
    def follow(self, who: int, channel: Channel) -> None:
        self.hub.follow(self.clients[who][0], channel, "NSE:X")

    @rule(who=st.integers(0, 1), channel=st.sampled_from([LTP, CANDLE]))
    def unfollow(self, who: int, channel: Channel) -> None:
        self.hub.unfollow(self.clients[who][0], channel.name)

    @rule()
    def trade(self) -> None:
        self.count += 1
        self.hub.put_price(price(self.count, at=self.count))
        self.hub.put_forming(candle(self.minute, self.count))

    @rule()
    def close_minute(self) -> None:
        self.count += 1
        self.hub.publish_candle(candle(self.minute, self.count, "final"), f"{self.count}-0")
        self.minute += 1

    @rule(who=st.integers(0, 1), congested=st.booleans())
    def read(self, who: int, congested: bool) -> None:
        self.clients[who][1].congested = congested

    @rule()
    def flush(self) -> None:
        flush(self.hub, self.count)

    @rule()
    def distribute(self) -> None:
        self.hub.distribute()

    @rule(who=st.integers(0, 1))
    def answer(self, who: int) -> None:
        self.clients[who][0].send(self.clients[who][0].conversation.frame({"type": "answer"}))

    @invariant()
    def everything_is_accounted_for(self) -> None:
        for outbox, _ in self.clients:
            told = outbox.statistics()
            assert told.published == told.delivered + told.conflated + told.dropped + told.waiting
            assert min(told.delivered, told.conflated, told.dropped, told.waiting) >= 0

    def teardown(self) -> None:
        for _, line in self.clients:
            line.congested = False
        self.count += 1
        self.trade()
        flush(self.hub, self.count)
        for outbox, line in self.clients:
            pushes = [message for message in line.messages() if "channel" in message]
            assert len(pushes) == outbox.statistics().delivered
            offsets = [int(push["offset"].partition("-")[0]) for push in pushes if push["offset"]]
            assert offsets == sorted(set(offsets))
            for view in outbox.marks:
                last = [push for push in pushes if push["channel"] == view.channel.name][-1]
                assert last["data"].get("ltp", last["data"].get("close")) == self.count
            assert outbox.statistics().waiting == 0


TestEvidence = Evidence.TestCase
TestEvidence.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
