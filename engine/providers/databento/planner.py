"""Which instrument goes over which connection: each dataset has a gateway of its own."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from engine.providers.base import FeedLimits, PlanError, Route
from engine.providers.databento.lines import SYMBOLS_PER_LINE
from engine.providers.databento.symbols import DATASETS, FUTURES_DATASET, stype_of
from engine.providers.planning import listed, refuse_odd, spread

LIMITS: Final = FeedLimits(connections=10, instruments_per_connection=5_000, instruments_per_message=SYMBOLS_PER_LINE)
"""Of each dataset. The gateway does not limit what a connection subscribes; this is ours."""


def plan_connections(routes: Sequence[Route]) -> list[list[Route]]:
    """The routes of each connection, one dataset in each; raises ``PlanError`` for what Databento can not know."""
    refuse_odd(routes, "Databento", _is_known, called="exchange and symbol")
    by_dataset: defaultdict[str, list[Route]] = defaultdict(list)
    for route in routes:
        by_dataset[DATASETS[route.segment]].append(route)
    return [part for members in by_dataset.values() for part in spread(members, LIMITS, "Databento")]


def dataset_of(routes: Sequence[Route]) -> str:
    """The one dataset that all these routes are of; without any, that of the futures."""
    if not routes:
        return FUTURES_DATASET
    datasets = {DATASETS.get(route.segment) for route in routes}
    dataset = datasets.pop() if len(datasets) == 1 else None
    if dataset is None:
        raise PlanError(f"one connection to Databento carries one dataset, not those of {listed(routes)}", routes)
    return dataset


def _is_known(route: Route) -> bool:
    return route.segment in DATASETS and stype_of(route.security_id) is not None
