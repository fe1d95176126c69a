"""What users want to be told of, what they were told, and where else it is sent."""

from engine.storage.durable.steps import run_sql

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Makes the tables."""
    run_sql("m0010_alerts.up.sql")


def downgrade() -> None:
    """Takes them away."""
    run_sql("m0010_alerts.down.sql")
