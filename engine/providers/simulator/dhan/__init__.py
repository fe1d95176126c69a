"""Dhan as the simulated exchange plays it: its packets, its live feed, its REST calls."""
