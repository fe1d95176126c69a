"""What users look for in candles is kept, and what was found last."""

from engine.storage.durable.steps import run_sql

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Makes the tables."""
    run_sql("m0011_screeners.up.sql")


def downgrade() -> None:
    """Takes them away."""
    run_sql("m0011_screeners.down.sql")
