"""Our decoders beside the vendors' own parsers: the same messages, turn by turn, in processes of their own.

Each vendor's package has an environment of its own: kiteconnect alone pins a Twisted of years ago. A ratio is that of the
processor time a message costs, theirs by ours, in the median of the pairs of turns. Ours ends in ticks with rounded
prices and nanoseconds, theirs in what the package hands to its user.
"""

import statistics
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.decoding.messages import joined, messages_of
from benchmarks.decoding.turns import write_messages
from benchmarks.frames import FEW_A_FRAME
from benchmarks.processes import Process, started
from benchmarks.vendors import vendor_python

VENDORS = ("dhan", "kite", "yahoo", "databento")
FEWEST_TURNS = 5
TURNS_A_SECOND = 2


def run(seconds: float) -> dict[str, float]:
    """``…_ratio``: how many times longer the vendor's parser takes; ``…_us``: microseconds of ours for one price.

    Dhan's feed sends several packets a frame, of which dhanhq takes the first and drops the others: it gets them one by
    one, and ours twenty a frame. ``dhan_single_ratio`` is of one packet a frame for both.
    """
    turns = max(FEWEST_TURNS, round(seconds * TURNS_A_SECOND / (len(VENDORS) + 1)))
    figures: dict[str, float] = {}
    for vendor in VENDORS:
        messages = messages_of(vendor)
        ours = joined(messages, FEW_A_FRAME) if vendor == "dhan" else messages
        figures |= _compared(vendor, vendor, ours, messages, turns)
        if vendor == "dhan":
            figures |= _compared(vendor, "dhan_single", messages, messages, turns)
    return figures


def _compared(
    vendor: str, name: str, our_messages: Sequence[bytes], their_messages: Sequence[bytes], turns: int
) -> Mapping[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        our_path, their_path = Path(folder, "ours"), Path(folder, "theirs")
        write_messages(our_path, our_messages)
        write_messages(their_path, their_messages)
        with (
            started(["-m", "benchmarks.decoding.ours", vendor, str(our_path)]) as ours,
            started(
                ["-m", f"benchmarks.decoding.by_{vendor}", str(their_path)], python=vendor_python(vendor)
            ) as theirs,
        ):
            for process in (ours, theirs):
                process.wait_until_ready()
                process.ask()  # the first turn fills caches
            pairs = [_pair(ours, theirs) for _ in range(turns)]
    return {
        f"{name}_ratio": statistics.median(their_s / our_s for our_s, their_s in pairs),
        f"{name}_us": statistics.median(our_s for our_s, _ in pairs) * 1e6,
    }


def _pair(ours: Process, theirs: Process) -> tuple[float, float]:
    """Seconds for one price, of each; both have to have found the same."""
    our, their = ours.ask(), theirs.ask()
    if our["found"] != their["found"]:
        raise RuntimeError(f"we found {our['found']} prices where the vendor's parser found {their['found']}")
    return our["cpu_s"] / our["found"], their["cpu_s"] / their["found"]
