"""Fuzzing of every decoder with atheris, which follows coverage: ``make fuzz``.

It runs in an environment of its own, and is no part of the suite; there, Hypothesis does a smaller share of the same.
"""
