"""Exchanges, instruments, mappings, price history and what the engine remembers of its work."""

from engine.storage.durable.steps import run_sql

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Makes the tables."""
    run_sql("m0001_market_data.up.sql")


def downgrade() -> None:
    """Drops them, with everything in them."""
    run_sql("m0001_market_data.down.sql")
