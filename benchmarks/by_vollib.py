"""py_vollib's way with an option: Jäckel's solver for its volatility, and a function for each Greek, one option at a time."""

import csv
import json
import sys
import time
from pathlib import Path

from vollib.black.greeks.analytical import delta, gamma, theta, vega
from vollib.black.implied_volatility import implied_volatility

Leg = tuple[float, float, float, float, float, str]
"""Price, forward, strike, rate, years, and c or p."""


def main() -> None:
    with Path(sys.argv[-1]).open(newline="") as file:
        legs: list[Leg] = [(*map(float, numbers), flag) for *numbers, flag in csv.reader(file)]
    print("READY", flush=True)
    for _ in sys.stdin:
        began_s = time.process_time()
        total = sum(map(value, legs))
        print(json.dumps({"cpu_s": time.process_time() - began_s, "volatilities": total}), flush=True)


def value(leg: Leg) -> float:
    paid, forward, strike, rate, years, flag = leg
    volatility = implied_volatility(paid, forward, strike, rate, years, flag)
    for greek in (delta, gamma, theta, vega):
        greek(flag, forward, strike, years, rate, volatility)
    return volatility


if __name__ == "__main__":
    main()
