"""What the engine brings only because somebody follows it, and may refuse."""

from typing import Any

from web.protocol import Code
from web.sources.followed_list import FollowedList


class WantedList(FollowedList):
    """The engine answers why it can not bring some of it; those who follow that are told so."""

    def _answered(self, result: dict[str, Any]) -> None:
        refused: dict[str, str] = result.get("refused", {})
        for topic in self._hub.topics(self.kind):
            if (why := refused.get(self._name(topic))) is not None:
                self._hub.tell_followers([topic], Code.NOT_AVAILABLE, why)

    def _due(self) -> bool:
        """Of nothing there is nothing to say, once it has been said."""
        return bool(self._told or self._hub.follows(self.kind)) and super()._due()
