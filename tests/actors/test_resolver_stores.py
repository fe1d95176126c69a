"""The resolver while a store is away or refuses: it forgets nothing, asks again, and begins no new life."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import pytest
import trio

from actors.messages import Backfill, Count, FeedSeen
from actors.open_gaps import OpenGaps
from engine.market import Session
from engine.market.spans import Span
from engine.providers.base import ProviderError
from engine.runtime import ActorRef
from engine.storage.durable import ShortSession
from engine.storage.errors import (
    DurableStoreError,
    DurableStoreUnavailableError,
    HotStoreUnavailableError,
    StorageError,
)
from engine.storage.hot import keys
from engine.storage.memory import MemoryDurableStore, MemoryHotStore
from tests.actors.parts import MINUTE_NS, NOON, candle
from tests.actors.test_resolver_order import NAMES, SlowHistory, healing

GAP = (NOON - 10 * MINUTE_NS, NOON - 5 * MINUTE_NS)
ALL = dict.fromkeys(NAMES, (GAP,))


class Unanswering(MemoryHotStore):
    """Carries out what it is told, and its answer is lost."""

    silent = False

    async def set_healing(self, spans: Mapping[str, Sequence[Span]]) -> None:
        await super().set_healing(spans)
        if self.silent:
            raise HotStoreUnavailableError("It did not answer in time.")

    async def change_healing(self, spans: Mapping[str, Sequence[Span]], healed: Sequence[str]) -> None:
        await super().change_healing(spans, healed)
        if self.silent:
            raise HotStoreUnavailableError("It did not answer in time.")


class Failing(MemoryDurableStore):
    """Does not tell what is missing as long as it fails."""

    error: StorageError | None = None

    async def short_sessions(
        self, instruments: Sequence[str], sessions: Sequence[Session], *, unresolvable: bool = False
    ) -> list[ShortSession]:
        if self.error is not None:
            raise self.error
        return await super().short_sessions(instruments, sessions, unresolvable=unresolvable)


def without_answers() -> SlowHistory:
    history = SlowHistory()
    history.error = ProviderError("away")
    return history


async def open_gaps(subject: ActorRef) -> int:
    """None are open in a new life."""
    return (await subject.ask(Count(), timeout_s=5))["gaps_open"]


async def test_what_a_store_that_is_away_was_not_told_it_is_told_when_it_is_back(autojump_clock: Any) -> None:
    hot = MemoryHotStore(lambda: NOON)
    async with healing(without_answers(), hot, MemoryDurableStore()) as subject:
        await trio.sleep(1)
        hot.link.away = True
        await subject.ask(Backfill((), *GAP), timeout_s=5)
        subject.tell(FeedSeen("test", 0, NOON))
        await trio.sleep(60)
        assert await open_gaps(subject) == len(NAMES)
        hot.link.away = False
        await trio.sleep(1)
        assert await hot.healing() == ALL
        assert await hot.get_seen("test") is None, "nobody was heard since"
        subject.tell(FeedSeen("test", 0, NOON + 1))
        await trio.sleep(1)
        assert await hot.get_seen("test") == NOON + 1


async def test_a_store_that_refuses_the_mark_of_what_was_seen_ends_nobody(autojump_clock: Any) -> None:
    hot = MemoryHotStore(lambda: NOON)
    async with healing(without_answers(), hot, MemoryDurableStore()) as subject:
        await subject.ask(Backfill((), *GAP), timeout_s=5)
        await hot.link.call("SET", keys.SEEN, "no table")
        subject.tell(FeedSeen("test", 0, NOON))
        await trio.sleep(5)
        assert (await open_gaps(subject), await hot.healing()) == (len(NAMES), ALL)
        await hot.link.call("DEL", keys.SEEN)
        subject.tell(FeedSeen("test", 0, NOON))
        await trio.sleep(1)
        assert await hot.get_seen("test") == NOON


async def test_a_note_whose_answer_was_lost_is_written_again(autojump_clock: Any) -> None:
    hot = Unanswering(lambda: NOON)
    gaps = OpenGaps(hot)
    hot.silent = True
    with pytest.raises(HotStoreUnavailableError):
        await gaps.note({"NSE:A": (GAP,)})
    hot.silent = False
    await gaps.note({})  # what it was noted for is healed by now
    assert await hot.healing() == {}


@pytest.mark.parametrize("error", [DurableStoreUnavailableError("gone"), DurableStoreError("no such column")])
async def test_a_scan_that_a_store_cuts_short_is_repeated_soon(autojump_clock: Any, error: StorageError) -> None:
    history, hot, durable = SlowHistory(), MemoryHotStore(lambda: NOON), Failing()
    await hot.write_candles([msgspec.structs.replace(candle(NOON - 30 * MINUTE_NS, 10.0, 5), instrument=NAMES[1])])
    async with healing(history, hot, durable) as subject:
        await subject.ask(Backfill((NAMES[0],), *GAP), timeout_s=5)
        await trio.sleep(100)
        history.asked.clear()
        durable.error, history.error = error, ProviderError("away")
        await subject.ask(Backfill((NAMES[0],), *GAP), timeout_s=5)
        await trio.sleep(900)
        assert await open_gaps(subject) == 1, "it lives, and no scan has found anything"
        durable.error = None
        await trio.sleep(400)
        assert await open_gaps(subject) > 1
