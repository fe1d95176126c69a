"""Histories of chains say why a figure is missing."""

from engine.storage.durable.steps import run_sql

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Adds the column."""
    run_sql("m0014_chain_reasons.up.sql")


def downgrade() -> None:
    """Takes it away."""
    run_sql("m0014_chain_reasons.down.sql")
