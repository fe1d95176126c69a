"""The watch over a line: why it says nothing, and whether a new connection would help."""

from collections.abc import Callable

import anyio

from actors.line import Line
from actors.line_hours import LineHours
from actors.line_voice import LineVoice
from actors.second_opinion import second_opinion
from engine.market.diagnosis import RECONNECT_CURES, Cause
from engine.market.quote import Witness, bear_witness
from engine.providers.base import History

LEAST_LOOK_S = 0.05
LISTENED_INTERVAL_S = 10.0
"""While the market is closed, a line that is up says so this often."""
OPINION_S = 5.0
"""The provider has so long to answer, less when the silence would be over before."""
SETTLE_S = 1.0
"""A trade that the provider tells of may still be under way to us."""


class LineWatch:
    """Looks at one line. ``history`` is the same provider's: it is asked for its own word when the line is silent."""

    def __init__(
        self,
        line: Line,
        voice: LineVoice,
        hours: LineHours,
        history: History,
        *,
        now_ns: Callable[[], int],
        look_interval_s: float,
    ) -> None:
        self._line = line
        self._voice = voice
        self._hours = hours
        self._history = history
        self._now_ns = now_ns
        self._look_interval_s = look_interval_s

    async def watch(self, reading: anyio.CancelScope) -> None:
        """Ends the reading when a new connection would help, or none is needed. A time limit per frame would be dear."""
        while not reading.cancel_called:
            await anyio.sleep(self._until_look_s(self._line.listening.patience_s(anyio.current_time())))
            self._voice.heard(self._line)
            cause = await self._diagnose()
            if cause is Cause.CLOSED:
                self._tell_listened()
            if cause in RECONNECT_CURES or not self._hours.is_needed(self._line):
                reading.cancel()

    def _tell_listened(self) -> None:
        """After the close no trade tells that the line is still up. One that hears heartbeats has missed nothing.

        Without this the last minute of every day would be doubted, and healed, on the next morning.
        """
        line = self._line
        looked_s, looked_ns = line.looked
        if line.connection is None or line.connection.heard_s < looked_s:
            return
        if looked_ns:
            self._voice.seen(line, looked_ns)
        line.looked = anyio.current_time() + LISTENED_INTERVAL_S, self._now_ns()

    async def _diagnose(self) -> Cause:
        """Why the line says nothing, told when that is news; the provider is asked where the silence alone does not say."""
        line, listening = self._line, self._line.listening
        is_open = self._hours.is_open(line)
        if is_open and listening.doubtful(anyio.current_time()):
            await self._ask()
            is_open = self._hours.is_open(line)
        now_s = anyio.current_time()
        cause = listening.look(now_s, is_open=is_open)
        if line.told[0] == "connecting" and cause in (Cause.LIVE, Cause.QUIET):
            return cause  # nothing has come yet
        if cause is not line.told[1]:
            self._voice.status(line, cause, why=self._why(cause, now_s))
        return cause

    def _why(self, cause: Cause, now_s: float) -> str:
        """With what the line's heartbeats tell: one that pings is there, and withholds the data."""
        why = self._line.listening.explain(cause, now_s)
        if cause is Cause.STALLED and self._line.connection is not None:
            why += f"; the last sign of life came {now_s - self._line.connection.heard_s:.0f} s ago"
        return why

    async def _ask(self) -> None:
        """What the provider itself says of those that spoke last. A tick since the question outweighs any answer."""
        listening, sample = self._line.listening, self._line.sample()
        spoke_s, began_s = listening.meter.last_s, anyio.current_time()
        within_s = min(OPINION_S, max(SETTLE_S, listening.patience_s(began_s) - SETTLE_S))
        quotes = await second_opinion(self._history, list(sample), within_s=within_s) or {}
        answers = [
            bear_witness(quotes[route.instrument], tick, 0)
            for route, tick in sample.items()
            if route.instrument in quotes
        ]
        if Witness.TRADED in answers:
            await anyio.sleep(SETTLE_S)
        if listening.meter.last_s == spoke_s:
            listening.asked(anyio.current_time(), answers)

    def _until_look_s(self, patience_s: float) -> float:
        """A silence that gets too long is noticed at that moment; one that was found harmless is looked at as any other."""
        return max(LEAST_LOOK_S, patience_s) if 0.0 < patience_s < self._look_interval_s else self._look_interval_s
