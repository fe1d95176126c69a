"""The quarantine for prices that were not believed, and jobs that can be taken up again."""

from engine.storage.durable.steps import run_sql

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Makes the table and the columns."""
    run_sql("m0002_quarantine_and_jobs.up.sql")


def downgrade() -> None:
    """Drops them, with everything in them."""
    run_sql("m0002_quarantine_and_jobs.down.sql")
