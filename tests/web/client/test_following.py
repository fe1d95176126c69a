"""The client without a socket: where it stands, what it resumes from, and that no hole is silent."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticktree_client import Candle, Conflated, Event, Following, Hole, Message, Position, Price, Refusal, Status
from ticktree_client.events import time_of
from ticktree_client.following import REMEMBERED

CHANNEL = "candle.NSE:TCS.1m"


def told(following: Following, *messages: dict[str, Any]) -> list[Event]:
    return [event for message in messages for event in following.receive(message)]


def answer(epoch: str | None, offset: str = "0-0", **more: Any) -> dict[str, Any]:
    position = None if epoch is None else {"epoch": epoch, "offset": offset}
    return {"id": 1, "action": "subscribe", "results": [], "channels": [CHANNEL], "position": position} | more


def push(
    offset: str | None, close: float = 1.0, revision: int = 0, minute: int = 1, state: str = "final"
) -> dict[str, Any]:
    data = {
        **dict.fromkeys(("open", "high", "low", "close"), close),
        **dict.fromkeys(("instrument", "symbol"), "NSE:TCS"),
        "timeframe": "1m",
        "time": minute * 60_000,
        "volume": 1,
        "oi": None,
        "state": state,
        "rev": revision,
        "source": "simulator",
    }
    return {"channel": CHANNEL, "offset": offset, "data": data}


def test_it_stands_where_its_last_stream_push_was_and_goes_on_from_there() -> None:
    following = Following([CHANNEL])
    assert following.wish() == {"id": 1, "action": "subscribe", "channels": [CHANNEL]}
    assert told(following, answer("e", "4-0")) == []
    first, second = told(following, push("5-0", 2.0), push(None, 3.0, state="forming"))
    assert isinstance(first, Candle)
    assert (first.close, first.state, first.position) == (2.0, "final", Position("e", "5-0"))
    assert isinstance(second, Candle)
    assert second.position is None, "what forms has no place in the stream"
    assert following.wish()["since"] == {"epoch": "e", "offset": "5-0"}
    assert told(following, answer("e", "9-0", recovered=True), push("6-0", minute=2)) != []
    assert following.position == Position("e", "6-0"), "what was missed comes after the answer"


def test_what_comes_from_the_stores_is_told_once_and_the_place_after_it_is_kept() -> None:
    following = Following([CHANNEL])
    following.wish()
    assert len(told(following, answer("e"), push("1-0", 1.0), push("2-0", 2.0, minute=2))) == 2
    following.wish()
    events = told(
        following,
        answer("e", "9-0", recovered=True),
        push(None, 2.0, minute=2),
        push(None, 3.0, revision=1, minute=1),
        push(None, 4.0, minute=3),
        {"type": "position", "position": {"epoch": "e", "offset": "8-0"}},
    )
    assert [event.close for event in events if isinstance(event, Candle)] == [3.0, 4.0], (
        "the second came before we left"
    )
    assert following.position == Position("e", "8-0")
    told(following, *(push(None, minute=minute) for minute in range(10, 2 * REMEMBERED)))
    assert told(following, push(None, minute=2 * REMEMBERED - 1)) == []
    lost = {"type": "lost", "recovered": False, "position": None}
    assert len(told(following, lost, push("9-0", minute=2 * REMEMBERED - 1))) == 2, (
        "after a hole nothing counts as told"
    )


def test_who_hears_nothing_for_long_asks_where_the_stream_is() -> None:
    following = Following([CHANNEL])
    following.wish()
    told(following, answer("e", "1-0"))
    question = following.question()
    assert (question["action"], question["channels"]) == ("subscribe", [])
    assert told(following, answer("e", "900-0", id=question["id"])) == []
    assert following.position == Position("e", "900-0")
    assert told(following, answer("other", "2-0", id=question["id"]), answer(None, id=question["id"])) == []
    assert following.position == Position("e", "900-0"), "a loss is told by itself"


def test_where_the_server_can_not_go_on_a_hole_is_told() -> None:
    following = Following([CHANNEL], Position("old", "7-0"))
    following.wish()
    (hole,) = told(following, answer("new", "2-0", recovered=False))
    assert isinstance(hole, Hole)
    assert (hole.channels, hole.after, hole.at) == ((CHANNEL,), Position("old", "7-0"), Position("new", "2-0"))
    (lost,) = told(following, {"type": "lost", "recovered": False, "position": {"epoch": "newer", "offset": "0-0"}})
    assert isinstance(lost, Hole)
    assert following.position == Position("newer", "0-0")


def test_a_server_that_never_said_where_it_was_leaves_a_hole_when_it_is_left() -> None:
    following = Following([CHANNEL])
    following.wish()
    assert told(following, answer(None), push("1-0")) != []
    assert "since" not in following.wish()
    assert [type(event) for event in told(following, answer("e", "5-0"))] == [Hole]


def test_other_messages_become_what_they_mean() -> None:
    following = Following(["ltp.TCS", "status"])
    following.wish()
    price = {
        "instrument": "NSE:TCS",
        "symbol": "TCS",
        "ltp": 2.5,
        "size": 1,
        "volume": 7,
        "timestamp": 1_000,
        "bid": 2.4,
    }
    status = {"status": "stale", "since": 2_000, "why": "no engine answers", "symbol": None, "feed": None}
    refused = {"channel": "ltp.X", "ok": False, "error": {"code": 400, "message": "no such", "temporary": False}}
    assert told(
        following,
        answer("e") | {"results": [{"channel": "status", "ok": True}, refused]},
        {"channel": "ltp.TCS", "offset": None, "data": price},
        {"channel": "status", "offset": None, "data": status},
        {"channel": "jobs", "offset": "3-0", "data": {"id": 1}},
        {"type": "conflated", "count": 3, "lag_ms": 200},
        {"type": "notice", "message": "the server is restarting; come back soon"},
        {"type": "error", "code": 410, "message": "nobody carries it", "temporary": True, "id": None, "symbol": "TCS"},
        {"type": "error", "code": 410, "message": "none", "temporary": True, "symbol": "TCS", "about": "depth.TCS"},
        {"type": "error", "code": 402, "message": "the close code says more", "temporary": False, "symbol": None},
        {"type": "of a later version"},
    ) == [
        Refusal("ltp.X", 400, "no such", temporary=False),
        Price("TCS", 2.5, 1, 7, time_of(1_000), {"instrument": "NSE:TCS", "bid": 2.4}),
        Status("stale", time_of(2_000), "no engine answers", "", ""),
        Message("jobs", {"id": 1}, Position("e", "3-0")),
        Conflated(3, 200),
        Message("", "the server is restarting; come back soon"),
        Refusal("TCS", 410, "nobody carries it", temporary=True),
        Refusal("depth.TCS", 410, "none", temporary=True),
    ]


@pytest.mark.parametrize("count", [0, 1001])
def test_a_number_of_channels_that_no_server_takes_is_refused(count: int) -> None:
    with pytest.raises(ValueError, match=f"was {count}"):
        Following([f"ltp.{number}" for number in range(count)])


class Server:
    """The stream as the contract describes it, with a memory that may be short."""

    def __init__(self, events: int) -> None:
        self.events = events
        self.epoch = 0

    def messages(self, wish: dict[str, Any], first_kept: int, here: int) -> Iterator[dict[str, Any]]:
        since = wish.get("since")
        if since is None:
            yield answer(str(self.epoch), f"{here}-0")
            return
        offset = int(since["offset"].partition("-")[0])
        recovered = since["epoch"] == str(self.epoch) and offset >= first_kept
        yield answer(str(self.epoch), f"{here}-0", recovered=recovered)
        if recovered:
            yield from (push(f"{number}-0", float(number), minute=number) for number in range(offset + 1, here + 1))


@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.integers(0, 5), st.sampled_from(["keeps", "keeps", "trims", "restarts"])),
        max_size=12,
    )
)
def test_whatever_happens_every_event_is_told_once_or_a_hole_is(rounds: list[tuple[int, int, str]]) -> None:
    """Each round: so many events while we listen, so many while we do not, and what becomes of the server meanwhile."""
    following, server = Following([CHANNEL]), Server(0)
    kept_from, here = 0, 0
    heard: list[int | None] = []

    def listen(*messages: dict[str, Any]) -> None:
        events = told(following, *messages)
        heard.extend(int(event.close or 0) if isinstance(event, Candle) else None for event in events)

    listen(*server.messages(following.wish(), kept_from, here))
    for listening, away, fate in rounds:
        for _ in range(listening):
            here += 1
            listen(push(f"{here}-0", float(here), minute=here))
        here += away
        kept_from = here if fate == "trims" else kept_from
        server.epoch += fate == "restarts"
        listen(*server.messages(following.wish(), kept_from, here))
    numbers = [number for number in heard if number is not None]
    assert numbers == sorted(set(numbers)), "each once, in order"
    last = 0
    for number in [*heard, here + 1]:
        if number is None:
            last = -1
        else:
            assert last in (-1, number - 1) or (number == here + 1 and last == here), "a hole that nobody told of"
            last = number
