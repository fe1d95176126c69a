"""Databento: its live gateway, its historical ranges and its spelling of symbols; and the relay that speaks JSON."""
