"""What the tests of entities add, they take out again."""

import pytest


@pytest.fixture(autouse=True)
def as_they_were(entities_as_they_were: None) -> None:
    """Each of them adds some."""
