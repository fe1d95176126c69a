"""One step each: what it follows, and the SQL files that go up and back."""
