"""What refers to a rule or webhook is found without passing over all there is."""

from engine.storage.durable.steps import run_sql

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Makes the indexes."""
    run_sql("m0017_alert_references.up.sql")


def downgrade() -> None:
    """Takes them away."""
    run_sql("m0017_alert_references.down.sql")
