"""Accounts, their sessions, keys and watchlists; from where something was done, and how it went."""

from engine.storage.durable.steps import run_sql

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Makes the tables."""
    run_sql("m0004_accounts.up.sql")


def downgrade() -> None:
    """Takes them away, with all accounts."""
    run_sql("m0004_accounts.down.sql")
