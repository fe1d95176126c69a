"""The chain list: tells the engine which option chains the clients of this process follow."""

from typing import Any

from web.hub import Topic
from web.protocol import Code, Kind
from web.sources.followed_list import FollowedList


class ChainList(FollowedList):
    """Followed chains, as ``NSE:NIFTY.2026-11-26``; the engine answers why it can not run some of them."""

    kind = Kind.CHAIN

    def _name(self, topic: Topic) -> str:
        return f"{topic.instrument}.{topic.key[2]}"

    def _command(self, names: list[str]) -> dict[str, Any]:
        return {"command": "chains", "chains": names}

    def _answered(self, result: dict[str, Any]) -> None:
        refused: dict[str, str] = result.get("refused", {})
        for topic in self._hub.topics(self.kind):
            if (why := refused.get(self._name(topic))) is not None:
                self._hub.tell_followers([topic], Code.NOT_AVAILABLE, why)

    def _due(self) -> bool:
        """Of no chains there is nothing to say, once it has been said."""
        return bool(self._told or self._hub.topics(self.kind)) and super()._due()
