"""The screen: the pages' files as they were built from ``web/ui``, read once and kept ready to be sent."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

import msgspec

from web.packing import ENCODINGS, packed_as

BUILT: Final = Path(__file__).parent / "ui" / "dist"
"""Where ``make run`` and the image build them, and where an installed ticktree has them."""

_KINDS: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}


class ScreenFile(msgspec.Struct, frozen=True):
    """One file; its name changes with what it holds."""

    content_type: str
    plain: bytes
    packed: Mapping[str, bytes]
    """By encoding, packed as well as it goes; empty where that makes nothing shorter."""


class Screen(msgspec.Struct, frozen=True):
    """All pages are one, which shows what its address says."""

    page: bytes
    files: Mapping[str, ScreenFile]


@cache
def screen_in(folder: Path) -> Screen | None:
    """What was built there; ``None`` when nothing was. Takes a quarter of a second, once in a process."""
    page = folder / "index.html"
    if not page.is_file():
        return None
    found = (folder / "assets").glob("*")
    return Screen(page.read_bytes(), {file.name: _read(file) for file in found if file.suffix in _KINDS})


def _read(file: Path) -> ScreenFile:
    plain = file.read_bytes()
    packed = {encoding: packed_as(encoding, plain, thorough=True) for encoding in ENCODINGS}
    shorter = {encoding: data for encoding, data in packed.items() if len(data) < len(plain)}
    return ScreenFile(_KINDS[file.suffix], plain, shorter)
