"""The folder of instrument lists: those that operators lay there, and those that are fetched from providers."""

import re
import time
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import BinaryIO

from engine.providers.base import Advice, ProviderError

LARGEST_BYTES = 256 * 2**20
"""Dhan's detailed list has about 60 MB."""
_FETCHED = "fetched-"
_OLD_S = 2 * 86_400.0
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_PATIENCE_S = 30.0
"""For one piece of an answer."""
_FETCH_S = 600.0


class ListFolder:
    """Lists by name. Names never leave the folder, and addresses come from the settings alone."""

    def __init__(self, folder: Path, addresses: Mapping[str, str]) -> None:
        """``addresses`` says where each provider publishes its list."""
        self._folder = folder
        self._addresses = dict(addresses)

    def path(self, name: str) -> Path:
        """Where a list of that name is, or would be."""
        return self._folder / name

    def laid(self, name: str) -> int:
        """How many bytes a list has that somebody laid here. Raises ProviderError when there is none."""
        if not _NAME.fullmatch(name):
            raise _unusable("a list is named as a file is, with letters, digits, dots and dashes, and without a folder")
        try:
            size = self.path(name).stat().st_size
        except OSError as error:
            raise _unusable(f"there is no list {name} in {self._folder}") from error
        if not 0 < size <= LARGEST_BYTES:
            raise _unusable(f"the list {name} has {size:,} bytes; expected 1 to {LARGEST_BYTES:,}")
        return size

    def fetched_name(self, provider: str, now_ns: int) -> str:
        """What a copy that is fetched then will be called."""
        if provider not in self._addresses:
            raise _unusable(f"nobody knows where {provider} publishes its list: name a file")
        return f"{_FETCHED}{provider}-{now_ns // 1_000_000}.csv"

    def discard(self, name: str) -> None:
        """Deletes a copy that was fetched; what somebody laid here stays."""
        if name.startswith(_FETCHED):
            self.path(name).unlink(missing_ok=True)

    def fetch(self, provider: str, name: str) -> int:
        """Fetches a provider's list and keeps it by that name; its size in bytes. Raises ProviderError.

        Blocks, ten minutes and a half at most: call it in a worker thread.
        """
        import httpx  # noqa: PLC0415 - 0.2 s and 12 MB that most engines never need

        address, partial = self._addresses[provider], self.path(f"{name}.part")
        try:
            self._tidy()
            with (
                httpx.Client(timeout=_PATIENCE_S, trust_env=False) as client,
                client.stream("GET", address) as answer,
                partial.open("wb") as file,
            ):
                if answer.status_code != HTTPStatus.OK:
                    raise _refused(provider, address, answer.status_code)
                size = _copied(answer.iter_bytes(), file)
            partial.replace(self.path(name))
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            why = str(error) or type(error).__name__
            raise ProviderError(f"the list of {provider} can not be had from {address}: {why}") from error
        except OSError as error:
            raise ProviderError(f"the list of {provider} can not be kept: {error.strerror}") from error
        else:
            return size
        finally:
            partial.unlink(missing_ok=True)

    def _tidy(self) -> None:
        """Makes the folder, and deletes what jobs left here that were cancelled."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        before_s = time.time() - _OLD_S
        for path in self._folder.glob(f"{_FETCHED}*"):
            if path.stat().st_mtime < before_s:
                path.unlink(missing_ok=True)


def _copied(pieces: Iterable[bytes], file: BinaryIO) -> int:
    size, until_s = 0, time.monotonic() + _FETCH_S
    for piece in pieces:
        size += len(piece)
        if size > LARGEST_BYTES:
            raise _unusable(f"the list has more than {LARGEST_BYTES:,} bytes")
        if time.monotonic() > until_s:
            raise ProviderError(f"the list did not come within {_FETCH_S:g} s")
        file.write(piece)
    return size


def _refused(provider: str, address: str, status: int) -> ProviderError:
    advice = Advice.RETRY if status >= 500 or status == 429 else Advice.FIX_REQUEST
    return ProviderError(f"the list of {provider} can not be had: {address} answered {status}", advice=advice)


def _unusable(why: str) -> ProviderError:
    return ProviderError(why, advice=Advice.FIX_REQUEST)
