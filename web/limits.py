"""Rate limits: token buckets, one per address or client, in bounded memory."""

from collections import OrderedDict


class Bucket:
    """Lets ``burst`` through at once and ``rate_per_s`` in the long run; the caller tells the time."""

    __slots__ = ("_filled_s", "_left", "burst", "rate_per_s")

    def __init__(self, rate_per_s: float, burst: float, now_s: float) -> None:
        self.rate_per_s = rate_per_s
        self.burst = burst
        self._left = burst
        self._filled_s = now_s

    def take(self, now_s: float, amount: float = 1.0) -> bool:
        """Whether there was enough left; nothing is taken when not."""
        self._left = min(self.burst, self._left + (now_s - self._filled_s) * self.rate_per_s)
        self._filled_s = now_s
        if self._left < amount:
            return False
        self._left -= amount
        return True

    def holds(self, now_s: float, amount: float = 1.0) -> bool:
        """Whether there is enough left."""
        return min(self.burst, self._left + (now_s - self._filled_s) * self.rate_per_s) >= amount

    def wait_s(self, amount: float = 1.0) -> float:
        """Seconds until ``amount`` will be there again."""
        return max(0.0, (amount - self._left) / self.rate_per_s)


class Throttle:
    """A bucket per key. Beyond ``capacity`` keys the one that was quiet for longest is forgotten."""

    def __init__(self, rate_per_s: float, burst: float, *, capacity: int = 10_000) -> None:
        self._rate_per_s = rate_per_s
        self._burst = burst
        self._capacity = capacity
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def take(self, key: str, now_s: float, rate_per_s: float | None = None, burst: float | None = None) -> float:
        """0 when the request may pass, else the seconds to wait; a key may have a rate and a burst of its own."""
        rate_per_s, burst = rate_per_s or self._rate_per_s, burst or self._burst
        bucket = self._buckets.pop(key, None)
        if bucket is None or (bucket.rate_per_s, bucket.burst) != (rate_per_s, burst):
            bucket = Bucket(rate_per_s, burst, now_s)
        self._buckets[key] = bucket
        if len(self._buckets) > self._capacity:
            self._buckets.popitem(last=False)
        return 0.0 if bucket.take(now_s) else bucket.wait_s()

    def exhausted(self, key: str, now_s: float) -> bool:
        """Whether the next request of this key will have to wait."""
        bucket = self._buckets.get(key)
        return bucket is not None and not bucket.holds(now_s)
