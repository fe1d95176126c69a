"""The clock of a replay: where it starts, and how fast it goes."""

from datetime import datetime

from pydantic import AwareDatetime

from config.settings.field import Group, setting


class Replay(Group):
    """All processes agree on what this clock shows."""

    replay_start: AwareDatetime | None = setting(
        "TICKTREE_REPLAY_START",
        "Where the engine's clock starts, to replay a recording.",
        "a time with its zone such as 2025-12-29T09:15:00+05:30",
        default=None,
    )
    replay_speed: float = setting(
        "TICKTREE_REPLAY_SPEED",
        "How many times faster than real that clock goes.",
        "a number above 0",
        default=1.0,
        gt=0,
    )
    replay_began: AwareDatetime | None = setting(
        "TICKTREE_REPLAY_BEGAN",
        "When, on the machine's clock, that clock showed its start; `ticktree run` tells it to all its processes.",
        "a time with its zone such as 2026-11-20T10:00:00+05:30",
        default=None,
    )

    def replayed_ns(self, now_ns: int) -> int | None:
        """What a replay's clock shows when the machine's shows ``now_ns``, both UTC; ``None`` without a replay.

        All processes agree on it, also one that starts again in between.
        """
        if self.replay_start is None:
            return None
        passed_ns = 0 if self.replay_began is None else now_ns - _ns(self.replay_began)
        return _ns(self.replay_start) + int(passed_ns * self.replay_speed)


def _ns(time: datetime) -> int:
    return int(time.timestamp() * 1e6) * 1_000  # a datetime knows microseconds, a float no more
