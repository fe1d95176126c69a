"""HTTP by feature: one module a group of paths."""
