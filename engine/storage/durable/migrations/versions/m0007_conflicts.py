"""What lists and tables do not agree on is kept for an operator."""

from engine.storage.durable.steps import run_sql

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Makes the table."""
    run_sql("m0007_conflicts.up.sql")


def downgrade() -> None:
    """Takes it away."""
    run_sql("m0007_conflicts.down.sql")
