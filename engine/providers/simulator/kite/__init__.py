"""The exchange as Kite plays it: binary ticker, REST calls, and the daily login."""
