"""What users look for in candles is kept, and what was found last."""

from engine.storage.durable.steps import run_sql

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Makes the tables."""
    run_sql("m0012_screeners.up.sql")


def downgrade() -> None:
    """Takes them away."""
    run_sql("m0012_screeners.down.sql")
