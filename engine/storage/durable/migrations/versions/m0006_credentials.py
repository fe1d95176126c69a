"""What opens providers' doors is kept, encrypted."""

from engine.storage.durable.steps import run_sql

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Makes the table."""
    run_sql("m0006_credentials.up.sql")


def downgrade() -> None:
    """Takes it away, with what is in it."""
    run_sql("m0006_credentials.down.sql")
