"""The stream of events: what happened, in one order, under the ids that clients resume from."""

import secrets
from collections.abc import Sequence
from typing import Any

import msgspec

from engine.storage.errors import HotStoreError
from engine.storage.hot import keys
from engine.storage.hot.link import RedisLink, Script, Value
from engine.storage.hot.series import chunks

_APPEND = Script("append_events")
_WINDOW = Script("events_window")
_EVENTS_A_COMMAND = 2_000

Event = tuple[str, bytes]
"""An id (``milliseconds-sequence``) and what happened."""


class EventsWindow(msgspec.Struct, frozen=True):
    """What the stream holds. Ids of another epoch say nothing about this one."""

    epoch: str
    first_id: str
    last_id: str
    """``0-0`` when the stream is empty."""
    trimmed: bool
    """Whether there were events before ``first_id`` that are gone."""

    def covers(self, epoch: str, position: str) -> bool:
        """Whether everything after a client's position is still here."""
        if epoch != self.epoch or _order(position) > _order(self.last_id):
            return False
        return not self.trimmed or _order(position) >= _order(self.first_id)


class EventLog:
    """Appends and reads events. Appending is safe to repeat: the writer makes the ids."""

    def __init__(self, link: RedisLink) -> None:
        self._link = link

    async def begin_events(self, writer: str) -> None:
        """To be called before the first append; ``writer`` is a name nobody had before.

        A writer before this one that never said it ended may have taken events along: then a new epoch begins.
        """
        before: bytes | None = await self._link.call("GETSET", keys.EVENTS_WRITER, writer)
        if before is not None and before.decode() != writer:  # its own name comes back where the answer was lost
            await self.begin_epoch()

    async def end_events(self) -> None:
        """The writer ends, and everything it had is appended."""
        await self._link.call("DEL", keys.EVENTS_WRITER)

    async def begin_epoch(self) -> None:
        """Events are missing: nobody resumes across the hole, and who listens is told to begin anew."""
        await self._link.call("DEL", keys.EPOCH)

    async def append_events(self, entries: Sequence[Event]) -> None:
        """Appends events whose ids grow. What is there already stays as it is; an id that comes too late is an error."""
        for chunk in chunks(entries, _EVENTS_A_COMMAND):
            arguments: list[Value] = [part for entry in chunk for part in entry]
            refused: bytes = await self._link.run(_APPEND, [keys.EVENTS], [keys.EVENTS_LENGTH, *arguments])
            if refused:
                raise HotStoreError(
                    f"Event {refused.decode()} is older than the newest: another engine wrote meanwhile."
                )

    async def read_events(self, after_id: str, count: int = 1000, block_ms: int = 0) -> list[Event]:
        """Up to ``count`` events after an id. Waits up to ``block_ms`` for the first; 0 does not wait."""
        return await read_stream(self._link, keys.EVENTS, after_id, count, block_ms)

    async def events_window(self) -> EventsWindow:
        """What the stream holds now."""
        answer = await self._link.run(_WINDOW, [keys.EVENTS, keys.EPOCH], [secrets.token_hex(4)])
        epoch, first, last = (part.decode() for part in answer[:3])
        return EventsWindow(epoch, first, last, bool(answer[3]))

    async def events_position(self) -> tuple[str, str]:
        """The epoch and the newest id."""
        window = await self.events_window()
        return window.epoch, window.last_id


async def read_stream(link: RedisLink, name: str, after_id: str, count: int, block_ms: int) -> list[Event]:
    """Entries of a stream that hold one field. Never waits longer than an answer may take."""
    longest_ms = int(link.answer_timeout_s * 1000 * 0.8)
    blocking: tuple[Value, ...] = ("BLOCK", min(block_ms, longest_ms)) if block_ms else ()
    answer: Any = await link.call("XREAD", "COUNT", count, *blocking, "STREAMS", name, after_id)
    if not answer:
        return []
    entries = answer[0][1]
    return [
        (identity.decode(), fields[b"data"] if isinstance(fields, dict) else fields[1]) for identity, fields in entries
    ]


def _order(identity: str) -> tuple[int, int]:
    milliseconds, _, sequence = identity.partition("-")
    return int(milliseconds), int(sequence or 0)
