"""The front door."""

import engine.runtime


def test_what_is_exported_is_sorted_and_there() -> None:
    names = engine.runtime.__all__
    assert names == sorted(names, key=lambda name: (not name.isupper(), name))
    assert all(hasattr(engine.runtime, name) for name in names)
