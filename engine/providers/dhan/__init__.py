"""Dhan (DhanHQ v2): live feed, history, last prices and instrument master."""
