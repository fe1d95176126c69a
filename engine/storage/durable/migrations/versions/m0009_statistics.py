"""What is worked out of a day when it is over, and indexes by which whole days are archived and dropped."""

from engine.storage.durable.steps import run_sql

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Makes table and indexes."""
    run_sql("m0009_statistics.up.sql")


def downgrade() -> None:
    """Takes them away."""
    run_sql("m0009_statistics.down.sql")
