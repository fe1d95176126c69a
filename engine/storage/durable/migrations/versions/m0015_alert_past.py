"""Rules know what they were put before last, so that what came after it is judged by whoever comes next."""

from engine.storage.durable.steps import run_sql

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Adds the columns."""
    run_sql("m0015_alert_past.up.sql")


def downgrade() -> None:
    """Takes them away."""
    run_sql("m0015_alert_past.down.sql")
