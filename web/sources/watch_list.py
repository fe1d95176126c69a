"""The watch list: tells the engine which instruments' candles the clients of this process look at."""

from typing import Any

from web.hub import Topic
from web.protocol import Code, Kind
from web.sources.followed_list import FollowedList


class WatchList(FollowedList):
    """Watched instruments; the engine answers which it does not carry."""

    kind = Kind.CANDLE

    def _name(self, topic: Topic) -> str:
        return topic.instrument

    def _command(self, names: list[str]) -> dict[str, Any]:
        return {"command": "watch", "symbols": names}

    def _answered(self, result: dict[str, Any]) -> None:
        for instrument in result.get("unmapped", ()):
            topics = [topic for topic in self._hub.topics() if topic.instrument == instrument]
            self._hub.tell_followers(topics, Code.NOT_AVAILABLE, f"the engine does not carry {instrument} now")
