"""The relay as the simulated exchange plays it."""
