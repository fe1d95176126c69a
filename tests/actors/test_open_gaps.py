"""The note of the open gaps: true after every change, and inherited as a whole."""

from typing import Any

from actors.open_gaps import WHOLE_EVERY, OpenGaps
from engine.storage.memory import MemoryHotStore
from tests.actors.parts import NOON


async def test_what_is_inherited_stays_noted_until_it_is_taken_over_or_disowned(autojump_clock: Any) -> None:
    hot = MemoryHotStore(lambda: NOON)
    await hot.set_healing({"NSE:A": ((1, 2), (3, 9)), "NSE:B": ((3, 4),), "NSE:GONE": ((5, 6),)})
    gaps = OpenGaps(hot)
    await gaps.inherit()
    assert gaps.take_over("NSE:A") == ((1, 2), (3, 9))
    assert gaps.take_over("NSE:A") == ()
    await gaps.note({"NSE:A": ((1, 9),)})
    assert await hot.healing() == {"NSE:A": ((1, 9),), "NSE:B": ((3, 4),), "NSE:GONE": ((5, 6),)}
    assert gaps.take_over("NSE:B") == ((3, 4),)
    await gaps.note({})  # neither is open here: one was healed, of the other the exchange was closed all the time
    assert await hot.healing() == {"NSE:GONE": ((5, 6),)}
    gaps.disown()
    await gaps.note({})
    assert await hot.healing() == {}


async def test_a_note_that_says_the_same_is_not_written_again(autojump_clock: Any) -> None:
    hot = MemoryHotStore(lambda: NOON)
    gaps = OpenGaps(hot)
    await gaps.inherit()
    await gaps.note({"NSE:A": ((1, 2),)})
    await hot.set_healing({})
    await gaps.note({"NSE:A": ((1, 2),)})
    assert await hot.healing() == {}


async def test_what_did_not_change_is_not_written_and_now_and_then_all_is(autojump_clock: Any) -> None:
    hot = MemoryHotStore(lambda: NOON)
    gaps = OpenGaps(hot)
    await gaps.inherit()
    await gaps.note({"NSE:A": ((1, 2),), "NSE:B": ((3, 4),)})
    await gaps.note({"NSE:A": ((1, 5),), "NSE:B": ((3, 4),)})
    assert await hot.healing() == {"NSE:A": ((1, 5),), "NSE:B": ((3, 4),)}
    await hot.set_healing({})
    for end_ns in range(6, WHOLE_EVERY + 3):
        await gaps.note({"NSE:A": ((1, end_ns),), "NSE:B": ((3, 4),)})
        assert await hot.healing() == {"NSE:A": ((1, end_ns),)}
    for end_ns in (WHOLE_EVERY + 3, WHOLE_EVERY + 4):
        await gaps.note({"NSE:A": ((1, end_ns),), "NSE:B": ((3, 4),)})
    assert await hot.healing() == {"NSE:A": ((1, end_ns),), "NSE:B": ((3, 4),)}
