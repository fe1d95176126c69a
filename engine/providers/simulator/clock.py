"""The exchange's clock: any start, any speed, and still until it is released."""

from collections.abc import Callable


class ExchangeClock:
    """Shows ``start_ns`` at first and runs at ``speed`` times the clock below it; held, it stands until released."""

    def __init__(
        self,
        now_ns: Callable[[], int],
        *,
        start_ns: int | None = None,
        began_ns: int | None = None,
        speed: float = 1.0,
        held: bool = False,
    ) -> None:
        """It began when the clock below showed ``began_ns``; now by default."""
        self._below = now_ns
        self._began_ns = now_ns() if began_ns is None else began_ns
        self._start_ns = self._began_ns if start_ns is None else start_ns
        self._speed = speed
        self._held = held

    def now_ns(self) -> int:
        if self._held:
            return self._start_ns
        passed_ns = self._below() - self._began_ns
        return self._start_ns + (passed_ns if self._speed == 1.0 else round(passed_ns * self._speed))

    def release(self) -> None:
        """Let a held clock run from where it stands."""
        if self._held:
            self._held = False
            self._began_ns = self._below()
