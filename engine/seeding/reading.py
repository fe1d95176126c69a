"""A list on disk, read in a hundred portions: each can be read again, also by a process that did not read those before."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from engine.providers.base import Advice, ProviderError
from engine.providers.master import Master, MasterFormat, MasterRow, MasterStatistics
from engine.seeding.master import Selection

PORTIONS = 100
_LONGEST_LINE = 16 * 1024
"""In bytes; what is longer is no line of a list, and is counted as several bad ones rather than held."""


class Reading(msgspec.Struct, frozen=True):
    """What was found so far."""

    lines: MasterStatistics
    left_out: int
    """Instruments that were not asked for."""
    expired: int
    """Those that had expired, and are nobody's any more."""


class MasterFile:
    """One list, of whichever of a provider's formats. Reading blocks: call it in a worker thread.

    Portions are stretches of the file. Names that were taken are remembered from its beginning on, so a portion that does
    not follow the last one is reached by reading all before it again: a second or two for 200,000 lines.
    """

    def __init__(self, path: Path, formats: Sequence[MasterFormat], selection: Selection, *, size: int = 0) -> None:
        """``size`` is what it has to be, in bytes, if that is known."""
        self._path = path
        self._formats = formats
        self._selection = selection
        self._size = size
        self._begin()

    def portion(self, number: int) -> list[MasterRow]:
        """The instruments of one portion that were asked for, counted from 0. Raises ProviderError for no list of ours."""
        if number + 1 < self._next:
            self._begin()
        try:
            with self._path.open("rb") as self._file:
                self._check_size()
                self._file.seek(self._offset)
                while self._next <= number:
                    self._last = list(self._taken())
                    self._next += 1
                self._offset = self._file.tell()
        except ProviderError:
            self._begin()
            raise
        except OSError as error:
            self._begin()  # what of this portion was read already is read again
            raise _unusable(f"the list {self._path.name} can not be read: {error.strerror}") from error
        return self._last

    def reading(self) -> Reading:
        """What was found up to the last portion that was read."""
        return Reading(self._master.statistics(), self._left_out, self._expired)

    def _begin(self) -> None:
        self._master = Master(self._lines(), self._formats)
        self._rows = iter(self._master)
        self._last: list[MasterRow] = []
        self._next = self._offset = self._left_out = self._expired = 0

    def _check_size(self) -> None:
        size = self._path.stat().st_size
        if size != (self._size or size):
            raise _unusable(f"the list {self._path.name} has changed since the job began: begin another one")
        self._size = size

    def _taken(self) -> Iterator[MasterRow]:
        end = self._size * (self._next + 1) // PORTIONS
        while self._file.tell() < end or self._next == PORTIONS - 1:
            row = next(self._rows, None)
            if row is None:
                return
            if self._selection.takes(row.instrument):
                yield row
            elif self._selection.is_over(row.instrument):
                self._expired += 1
            else:
                self._left_out += 1

    def _lines(self) -> Iterator[str]:
        """Of whichever file is open: none is kept open between two portions, which may be days apart."""
        while line := self._file.readline(_LONGEST_LINE):
            yield line.decode(errors="replace")  # an odd byte costs a letter of a name at most


def _unusable(why: str) -> ProviderError:
    return ProviderError(why, advice=Advice.FIX_REQUEST)
