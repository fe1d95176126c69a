"""The actors: the thin layer between domain, kernel and stores; one file each."""
