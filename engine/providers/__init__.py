"""Market data providers, one package each, behind one contract."""
