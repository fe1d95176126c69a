"""``/metrics`` for Prometheus: this process's hub and tree, and what the other processes publish of theirs."""

from collections.abc import Iterator, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from quart import Blueprint, Response

from actors.auditor import CALENDAR_PREFIX, PREFIX
from actors.credentials import PREFIX as CREDENTIAL_PREFIX
from engine.storage.errors import StorageError
from web.hub import HubStatistics
from web.openapi import document_media
from web.routes.guards import require_admin_or_loopback
from web.services import services

blueprint = Blueprint("metrics", __name__)
blueprint.before_request(require_admin_or_loopback)


@blueprint.get("/metrics")
@document_media("text/plain")
async def metrics() -> Response:
    """One scrape; of the processes that share the port, the one that answers says which it is."""
    rules = services()
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Hub(rules.process, rules.hub.statistics()))
    try:
        registry.register(_Trees(await rules.hot.trees()))
    except StorageError:  # the scrape still tells of this process
        registry.register(_Trees({}))
    return Response(generate_latest(registry), content_type="text/plain; version=0.0.4; charset=utf-8")


class _Hub(Collector):
    def __init__(self, process: str, statistics: HubStatistics) -> None:
        self._process = process
        self._statistics = statistics

    def collect(self) -> Iterator[Metric]:
        told = self._statistics
        yield _gauge("ticktree_web_clients", "Connected WebSocket clients.", {self._process: told.clients})
        yield _gauge("ticktree_web_topics", "Values that clients follow.", {self._process: told.topics})
        pushes = CounterMetricFamily("ticktree_web_pushes", "Updates for clients, by fate.", labels=["process", "fate"])
        for fate in ("delivered", "conflated", "dropped"):
            pushes.add_metric([self._process, fate], getattr(told, fate))
        yield pushes


class _Trees(Collector):
    def __init__(self, trees: Mapping[str, Mapping[str, Any]]) -> None:
        self._trees = trees

    def collect(self) -> Iterator[Metric]:
        trees = self._trees
        yield _gauge("ticktree_process_up", "Processes that showed themselves.", dict.fromkeys(trees, 1))
        letters = {process: tree.get("dead_letters", 0) for process, tree in trees.items()}
        yield _gauge("ticktree_dead_letters", "Messages that found nobody.", letters)
        families = _families()
        for prefix, family in families.items():
            for labels, value in _told(trees, prefix):
                family.add_metric(labels, value)
            yield family
        counters = GaugeMetricFamily("ticktree_counter", "What processes count.", labels=["process", "name"])
        for process, tree in trees.items():
            for name, value in tree.get("counters", {}).items():
                if isinstance(value, int | float) and name.partition(":")[0] not in families:
                    counters.add_metric([process, name], value)
        yield counters


def _families() -> dict[str, GaugeMetricFamily]:
    """The figures that are counted by exchange, under the name that the engine counts them by."""
    return {
        PREFIX: GaugeMetricFamily(
            "ticktree_completeness_percent",
            "Of the last week's buckets, those that traded or were confirmed empty; `all` sums up.",
            labels=["exchange", "timeframe"],
        ),
        CALENDAR_PREFIX: GaugeMetricFamily(
            "ticktree_calendar_days_left",
            "Days for which the exchange's holidays are still known; negative when they have run out.",
            labels=["exchange"],
        ),
        CREDENTIAL_PREFIX: GaugeMetricFamily(
            "ticktree_credential_seconds_left",
            "Until the provider's token ends, where that is known; negative when it has ended.",
            labels=["provider"],
        ),
    }


def _told(trees: Mapping[str, Mapping[str, Any]], prefix: str) -> Iterator[tuple[list[str], float]]:
    """The labels and values of the counters ``PREFIX:LABEL:LABEL``."""
    for tree in trees.values():
        for name, value in tree.get("counters", {}).items():
            kind, *labels = name.split(":")
            if kind == prefix:
                yield labels, value


def _gauge(name: str, help_: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(name, help_, labels=["process"])
    for process, value in values.items():
        family.add_metric([process], value)
    return family
