"""What was traded in a stretch of time, again: for connections that begin in the past, and for bars of a second."""

from collections.abc import Iterable, Iterator
from heapq import merge

from engine.providers.simulator.hours import MINUTE_NS
from engine.providers.simulator.tape import Market, Trade


def traded(market: Market, index: int, start_ns: int, end_ns: int) -> Iterator[Trade]:
    """The trades of an instrument in ``[start_ns, end_ns]``, in their order."""
    tape = market.tape_from(index, start_ns // MINUTE_NS * MINUTE_NS)
    while tape is not None and tape.opens_ns <= end_ns:
        for number, time_ns in enumerate(tape.times):
            if start_ns <= time_ns <= end_ns:
                event = tape.event(number)
                if isinstance(event, Trade):
                    yield event
        tape = market.tape_from(index, tape.opens_ns + MINUTE_NS)


def traded_of_all(market: Market, indexes: Iterable[int], start_ns: int, end_ns: int) -> Iterator[tuple[int, Trade]]:
    """The same of several instruments together, with their places."""
    streams = [_placed(market, index, start_ns, end_ns) for index in indexes]
    return merge(*streams, key=lambda placed: placed[1].time_ns)


def _placed(market: Market, index: int, start_ns: int, end_ns: int) -> Iterator[tuple[int, Trade]]:
    for trade in traded(market, index, start_ns, end_ns):
        yield index, trade
