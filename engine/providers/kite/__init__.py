"""Zerodha's Kite Connect: so far its instrument list."""
