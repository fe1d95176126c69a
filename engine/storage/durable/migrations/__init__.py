"""The schema's history: the SQL of each step here, the step that alembic knows in ``versions``."""
