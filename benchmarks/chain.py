"""All options of an underlying valued at once: 18 expiries, 3,600 legs, volatilities and Greeks, beside py_vollib.

py_vollib takes one option after the other, as scripts over it do; both value the same legs turn by turn, and have to find
the same volatilities. It has an environment of its own.
"""

import csv
import statistics
import tempfile
import time
import timeit
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.option_market import MONDAY_NOON_NS, books
from benchmarks.processes import Process, started
from benchmarks.vendors import vendor_python
from engine.market.chain_book import ChainBook, snapshots
from engine.market.chain_reading import ChainReading
from engine.market.chain_valuation import value

FEWEST_TURNS = 5
TURNS_A_SECOND = 1
OURS_A_TURN = 20


def run(seconds: float) -> dict[str, float]:
    """``full_chain_ms``: from the quotes of all legs to their volatilities and Greeks, forwards included.

    ``snapshots_ms``: the same with the snapshots that clients get. Both are the best of a turn in the median of the turns, as
    what else the machine does is of no interest. ``ratio_vs_py_vollib``: of the processor time of one leg.
    """
    market = books()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "legs.csv")
        legs = write_legs(market, path)
        with started(["benchmarks/by_vollib.py", str(path)], python=vendor_python("vollib")) as theirs:
            theirs.wait_until_ready()
            theirs.ask()  # the first turn fills caches
            turns = max(FEWEST_TURNS, round(seconds * TURNS_A_SECOND))
            pairs = [_pair(market, theirs, legs) for _ in range(turns)]
    return {
        "legs": float(sum(len(reading.legs) for reading in _readings(market))),
        "full_chain_ms": 1e3 * statistics.median(_best(lambda: value(_readings(market))) for _ in range(turns)),
        "snapshots_ms": 1e3 * statistics.median(_best(lambda: snapshots(market, MONDAY_NOON_NS)) for _ in range(turns)),
        "ratio_vs_py_vollib": statistics.median(their_s / our_s for our_s, their_s in pairs),
        "py_vollib_us": 1e6 * statistics.median(their_s for _, their_s in pairs),
    }


def _readings(market: list[ChainBook]) -> list[ChainReading]:
    return [book.read(MONDAY_NOON_NS) for book in market]


def write_legs(market: list[ChainBook], path: Path) -> int:
    """What py_vollib is given: the legs that have a volatility, with our forwards; how many there are."""
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        count = 0
        for reading, valued in zip(_readings(market), value(_readings(market)), strict=True):
            terms, paid = reading.terms, reading.prices.price
            for place in np.flatnonzero(valued.reason == 0).tolist():
                flag = "c" if terms.is_call[place] else "p"
                numbers = (paid, terms.forward, terms.strike, terms.rate / 100, terms.years)
                rows.writerow([*(repr(float(column[place])) for column in numbers), flag])
                count += 1
    return count


def _pair(market: list[ChainBook], theirs: Process, legs: int) -> tuple[float, float]:
    """Seconds of processor time for one leg, of each."""
    their = theirs.ask()
    began_s = time.process_time()
    for _ in range(OURS_A_TURN):
        valued = value(_readings(market))
    our_s = (time.process_time() - began_s) / OURS_A_TURN
    ours = sum(float(np.nansum(one.volatility)) for one in valued) / 100
    if abs(ours - their["volatilities"]) > 1e-6 * ours:
        raise RuntimeError(f"our volatilities add up to {ours}, py_vollib's to {their['volatilities']}")
    return our_s / sum(len(one.volatility) for one in valued), their["cpu_s"] / legs


def _best(work: Callable[[], object]) -> float:
    """Wall time of the quickest of some calls, in seconds."""
    return min(timeit.repeat(work, number=1, repeat=OURS_A_TURN))
