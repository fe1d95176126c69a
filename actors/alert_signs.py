"""What feeds and tokens show, for rules about them: also where nothing is shown at all."""

from collections.abc import Mapping
from typing import Any, Final

from engine.market.alert_rule import NS_PER_S
from engine.market.diagnosis import Cause

WELL: Final = ("live", "closed")
"""What a feed is while nothing is wrong with it."""

Beat = Mapping[str, Any]
Feed = Mapping[str, Any]


class FeedSigns:
    """Reads heartbeats. A feed that was never shown is down since it was first looked for."""

    def __init__(self, providers: Mapping[str, bool]) -> None:
        """Those that are set up, and whether each needs a token."""
        self._providers = providers
        self._missing_since_ns: dict[str, int] = {}

    def worst(self, beat: Beat, provider: str, now_ns: int) -> tuple[str, float, str]:
        """Of a provider's connections the one that has been unwell longest: its status, for how many seconds, and why."""
        feeds = _feeds_of(beat, provider)
        if not feeds and provider in self._providers:
            since_ns = self._missing_since_ns.setdefault(provider, now_ns)
            return "missing", (now_ns - since_ns) / NS_PER_S, "nothing is heard of it"
        self._missing_since_ns.pop(provider, None)
        unwell = [feed for feed in feeds if feed["status"] not in WELL]
        if not unwell:
            return "live", 0.0, ""
        worst = min(unwell, key=lambda feed: feed["since"])
        return worst["status"], now_ns / NS_PER_S - worst["since"] / 1_000, worst["why"]

    def token_left_s(self, in_force: Mapping[str, Any], beat: Beat, provider: str, now_ns: int) -> float | None:
        """For how long a provider's token is good: 0 where there is none, or it is refused; ``None``: nobody knows an end."""
        token = in_force.get(provider)
        if token is None:
            return 0.0 if self._providers.get(provider) else None
        if any(feed.get("cause") == Cause.TOKEN_DEAD for feed in _feeds_of(beat, provider)):
            return 0.0
        ends_ms = token.get("expires_at")
        return None if ends_ms is None else ends_ms / 1_000 - now_ns / NS_PER_S


def _feeds_of(beat: Beat, provider: str) -> list[Feed]:
    return [feed for name, feed in beat.get("feeds", {}).items() if name.partition("/")[0] == provider]
