"""Splits, bonuses and dividends are kept, for views that are adjusted for them."""

from engine.storage.durable.steps import run_sql

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Makes the table."""
    run_sql("m0013_corporate_actions.up.sql")


def downgrade() -> None:
    """Takes it away."""
    run_sql("m0013_corporate_actions.down.sql")
