"""A hot store that listens: what clients were told, each stream of it in its own order, as fingerprints."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

from engine.storage.hot import Event
from engine.storage.memory import MemoryHotStore
from engine.storage.packing import unpack_map

NUMBERS = ("time", "open", "high", "low", "close", "volume", "oi", "state", "rev", "source")


class HeardHotStore(MemoryHotStore):
    """Keeps one running fingerprint for each instrument and timeframe, and for each connection of a feed.

    Between streams no order is promised, within one it is. Ids and times of publication differ from run to run, as do
    addresses in the reasons of a status: they are left out. So are the diagnoses of instruments: they are looked at once
    a second, and which of the short ones is seen depends on the moment.
    """

    def __init__(self, now_ns: Callable[[], int], *, retention_days: int = 7) -> None:
        super().__init__(now_ns, retention_days=retention_days)
        self.events = 0
        self._streams: defaultdict[Hashable, Any] = defaultdict(hashlib.sha256)

    async def append_events(self, entries: Sequence[Event]) -> None:
        for _, packed in entries:
            self._hear(unpack_map(packed))
        await super().append_events(entries)

    def fingerprint(self) -> str:
        """The same for all runs in which every stream told the same in the same order."""
        whole = hashlib.sha256()
        for stream in sorted(self._streams, key=str):
            whole.update(f"{stream}{self._streams[stream].hexdigest()}".encode())
        return whole.hexdigest()

    def _hear(self, event: Mapping[str, Any]) -> None:
        self.events += 1
        if event["kind"] == "candle":
            candle = event["candle"]
            self._add((event["symbol"], event["timeframe"]), [candle[name] for name in NUMBERS])
        elif event["kind"] == "status" and "feed" in event:
            self._add((event["feed"],), [event["status"]])

    def _add(self, stream: Hashable, told: Sequence[Any]) -> None:
        self._streams[stream].update(json.dumps(told).encode() + b"\n")
