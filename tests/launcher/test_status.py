"""The status line's words."""

from engine.launcher.status import counters_of, feed_words, process_words
from engine.runtime import ActorSnapshot, MailboxStatistics, State

METRICS = """\
# HELP ticktree_counter What processes count.
# TYPE ticktree_counter gauge
ticktree_counter{name="clients",process="web-a"} 3.0
ticktree_counter{name="clients",process="web-b"} 4.0
ticktree_counter{name="ticks",process="engine"} 1.2e+06
ticktree_web_clients{process="web-a"} 3.0
"""


def snapshot(path: str, state: State, restarts: int = 0, *children: ActorSnapshot) -> ActorSnapshot:
    return ActorSnapshot(path, "ProcessActor", state, MailboxStatistics(), restarts, None, 1.0, children)


def test_feeds_are_counted_by_their_state() -> None:
    feeds = {"a/0": {"status": "live"}, "a/1": {"status": "live"}, "b/0": {"status": "stale"}}
    assert feed_words({"feeds": feeds}) == ["feeds 2 live, 1 stale"]


def test_without_a_heartbeat_the_engine_is_down() -> None:
    assert feed_words({"status": "down"}) == ["engine down"]


def test_processes_that_are_away_are_named_and_restarts_summed_up() -> None:
    tree = snapshot(
        "/launcher",
        State.RUNNING,
        0,
        snapshot("/launcher/engine", State.BACKING_OFF, 2),
        snapshot("/launcher/web-1", State.RUNNING, 1),
    )
    assert process_words(tree) == ["engine backing off", "3 restarts"]


def test_counters_of_all_processes_add_up() -> None:
    assert counters_of(METRICS) == {"clients": 7, "ticks": 1_200_000}
