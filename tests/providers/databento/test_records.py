from itertools import pairwise
from pathlib import Path

import databento_dbn as dbn
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.providers.databento.metadata import symbol_numbers
from engine.providers.databento.records import Framing, Piece
from tests.providers.databento.streams import begin, heartbeat, metadata, quote, trade, unpacked

STREAM = begin("GC.c.0") + trade() * 100 + quote() + heartbeat() + trade() * 3


def records_of(pieces: list[Piece]) -> list[tuple[int, bytes]]:
    return [
        (run.kind, piece.data[at : at + run.size])
        for piece in pieces
        for run in piece.runs
        for at in range(run.start, run.stop, run.size)
    ]


def pieces_of(data: bytes, cuts: list[int]) -> list[bytes]:
    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[start:stop] for start, stop in pairwise(places)]


@given(st.lists(st.integers(min_value=0, max_value=len(STREAM)), max_size=12))
def test_records_are_the_same_wherever_a_stream_is_cut(cuts: list[int]) -> None:
    whole, framing = Framing(), Framing()

    expected = records_of([whole.push(STREAM)])

    assert records_of([framing.push(piece) for piece in pieces_of(STREAM, cuts)]) == expected
    assert [kind for kind, _ in expected] == [22, *[0] * 100, 1, 23, *[0] * 3]
    assert framing.metadata == whole.metadata == metadata()
    assert framing.broken is None


def test_a_stream_may_come_byte_by_byte() -> None:
    framing = Framing()

    pieces = [framing.push(bytes([byte])) for byte in STREAM]

    assert b"".join(piece.records for piece in pieces) == STREAM[len(metadata()) :]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"HTTP/1.1 400 Bad Request", "no DBN"),
        (b"DBN\x04" + bytes(100), "version 4"),
        (b"DBN\x03\xff\xff\xff\x7f", "2,147,483,647 bytes"),
        (metadata() + bytes(16), "claims 0 bytes"),
        (metadata() + trade() + b"\x03" + bytes(20), "claims 12 bytes"),
    ],
)
def test_a_broken_stream_says_why_and_stays_broken(data: bytes, reason: str) -> None:
    framing = Framing()

    before = framing.push(data).records
    assert framing.broken is not None
    assert reason in framing.broken
    assert framing.push(STREAM).runs == []
    assert before in (b"", trade())  # what came before the break counts


@given(st.lists(st.binary(max_size=300), max_size=8))
def test_no_bytes_upset_it(pieces: list[bytes]) -> None:
    framing = Framing()
    for piece in pieces:
        found = framing.push(piece)
        assert len(found.records) <= len(found.data)


@given(st.lists(st.binary(max_size=300), max_size=8))
def test_no_bytes_after_a_good_beginning_upset_it(pieces: list[bytes]) -> None:
    framing = Framing()
    framing.push(metadata())
    records = b"".join(framing.push(piece).records for piece in pieces)
    assert b"".join(pieces).startswith(records)


FILES = (
    "futures_trades_2024-07-01T23-58_2024-07-02T00-02.dbn.zst",
    "futures_ohlcv-1m_2024-07-01T23-40_2024-07-02T00-10.dbn.zst",
    "test_data.live.dbn.zst",
    "EQUS.MINI/test_data.tbbo.dbn.zst",
    "XNAS.ITCH/test_data.definition.dbn.zst",
)


@pytest.mark.recorded
@pytest.mark.parametrize("name", FILES)
def test_recorded_files_are_cut_as_the_vendor_cuts_them(recordings: Path, name: str) -> None:
    data = unpacked(recordings / "databento" / name)
    decoder = dbn.DBNDecoder(upgrade_policy=dbn.VersionUpgradePolicy.AS_IS)
    head, *records = decoder.write_and_decode(data)
    framing = Framing()

    assert [record for _, record in records_of([framing.push(data)])] == [bytes(record) for record in records]  # pyright: ignore[reportArgumentType]
    assert framing.version == data[3]
    assert isinstance(head, dbn.Metadata)
    assert symbol_numbers(framing.metadata) == {
        symbol: tuple(int(part["symbol"]) for part in parts) for symbol, parts in head.mappings.items()
    }


@given(st.binary(max_size=400))
def test_no_metadata_upsets_its_reader(damage: bytes) -> None:
    for version in (1, 2, 3):
        assert isinstance(symbol_numbers(metadata(version)[:108] + damage), dict)
