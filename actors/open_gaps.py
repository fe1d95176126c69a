"""The note of the open gaps in Redis: it outlives the resolver that wrote it, and the engine."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from engine.market.spans import Span
from engine.runtime import HealPoint, reach
from engine.storage.hot import HotStore

WHOLE_EVERY = 100
"""Notes of changes, until all is written once more: a store may have lost what it held, and nobody would know."""


class OpenGaps:
    """Written only when it changes. What a resolver before this one noted stays until somebody takes it over."""

    def __init__(self, hot: HotStore) -> None:
        self._hot = hot
        self._noted: dict[str, tuple[Span, ...]] = {}
        self._in_doubt = False
        """Whether Redis may hold something else than what was noted: what did not answer may have been carried out."""
        self._inherited: dict[str, tuple[Span, ...]] = {}
        self._changes = 0
        """Notes since all was written."""

    @property
    def any_noted(self) -> bool:
        """Whether Redis holds a gap."""
        return bool(self._noted)

    async def inherit(self) -> None:
        """Reads what was open when the resolver before this one died."""
        self._noted = await self._hot.healing()
        self._inherited = dict(self._noted)

    def take_over(self, instrument: str) -> tuple[Span, ...]:
        """What was open of an instrument; from now on it is noted only if it is open here."""
        return self._inherited.pop(instrument, ())

    def disown(self) -> None:
        """Nobody has taken over what is left: its instruments are not followed any more."""
        self._inherited.clear()

    async def note(self, open_here: Mapping[str, tuple[Span, ...]]) -> None:
        """Notes what is open now."""
        spans = self._inherited | dict(open_here)
        if spans == self._noted and not self._in_doubt:
            return
        opened, closed = spans.keys() - self._noted.keys(), self._noted.keys() - spans.keys()
        await self._write(spans, closed)
        if opened:
            reach(HealPoint.GAP_NOTED)
        if closed:
            reach(HealPoint.GAP_CLOSED)

    async def _write(self, spans: dict[str, tuple[Span, ...]], closed: AbstractSet[str]) -> None:
        """Of thousands that are open, a few change between two notes."""
        whole = self._in_doubt or self._changes >= WHOLE_EVERY
        self._in_doubt = True
        if whole:
            await self._hot.set_healing(spans)
        else:
            changed = {name: found for name, found in spans.items() if self._noted.get(name) != found}
            await self._hot.change_healing(changed, list(closed))
        self._changes = 0 if whole else self._changes + 1
        self._noted, self._in_doubt = spans, False
