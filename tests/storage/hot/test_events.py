"""The stream of events: appended once, in order, and honest about what it does not hold."""

import pytest

from engine.storage.errors import HotStoreError
from engine.storage.hot import EventsWindow, HotStore

pytestmark = pytest.mark.anyio


async def test_events_are_read_in_order_after_a_position(hot: HotStore) -> None:
    await hot.append_events([("10-0", b"a"), ("10-1", b"b"), ("11-0", b"c")])

    assert await hot.read_events("0") == [("10-0", b"a"), ("10-1", b"b"), ("11-0", b"c")]
    assert await hot.read_events("10-0", count=1) == [("10-1", b"b")]
    assert await hot.read_events("11-0") == []
    assert await hot.read_events("11-0", block_ms=10) == []


async def test_appending_again_changes_nothing(hot: HotStore) -> None:
    await hot.append_events([("10-0", b"a"), ("11-0", b"b")])
    await hot.append_events([("10-0", b"a"), ("11-0", b"b"), ("12-0", b"c")])
    await hot.append_events([])

    assert [identity for identity, _ in await hot.read_events("0")] == ["10-0", "11-0", "12-0"]


async def test_an_event_that_comes_too_late_is_an_error_not_a_loss(hot: HotStore) -> None:
    await hot.append_events([("10-0", b"a"), ("20-0", b"of another engine")])

    with pytest.raises(HotStoreError, match="15-0 is older"):
        await hot.append_events([("15-0", b"b")])


async def test_the_window_tells_what_is_there(hot: HotStore) -> None:
    empty = await hot.events_window()
    await hot.append_events([("10-0", b"a"), ("12-0", b"b")])

    window = await hot.events_window()

    assert empty == EventsWindow(empty.epoch, "0-0", "0-0", trimmed=False)
    assert window == EventsWindow(empty.epoch, "10-0", "12-0", trimmed=False)
    assert await hot.events_position() == (empty.epoch, "12-0")


async def test_a_flushed_server_begins_a_new_epoch(hot: HotStore) -> None:
    before = await hot.events_window()
    await hot._link.call("FLUSHDB")

    assert (await hot.events_window()).epoch != before.epoch


async def test_a_writer_that_never_said_it_ended_leaves_a_new_epoch_behind(hot: HotStore) -> None:
    first = (await hot.events_window()).epoch
    await hot.begin_events("one")
    await hot.begin_events("one")  # repeated, as its answer was lost
    await hot.end_events()
    await hot.begin_events("two")
    assert (await hot.events_window()).epoch == first
    await hot.begin_events("three")
    second = (await hot.events_window()).epoch
    assert second != first
    await hot.begin_epoch()
    assert (await hot.events_window()).epoch not in (first, second)


async def test_trimmed_events_are_told(hot: HotStore) -> None:
    await hot.append_events([(f"{number}-0", b"x") for number in range(1, 5000)])
    await hot._link.call("XTRIM", "events", "MAXLEN", 100)

    window = await hot.events_window()

    assert window.trimmed
    assert window.first_id == "4900-0"
    assert not window.covers(window.epoch, "4000-0")
    assert window.covers(window.epoch, "4900-0")
    assert window.covers(window.epoch, "4999-0")


def test_a_position_is_covered_only_within_its_epoch_and_its_stream() -> None:
    whole = EventsWindow("e1", "10-0", "12-5", trimmed=False)

    assert whole.covers("e1", "0-0")
    assert whole.covers("e1", "12-5")
    assert not whole.covers("e1", "12-6")  # the server lost what this client has seen
    assert not whole.covers("e2", "11-0")
