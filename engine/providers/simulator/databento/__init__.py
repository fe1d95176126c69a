"""Databento as the simulated exchange plays it: the live gateway and the historical ranges; and the relay beside them."""
