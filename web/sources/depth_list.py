"""The depth list: tells the engine whose order books the clients of this process follow."""

from typing import Any

from web.hub import Topic
from web.protocol import Kind
from web.sources.wanted_list import WantedList


class DepthList(WantedList):
    """Instruments whose depth is followed; the engine subscribes it."""

    kind = Kind.DEPTH

    def _name(self, topic: Topic) -> str:
        return topic.instrument

    def _command(self, names: list[str]) -> dict[str, Any]:
        return {"command": "depths", "symbols": names}
