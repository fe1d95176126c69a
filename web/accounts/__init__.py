"""Accounts: who somebody is, how they show it, and for how long that holds."""
