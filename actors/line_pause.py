"""The pauses of a line: how long it stays away after a failure, and who may end that before its time."""

from collections.abc import Callable
from math import inf
from typing import Final

import anyio

from actors.line import Line
from actors.line_voice import LineVoice
from actors.token_alarm import TokenAlarm
from engine.market.diagnosis import Cause
from engine.providers.base import Advice, ProviderError
from engine.runtime import Backoff

RECONNECT: Final = Backoff(initial_s=0.5, maximum_s=60.0)
AT_ONCE_S: Final = 0.05
"""After a stable connection; each second of the line's silence is a second of all its instruments."""
DEAD_TOKEN: Final = Backoff(initial_s=300.0, maximum_s=3_600.0)
"""Somebody has to enter another one, and wakes us then; a refusal may be a mistake, so it is tried now and then."""
DEFAULT_WAIT_S: Final = {Advice.WAIT: 60.0}
FOR_GOOD: Final = (Advice.FIX_REQUEST, Advice.GIVE_UP)


class LinePause:
    """Of one line. A new credential ends any pause; a change of what it carries ends those that hang on that."""

    def __init__(self, line: Line, voice: LineVoice, alarm: TokenAlarm, jitter: Callable[[], float]) -> None:
        self._line = line
        self._voice = voice
        self._alarm = alarm
        self._jitter = jitter
        self._woken = anyio.Event()
        self._heeds_change = False
        self._refusals = 0
        """Of the token, in a row."""

    def renewed(self) -> None:
        """There is another credential."""
        self._refusals = 0
        self._woken.set()

    def changed(self) -> None:
        """The line is to carry others."""
        if self._heeds_change:
            self._woken.set()

    async def after(self, error: ProviderError, attempt: int) -> bool:
        """Tells of a failure, and waits as long as it asks for; whether somebody has ended the pause."""
        self._tell(error)
        if error.advice in FOR_GOOD:
            return await self.sleep(inf, heeds_change=error.advice is Advice.FIX_REQUEST)
        if error.advice is Advice.NEW_TOKEN:
            pause_s = DEAD_TOKEN.delay(self._refusals, self._jitter())
            self._refusals += 1
        else:
            pause_s = RECONNECT.delay(attempt, self._jitter()) if attempt else AT_ONCE_S
            self._refusals = 0
        return await self.sleep(max(pause_s, error.wait_s or DEFAULT_WAIT_S.get(error.advice, 0.0)))

    async def sleep(self, seconds: float, *, heeds_change: bool = False) -> bool:
        """Whether it was woken."""
        self._heeds_change = heeds_change
        with anyio.move_on_after(seconds):
            await self._woken.wait()
        self._heeds_change = False
        was_woken, self._woken = self._woken.is_set(), anyio.Event()
        return was_woken

    def _tell(self, error: ProviderError) -> None:
        if error.advice is Advice.NEW_TOKEN:
            self._voice.status(self._line, Cause.TOKEN_DEAD, "failed", self._alarm.refused(str(error)))
        else:
            self._voice.status(self._line, Cause.DISCONNECTED, "failed", str(error))
