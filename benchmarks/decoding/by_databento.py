"""The databento package's way with what its gateway sends: records, handed out one by one."""

import asyncio

import databento_dbn
from databento.live.protocol import DatabentoLiveProtocol

from benchmarks.decoding.turns import take_turns


class Counting(DatabentoLiveProtocol):
    """Counts trades, as a program that uses the package would take them."""

    found = 0

    def received_record(self, record: object) -> None:
        self.found += isinstance(record, databento_dbn.TradeMsg)


def decode(message: bytes) -> int:
    """A message is a whole session, from its metadata on."""
    protocol = Counting("db-00000000000000000000000000000", "GLBX.MDP3")
    protocol.connection_made(asyncio.Transport())
    protocol._process_dbn(message)
    return protocol.found


async def main() -> None:
    take_turns(decode)


if __name__ == "__main__":
    asyncio.run(main())
