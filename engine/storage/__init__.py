"""The stores: Redis for now, PostgreSQL for good, servers for whoever has none, and the bridge that trio calls them by."""
