"""What was published after a time is found without reading what was published before."""

from engine.storage.durable.steps import run_sql

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Makes the indexes."""
    run_sql("m0005_published_after.up.sql")


def downgrade() -> None:
    """Takes them away."""
    run_sql("m0005_published_after.down.sql")
