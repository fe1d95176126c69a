"""kiteconnect's parser; its dates come back in local time, which is left as it is."""

from typing import Any

from kiteconnect import KiteTicker

from benchmarks.decoding.turns import take_turns


def main() -> None:
    ticker: Any = KiteTicker("key", "token")
    take_turns(lambda message: len(ticker._parse_binary(message)))


if __name__ == "__main__":
    main()
