"""The book as it leaves a process."""

import msgspec
import pytest

from actors.channels import encode_depths
from engine.market.depth import pack_depth, unpack_depth
from tests.storage.depths import NOON_NS, book

PACKED = {
    "instrument": "NSE:HDFCBANK",
    "ts_recv": NOON_NS // 1_000_000,
    "source": "dhan",
    "bids": [[1650.25, 100, 3], [1650.2, 50, 1]],
    "asks": [[1650.3, 70, 2]],
}


def test_a_packed_book_is_a_map_of_rows_best_first() -> None:
    assert msgspec.msgpack.decode(pack_depth(book())) == PACKED
    assert unpack_depth(pack_depth(book())) == book()


def test_what_is_no_book_is_refused() -> None:
    with pytest.raises(msgspec.DecodeError):
        unpack_depth(b"\x80")


def test_a_flush_tells_its_place_in_the_sequence_its_time_and_its_books() -> None:
    assert msgspec.msgpack.decode(encode_depths(5, 7, NOON_NS, [book()])) == [1, 5, 7, NOON_NS, [PACKED]]
