"""The security points: what must hold whatever a client sends, and what must never be seen."""
