"""The file format: what was written is read; what is cut off or damaged is named, and costs nothing but itself."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.recording.blocks import START, BlockReader, Damage, pack_block
from engine.recording.errors import NotRecordedError
from engine.recording.records import Record
from tests.recording.samples import BEGAN, BLOCKS, SESSION, Frame

Blocks = Sequence[Sequence[Record]]


def written(blocks: Blocks) -> bytes:
    return START + b"".join(pack_block(number, block) for number, block in enumerate(blocks))


def read(data: bytes, portion: int = 1 << 20) -> tuple[list[list[Record]], list[Damage]]:
    reader = BlockReader()
    items = [item for at in range(0, len(data), portion) for item in reader.feed(data[at : at + portion])]
    items += reader.finish()
    found = [item for item in items if not isinstance(item, Damage)]
    return found, [item for item in items if isinstance(item, Damage)]


@given(blocks=BLOCKS, portion=st.integers(1, 500))
def test_what_was_written_is_read_whatever_the_portions(blocks: Blocks, portion: int) -> None:
    assert read(written(blocks), portion) == (blocks, [])


@given(blocks=BLOCKS, cut=st.floats(0, 1))
def test_a_file_that_was_cut_off_gives_its_whole_blocks_and_says_what_it_skipped(blocks: Blocks, cut: float) -> None:
    data = written(blocks)
    ends = [len(written(blocks[:count])) for count in range(len(blocks) + 1)]
    end = len(START) + int(cut * (len(data) - len(START)))
    whole = sum(block_end <= end for block_end in ends[1:])

    found, damages = read(data[:end])

    assert found == blocks[:whole]
    torn = end - ends[whole]
    assert [damage.length for damage in damages] == ([torn] if torn else [])
    assert all(damage.offset == ends[whole] and "cut off" in damage.what for damage in damages)


@settings(max_examples=200)
@given(
    blocks=BLOCKS.filter(len),
    where=st.floats(0, 1, exclude_max=True),
    bit=st.integers(0, 7),
    portion=st.integers(1, 500),
)
def test_one_bit_that_flipped_costs_one_block_and_is_named(
    blocks: Blocks, where: float, bit: int, portion: int
) -> None:
    data = bytearray(written(blocks))
    place = len(START) + int(where * (len(data) - len(START)))
    data[place] ^= 1 << bit
    hit = sum(len(written(blocks[:count])) <= place for count in range(1, len(blocks) + 1))

    found, damages = read(bytes(data), portion)

    assert found == [*blocks[:hit], *blocks[hit + 1 :]]
    assert len(damages) == 1
    assert damages[0].offset == len(written(blocks[:hit]))
    assert damages[0].length == len(pack_block(hit, blocks[hit]))
    assert f"block {hit}" in damages[0].what or hit == len(blocks) - 1


@given(data=st.binary(max_size=300))
def test_other_files_are_refused_with_a_sentence_or_read_as_damage(data: bytes) -> None:
    with pytest.raises(NotRecordedError, match="no recording"):
        read(data)
    assert read(START + data)[0] == []


def test_a_newer_form_is_refused_by_its_number() -> None:
    with pytest.raises(NotRecordedError, match="Expected version 1, was 2"):
        read(START[:-2] + b"\x02\x00" + pack_block(0, [SESSION]))


def test_frames_of_a_feed_become_far_smaller() -> None:
    frames = [Frame("simulator", 0, BEGAN + number, b"\x02\x00\x32\x01" * 12) for number in range(1_000)]
    assert len(pack_block(0, frames)) < 1_000 * 48 / 4
