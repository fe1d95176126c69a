"""dhanhq's parser: one packet at a time, as it drops what comes behind it in a frame."""

from typing import Any

from dhanhq.marketfeed import MarketFeed

from benchmarks.decoding.turns import take_turns


def main() -> None:
    feed: Any = MarketFeed.__new__(MarketFeed)  # its constructor would set an event loop of its own
    take_turns(lambda message: int(feed.process_data(message) is not None))


if __name__ == "__main__":
    main()
