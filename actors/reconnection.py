"""Reconnection: how a socket beside the feed is kept open, whatever ends it."""

from collections.abc import Awaitable, Callable
from typing import NoReturn

import anyio

from engine.providers.base import Advice, ProviderError
from engine.providers.keyring import Credential, Keyring
from engine.runtime import Backoff

RECONNECT = Backoff(initial_s=1.0, maximum_s=60.0)
REFUSED = Backoff(initial_s=300.0, maximum_s=3_600.0)
"""No price depends on it: a refusal that no new token follows is tried again now and then."""
LOOK_S = 5.0
"""How often it is looked whether there is another token."""
STEADY_S = 30.0
"""A connection that stood so long did serve; one that is cut after its first words must not be opened once a second for ever."""


class Reconnection:
    """Opens the next connection when one has ended, as soon as what ended it allows."""

    def __init__(self, keyring: Keyring, jitter: Callable[[], float]) -> None:
        self._keyring = keyring
        self._jitter = jitter
        self.failures = 0
        """In a row, without a steady connection between them."""

    async def keep(
        self, connected: Callable[[], Awaitable[NoReturn]], ended: Callable[[ProviderError], object]
    ) -> NoReturn:
        """``connected`` is one connection, which raises ProviderError when it ends; ``ended`` hears of that."""
        while True:
            credential, began_s = self._keyring.credential, anyio.current_time()
            try:
                await connected()
            except ProviderError as error:
                is_steady = anyio.current_time() - began_s >= STEADY_S
                self.failures = 1 if is_steady else self.failures + 1
                ended(error)
                await self._rest(error, credential)

    async def _rest(self, error: ProviderError, credential: Credential | None) -> None:
        """Before another try; a new token ends it when it was a token that was refused."""
        if error.advice in (Advice.RETRY, Advice.WAIT):
            pause_s = RECONNECT.delay(self.failures - 1, self._jitter())
            await anyio.sleep(max(pause_s, error.wait_s or 0.0))
            return
        with anyio.move_on_after(REFUSED.delay(self.failures - 1, self._jitter())):
            while self._keyring.credential is credential:  # noqa: ASYNC110 - the keyring tells nobody
                await anyio.sleep(LOOK_S)
