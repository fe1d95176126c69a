"""Option chains are kept as they were, a snapshot a minute."""

from engine.storage.durable.steps import run_sql

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Makes the table."""
    run_sql("m0008_option_chains.up.sql")


def downgrade() -> None:
    """Takes it away."""
    run_sql("m0008_option_chains.down.sql")
