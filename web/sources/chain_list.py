"""The chain list: tells the engine which option chains the clients of this process follow."""

from typing import Any

from web.hub import Topic
from web.protocol import Kind
from web.sources.wanted_list import WantedList


class ChainList(WantedList):
    """Followed chains, as ``NSE:NIFTY.2026-11-26``; the engine runs them."""

    kind = Kind.CHAIN

    def _name(self, topic: Topic) -> str:
        return f"{topic.instrument}.{topic.key[2]}"

    def _command(self, names: list[str]) -> dict[str, Any]:
        return {"command": "chains", "chains": names}
