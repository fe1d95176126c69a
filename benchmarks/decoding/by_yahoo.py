"""yfinance's way with a message of the streamer: JSON, base64, protobuf, and a dictionary of it."""

import json

from yfinance.live import BaseWebSocket

from benchmarks.decoding.turns import take_turns


def main() -> None:
    socket = BaseWebSocket(verbose=False)

    def decode(message: bytes) -> int:
        return int("price" in socket._decode_message(json.loads(message).get("message", "")))

    take_turns(decode)


if __name__ == "__main__":
    main()
