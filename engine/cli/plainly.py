"""Errors as sentences: what we raise on purpose is shown without a traceback, what nobody expected keeps it."""

import contextlib
from collections.abc import Generator
from typing import cast

import click


@contextlib.contextmanager
def plainly() -> Generator[None]:
    """Within the block our own errors end the command with their sentence and exit code 1."""
    from engine.archive import ArchiveError
    from engine.credentials import EntryError
    from engine.launcher.place import LaunchError
    from engine.market import MarketError
    from engine.providers.base import ProviderError
    from engine.providers.simulator.faults import FaultError
    from engine.providers.simulator.recordings import RecordingError
    from engine.providers.simulator.vendors import DoorError
    from engine.recording import RecordingFileError
    from engine.storage.errors import StorageError, StorageUnavailableError
    from web.accounts.errors import AccountError

    def sentence(error: BaseException) -> str:
        advice = " `ticktree doctor` looks closer." if isinstance(error, StorageUnavailableError) else ""
        return f"{error}{advice}"

    ours = (
        LaunchError,
        MarketError,
        ProviderError,
        FaultError,
        DoorError,
        RecordingError,
        RecordingFileError,
        ArchiveError,
        StorageError,
        AccountError,
        EntryError,
    )
    try:
        yield
    except ours as error:
        raise click.ClickException(sentence(error)) from None
    except BaseExceptionGroup as group:  # as trio's nurseries raise them
        errors = [error for error in leaves(group) if isinstance(error, ours)]
        if len(errors) < len(leaves(group)):
            raise
        raise click.ClickException("\n".join(map(sentence, errors))) from None


def leaves(error: BaseException) -> list[BaseException]:
    """The errors of a group, however deep; of any other error itself."""
    if not isinstance(error, BaseExceptionGroup):
        return [error]
    members = cast("BaseExceptionGroup[BaseException]", error).exceptions
    return [leaf for member in members for leaf in leaves(member)]
