"""Corporate actions in memory: what the engine asks of them."""

from collections.abc import Sequence
from datetime import timedelta

from engine.market.candle import CandleState
from engine.market.corporate_action import ActionKind, CloseBefore, CorporateAction, KnownAction
from engine.storage.durable.corporate_actions import CorporateActions
from engine.storage.memory.tables import Tables

_LOOKED_BACK = timedelta(days=14)


class MemoryCorporateActions(CorporateActions):
    """Of one instrument, day and kind there is one: the last that was said."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def save(self, actions: Sequence[CorporateAction]) -> int:
        """Saves actions of known instruments, each over what was said of its day and kind before."""
        await self._tables.arrive()
        named = {
            (one.instrument, one.ex_date, one.kind): one
            for one in actions
            if one.instrument in self._tables.instruments
        }
        new = {key: one for key, one in named.items() if self._tables.actions.get(key) != one}
        self._tables.actions |= new
        return len(new)

    async def known(self, instruments: Sequence[str]) -> dict[str, list[KnownAction]]:
        """The actions of each instrument that has some, oldest first, with the closes that dividends are measured against."""
        await self._tables.arrive()
        found: dict[str, list[KnownAction]] = {}
        for key in sorted(self._tables.actions):
            if key[0] in instruments:
                action = self._tables.actions[key]
                found.setdefault(key[0], []).append(KnownAction(action, self._close_before(action)))
        return found

    def _close_before(self, action: CorporateAction) -> CloseBefore | None:
        if action.kind is not ActionKind.DIVIDEND:
            return None
        days = self._tables.days.get(action.instrument, {})
        past = [
            day
            for date, day in days.items()
            if action.ex_date - _LOOKED_BACK <= date < action.ex_date and day.candle.state is not CandleState.FORMING
        ]
        if not past:
            return None
        last = max(past, key=lambda day: day.date)
        return CloseBefore(last.date, last.candle.close, last.candle.source, last.candle.published_ns)
