"""Ticks are kept, of the instruments that ask for it."""

from engine.storage.durable.steps import run_sql

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Makes the table, and the mark of those whose ticks are kept."""
    run_sql("m0011_ticks.up.sql")


def downgrade() -> None:
    """Takes both away."""
    run_sql("m0011_ticks.down.sql")
