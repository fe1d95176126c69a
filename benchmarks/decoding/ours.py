"""Our decoders, from messages to ticks."""

import sys
import time

from benchmarks.decoding.messages import routes_of
from benchmarks.decoding.turns import take_turns
from engine.providers.databento.decoder import DatabentoDecoder
from engine.providers.dhan.decoder import DhanDecoder
from engine.providers.kite.decoder import KiteDecoder
from engine.providers.yahoo.decoder import YahooDecoder

DECODERS = {"dhan": DhanDecoder, "kite": KiteDecoder, "yahoo": YahooDecoder}


def main() -> None:
    vendor = sys.argv[1]
    routes = routes_of(vendor)
    now_ns = time.time_ns()
    if vendor == "databento":  # a message is a whole session
        take_turns(lambda message: len(DatabentoDecoder(routes).decode(message, now_ns)))
        return
    decoder = DECODERS[vendor](routes)
    take_turns(lambda message: len(decoder.decode(message, now_ns)))


if __name__ == "__main__":
    main()
