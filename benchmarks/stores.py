"""Servers of the benchmarks' own: a Redis with TimeSeries and a PostgreSQL whose tables list the instruments."""

import contextlib
import random
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Generator
from datetime import date
from pathlib import Path

import anyio
import msgspec

from benchmarks.frames import FIRST_ID, SEGMENT
from engine.market import Instrument, InstrumentKind
from engine.seeding import exchanges
from engine.seeding.book import SeedBook
from engine.storage.durable import DurableStore, ProviderMapping, migrate
from engine.storage.embedded import prepare_postgres, running

TIMESERIES_SERVER = Path(__file__).parent.parent / "scripts" / "timeseries-server"
PROVIDER = "dhan"


class Stores(msgspec.Struct, frozen=True):
    """Where they are; the Redis address lacks its index."""

    redis_url: str
    database_url: str


def free_port() -> int:
    """A port that is free, and the one after it, which the usual design takes as well.

    Below those that the system gives to outgoing connections: a thousand clients would sooner or later hold it.
    """
    while True:
        port = random.randrange(20_000, 32_000, 2)
        with contextlib.suppress(OSError), socket.socket() as one, socket.socket() as next_one:
            one.bind(("127.0.0.1", port))
            next_one.bind(("127.0.0.1", port + 1))
            return port


def symbol(number: int) -> str:
    return f"SYM{number:05d}"


@contextlib.contextmanager
def own_stores(instruments: int | SeedBook) -> Generator[Stores]:
    """Both servers, gone afterwards; a number stands for as many made-up shares."""
    book = shares(instruments) if isinstance(instruments, int) else instruments
    folder = Path(tempfile.mkdtemp(prefix="tb-", dir="/tmp"))
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        redis_url = stack.enter_context(_timeseries())
        log = stack.enter_context((folder / "postgres.log").open("wb"))
        database_url = stack.enter_context(running(prepare_postgres(folder), log=log)).url
        migrate(database_url, "up")
        anyio.run(_list_instruments, database_url, book)
        yield Stores(redis_url, database_url)


@contextlib.contextmanager
def _timeseries() -> Generator[str]:
    port = free_port()
    started = subprocess.run([TIMESERIES_SERVER, str(port)], check=True, stdout=subprocess.PIPE, text=True)
    try:
        yield started.stdout.strip().rsplit("/", 1)[0]
    finally:
        subprocess.run([TIMESERIES_SERVER, "stop", str(port)], check=False)


def shares(count: int) -> SeedBook:
    """As the feeds of most benchmarks number them."""
    return SeedBook(
        [Instrument(0, "NSE", symbol(number), symbol(number), InstrumentKind.EQUITY, 0.05) for number in range(count)],
        [
            ProviderMapping(
                provider=PROVIDER,
                instrument=f"NSE:{symbol(number)}",
                segment=SEGMENT,
                provider_symbol=str(FIRST_ID + number),
                valid_from=date(1970, 1, 1),
            )
            for number in range(count)
        ],
    )


async def _list_instruments(database_url: str, book: SeedBook) -> None:
    durable = await DurableStore.connect(database_url)
    await durable.seed(exchanges(around_the_clock=True), book.instruments, book.mappings)
    await durable.close()
