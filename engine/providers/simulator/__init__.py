"""The simulated exchange: Dhan's live feed and REST calls on loopback, from a synthetic market or a recording."""
