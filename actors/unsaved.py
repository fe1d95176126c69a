"""What stands in the hot store alone: the ledger by which a restart knows how far back it has to look."""

from collections import deque


class Unsaved:
    """Follows batches of candles, by their numbers, from the hot store to PostgreSQL. Times are openings, ns UTC."""

    def __init__(self, number: int, since_ns: int) -> None:
        """Everything up to ``number`` was written in an earlier life; ``since_ns`` is its oldest, 0 for none."""
        self.number = number
        self._batches: deque[tuple[int, int]] = deque([(number, since_ns)] if since_ns else [])

    @property
    def since_ns(self) -> int:
        """The oldest opening that may be missing in PostgreSQL; 0 when nothing is."""
        return min((oldest for _, oldest in self._batches), default=0)

    def write(self, oldest_ns: int) -> int:
        """One more batch; the answer is its number."""
        self.number += 1
        while self._batches and self._batches[-1][1] >= oldest_ns:
            self._batches.pop()  # whoever saves this batch has saved that one
        self._batches.append((self.number, oldest_ns))
        return self.number

    def save(self, number: int) -> None:
        """All batches up to this one stand in PostgreSQL."""
        while self._batches and self._batches[0][0] <= number:
            self._batches.popleft()
