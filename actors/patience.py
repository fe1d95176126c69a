"""Patience: how often who does not answer is asked again, so that one without an answer holds nobody else up."""

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from actors.sources import FOR_GOOD
from engine.providers.base import ProviderError

Answer = TypeVar("Answer")

TRIES: Final = 4
"""Of the first that stays without an answer: about half a minute, with the pauses between a job's tries."""
SILENT: Final = 20
"""So many in a row without an answer, and nobody is asked any more: a token has run out, or the provider is away."""


class Patience:
    """One job's. Right after one that stayed without an answer each is asked once only, until somebody answers."""

    def __init__(self) -> None:
        self.unanswered = 0
        """How many stayed without an answer."""
        self._tries = 0
        self._silent = 0

    async def ask(self, question: Callable[[], Awaitable[Answer]]) -> Answer | None:
        """The answer; None where it is not waited for any longer.

        Raises ProviderError where the question should be tried again, or will never be answered.
        """
        if self._silent >= SILENT:
            self.unanswered += 1
            return None
        try:
            answer = await question()
        except ProviderError as error:
            self._tries += 1
            if error.advice in FOR_GOOD or self._tries < (1 if self._silent else TRIES):
                raise
            self._tries = 0
            self._silent += 1
            self.unanswered += 1
            return None
        self._tries = self._silent = 0
        return answer
