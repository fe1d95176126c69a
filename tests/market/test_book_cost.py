"""What a book costs: there is one for every instrument, and every tick goes through it."""

import gc
import random
import timeit
import tracemalloc

from engine.market import Calendar, CandleBook, VolumeMeter
from tests.market.builders import GRACE, MINUTE, SECOND, at, tick

BOOKS = 100


def busy(calendar: Calendar, name: str, seed: int) -> tuple[CandleBook, VolumeMeter]:
    """A book with all seven timeframes forming, two minutes open, the ring full and every number an object of its own."""
    book, meter, generator = CandleBook(name, calendar, "dhan"), VolumeMeter(), random.Random(seed)
    ns, volume = at("2025-11-03 14:10:00"), 100_000
    for _ in range(300):
        volume += generator.randint(300, 5000)
        one = tick(ns, generator.uniform(100, 200), volume, open_interest=generator.randint(10**6, 10**7))
        book.add(one, meter.measure(one, book.session_date(ns)))
        book.close_until(ns - GRACE)
        ns += 2 * SECOND
    return book, meter


def test_a_busy_book_takes_less_than_one_and_a_half_kilobytes(nse: Calendar) -> None:
    names = [f"NSE:SHARE{i}" for i in range(BOOKS)]
    busy(nse, names[0], 0)
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        books = [busy(nse, name, seed)[0] for seed, name in enumerate(names)]
        gc.collect()
        each = (tracemalloc.get_traced_memory()[0] - before) / BOOKS
    finally:
        tracemalloc.stop()
    assert len(books[0].forming_all()) >= 7
    assert each < 1536


def test_a_tick_within_the_open_minute_is_cheap(nse: Calendar) -> None:
    """The goal is 0.6 µs; ten times that catches a calendar call or an allocation and not a busy machine."""
    book, meter = busy(nse, "NSE:RELIANCE", 1)
    ns = at("2025-11-03 14:30:01")
    ticks = [tick(ns + i * SECOND // 1000, 150.0 + i % 7, 10**8 + i) for i in range(20_000)]
    day = nse.session_date(ns)

    def feed() -> None:
        for one in ticks:
            book.add(one, meter.measure(one, day))

    assert ticks[-1].ts_event < ns + MINUTE
    assert min(timeit.repeat(feed, number=1, repeat=3)) / len(ticks) < 6e-6
