"""Of each day it is known whose ticks it has."""

from engine.storage.durable.steps import run_sql

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Makes the tables; the upkeep notes the days there are, one after the other."""
    run_sql("m0016_tick_instruments.up.sql")


def downgrade() -> None:
    """Takes them away."""
    run_sql("m0016_tick_instruments.down.sql")
