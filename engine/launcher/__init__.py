"""The launcher: a small tree whose children are processes."""
