"""What asyncpg raises, in our words."""

import contextlib
import os
import ssl
import struct
from collections.abc import Generator
from urllib.parse import parse_qsl, urlsplit

import asyncpg

from engine.storage.errors import DurableStoreError, DurableStoreUnavailableError, UnfitRowError

_BAD_ADDRESS = "DATABASE_URL is no address: expected postgresql://user:password@host:port/database."

_NOT_TRUSTED = (
    "Its certificate is not trusted ({}). sslrootcert=FILE in DATABASE_URL names the authority that signed it; sslmode=require "
    "encrypts and trusts any."
)
_NOT_ENCRYPTED = "It takes no encrypted connections, and DATABASE_URL asks for one with sslmode."
_NO_ROOT = (
    "DATABASE_URL: expected sslrootcert=FILE with a readable certificate of the authority, because sslmode asks to check the "
    "server's, found none."
)
_BAD_MODE = "DATABASE_URL: sslmode: expected disable, allow, prefer, require, verify-ca or verify-full."

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
_UNFIT = (struct.error, OverflowError, UnicodeError, asyncpg.DataError, asyncpg.IntegrityConstraintViolationError)
"""What a number that is too large raises, a text with a NUL, a time that no day has."""


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
def judging_rows() -> Generator[None]:
    """Around a save: what no row of these can ever be held for is told apart, as UnfitRowError, from what somebody may mend."""
    try:
        yield
    except (DurableStoreError, *_UNFIT) as error:
        cause = error.__cause__ if isinstance(error, DurableStoreError) else error
        if isinstance(cause, _UNFIT):
            raise UnfitRowError(str(cause)) from error
        raise


@contextlib.contextmanager
def reading_address(url: str) -> Generator[None]:
    """Around a connect: what is wrong with an address, or with the encryption it asks for, is told without quoting it."""
    try:
        _check_root(url)
        yield
    except ssl.SSLCertVerificationError as error:  # a ValueError, too
        raise DurableStoreUnavailableError(_NOT_TRUSTED.format(error.verify_message)) from error
    except ssl.SSLError as error:
        raise DurableStoreError(_NO_ROOT) from error
    except asyncpg.ClientConfigurationError as error:
        raise DurableStoreError(_misconfigured(str(error))) from None
    except ConnectionError as error:
        if "rejected SSL upgrade" in str(error):
            raise DurableStoreError(_NOT_ENCRYPTED) from error
        raise
    except ValueError:
        raise DurableStoreError(_BAD_ADDRESS) from None  # the cause may quote the password


def _check_root(url: str) -> None:
    root = dict(parse_qsl(urlsplit(url).query)).get("sslrootcert")
    if root is not None and not os.access(root, os.R_OK):
        raise DurableStoreError(_NO_ROOT)


def _misconfigured(complaint: str) -> str:
    if complaint.startswith("root certificate file"):
        return _NO_ROOT
    return _BAD_MODE if "sslmode" in complaint else _BAD_ADDRESS
