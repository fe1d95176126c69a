"""The parts of the engine's tree: how each child is made. ``engine.app`` says in which order they start."""
