"""Bringing a database's schema up or down, one caller at a time."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import unquote, urlsplit, urlunsplit

import asyncpg
import msgspec

from engine.storage.durable.errors import reading_address, speaking_postgres
from engine.storage.errors import DurableStoreError

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy import Connection

_FOLDER = Path(__file__).parent / "migrations"
_LOCK = 7_473_101_001
"""The advisory lock that keeps two migrations of one database apart; any number that is ours."""
_TIMEOUT_S = 300.0

Direction = Literal["up", "down", "status"]


class MigrationStatus(msgspec.Struct, frozen=True):
    """Where a schema is, and what is still to come."""

    current: str | None
    newest: str
    pending: tuple[str, ...]

    @property
    def is_current(self) -> bool:
        return not self.pending


def migrate(url: str, direction: Direction) -> MigrationStatus:
    """Goes up to the newest schema, down by one step, or only looks. Makes the database when going up without one.

    Blocks, in a loop of its own: call it from no loop, or from a worker thread.
    """
    return asyncio.run(_migrate(url, direction))


async def _migrate(url: str, direction: Direction) -> MigrationStatus:
    from sqlalchemy.exc import DBAPIError  # noqa: PLC0415
    from sqlalchemy.ext.asyncio import create_async_engine  # noqa: PLC0415 - half a second, 40 MB
    from sqlalchemy.pool import NullPool  # noqa: PLC0415

    with speaking_postgres():
        await _reach_database(url, create=direction == "up")
        connect = lambda: asyncpg.connect(url, timeout=10, command_timeout=_TIMEOUT_S)  # noqa: E731
        engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)
        try:
            async with engine.connect() as connection:
                return await connection.run_sync(_run, direction)
        except DBAPIError as error:
            raise DurableStoreError(f"The migration failed: {error.orig}") from error
        finally:
            await engine.dispose()


async def _reach_database(url: str, *, create: bool) -> None:
    """Sees that the database is there, or makes it from the one that every server has."""
    address = urlsplit(url)
    name = unquote(address.path.lstrip("/"))
    if not name:
        raise DurableStoreError("DATABASE_URL names no database.")
    try:
        with reading_address(url):
            connection = await asyncpg.connect(url, timeout=10)
        await connection.close()
    except asyncpg.InvalidCatalogNameError:
        if not create:
            raise DurableStoreError(f"There is no database {name} yet: ticktree migrate up makes it.") from None
        await _make_database(urlunsplit(address._replace(path="/postgres")), name)


async def _make_database(administration: str, name: str) -> None:
    quoted = name.replace('"', '""')
    try:
        administrator = await asyncpg.connect(administration, timeout=10, command_timeout=60)
        try:
            await administrator.execute(f'CREATE DATABASE "{quoted}"')
        finally:
            await administrator.close()
    except (asyncpg.DuplicateDatabaseError, asyncpg.UniqueViolationError):
        pass  # another process was faster
    except (asyncpg.InsufficientPrivilegeError, asyncpg.InvalidAuthorizationSpecificationError) as error:
        raise DurableStoreError(
            f"There is no database {name}, and this account may not make one: make it, or ask whose server it is."
        ) from error


def _run(connection: "Connection", direction: Direction) -> MigrationStatus:
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    connection.exec_driver_sql(f"SELECT pg_advisory_lock({_LOCK})")
    try:
        if direction == "up":
            command.upgrade(config, "head")
        elif direction == "down" and _status(connection, config).current:
            command.downgrade(config, "-1")
        connection.commit()
        return _status(connection, config)
    finally:
        connection.rollback()
        connection.exec_driver_sql(f"SELECT pg_advisory_unlock({_LOCK})")


def _status(connection: "Connection", config: "Config") -> MigrationStatus:
    from alembic.runtime.migration import MigrationContext  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    scripts = ScriptDirectory.from_config(config)
    current = MigrationContext.configure(connection).get_current_revision()
    steps = [step.revision for step in scripts.walk_revisions()]  # newest first
    pending = steps[: steps.index(current)] if current else steps
    return MigrationStatus(current, steps[0], tuple(reversed(pending)))
