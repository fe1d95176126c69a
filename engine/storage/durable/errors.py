"""What asyncpg raises, in our words."""

import contextlib
from collections.abc import Generator

import asyncpg

from engine.storage.errors import DurableStoreError, DurableStoreUnavailableError

_BAD_ADDRESS = "DATABASE_URL is no address: expected postgresql://user:password@host:port/database."

PASSING = (
    OSError,  # TimeoutError is one
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InternalClientError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InsufficientResourcesError,  # disk or memory full
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.QueryCanceledError,
    asyncpg.ReadOnlySQLTransactionError,  # a replica, until it is promoted
)
"""Errors that end by themselves."""


@contextlib.contextmanager
def speaking_postgres() -> Generator[None]:
    """Turns what asyncpg raises into our errors, without addresses or passwords in their words."""
    try:
        yield
    except TimeoutError as error:
        raise DurableStoreUnavailableError("It did not answer in time.") from error
    except OSError as error:
        raise DurableStoreUnavailableError("The connection was refused or lost.") from error
    except PASSING as error:
        raise DurableStoreUnavailableError(f"It answered: {error}") from error
    except asyncpg.PostgresError as error:
        raise DurableStoreError(f"It answered: {error}") from error


@contextlib.contextmanager
def reading_address() -> Generator[None]:
    """Around a connect: what asyncpg finds wrong with an address is told without quoting it."""
    try:
        yield
    except ValueError:
        raise DurableStoreError(_BAD_ADDRESS) from None  # the cause may quote the password
