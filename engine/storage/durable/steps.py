"""How a migration's SQL file is run: all its statements at once, on the driver's own connection."""

from collections.abc import Coroutine
from pathlib import Path
from typing import Any, cast

import asyncpg
from alembic import op

_FOLDER = Path(__file__).parent / "migrations"


def run_sql(name: str) -> None:
    """Runs an SQL file of the migrations inside the step's transaction."""
    text = (_FOLDER / name).read_text()
    driver = cast("Any", op.get_bind().connection.dbapi_connection)

    def run(connection: asyncpg.Connection) -> Coroutine[Any, Any, str]:
        return connection.execute(text)  # the dialect sends one statement at a time, asyncpg itself many

    driver.run_async(run)
