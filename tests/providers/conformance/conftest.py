"""Every test of this folder is of every adapter."""

import pytest

from tests.providers.conformance.case import Case
from tests.providers.conformance.cases import CASES


@pytest.fixture(scope="session", params=CASES, ids=str)
def case(request: pytest.FixtureRequest) -> Case:
    return request.param
