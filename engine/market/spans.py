"""Spans: stretches of time in doubt, joined and counted by the minute."""

from collections.abc import Iterable

from engine.market.timeframe import MINUTE_NS

Span = tuple[int, int]
"""The first and the last moment of a stretch, both included; ns UTC."""


def joined(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The same minutes as disjoint spans, in order: two between which no whole minute lies become one."""
    found: list[Span] = []
    for start_ns, end_ns in sorted(spans):
        if found and start_ns // MINUTE_NS <= found[-1][1] // MINUTE_NS + 1:
            found[-1] = found[-1][0], max(found[-1][1], end_ns)
        else:
            found.append((start_ns, end_ns))
    return tuple(found)


def at_most(count: int, spans: Iterable[Span]) -> tuple[Span, ...]:
    """Joined, and so few: of more those that lie nearest to each other become one."""
    found = list(joined(spans))
    while len(found) > count:
        nearest = min(range(1, len(found)), key=lambda number: found[number][0] - found[number - 1][1])
        found[nearest - 1 : nearest + 1] = [(found[nearest - 1][0], found[nearest][1])]
    return tuple(found)
