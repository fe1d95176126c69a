"""Verdicts on minutes without a candle, in place of the list of gaps; an index of what is there and not sound."""

from engine.storage.durable.steps import run_sql

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Makes the table anew; verdicts that stood are kept."""
    run_sql("m0003_verdicts.up.sql")


def downgrade() -> None:
    """Makes it the list of gaps again."""
    run_sql("m0003_verdicts.down.sql")
