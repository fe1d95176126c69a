"""The token alarm: tells an operator once that a provider refuses its token, and what to do."""

from actors.line_voice import LineVoice


class TokenAlarm:
    """One for all lines of a provider: they are refused together, and again and again."""

    def __init__(self, voice: LineVoice) -> None:
        self._voice = voice
        self._is_told = False

    def refused(self, why: str) -> str:
        """Why, and what helps."""
        name = self._voice.provider
        words = (
            f"{name} refuses its token ({why}): enter a new one on the page of operations, with `ticktree credentials set "
            f"{name}`, or as a file in TICKTREE_CREDENTIALS_DIR. It is tried again now and then until there is one."
        )
        if not self._is_told:
            self._is_told = True
            self._voice.alert(words)
        return words

    def accepted(self) -> None:
        """Another token, or one that has served: the next refusal is news again."""
        self._is_told = False
