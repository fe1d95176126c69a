"""The actor tree as plain values: whole for one who asks, summed up for the picture published every second."""

from collections import Counter
from typing import Any

from engine.runtime import ActorSnapshot

MOST_CHILDREN = 50
"""A supervisor with more children than this is shown by counts and by its most notable ones."""
NOTABLE = 5


def describe(actor: ActorSnapshot) -> dict[str, Any]:
    """One actor and all below it."""
    return {**_own(actor), "children": [describe(child) for child in actor.children]}


def summarize(actor: ActorSnapshot) -> dict[str, Any]:
    """One actor and what matters below it: thousands of equal children become counts and the worst few."""
    if len(actor.children) <= MOST_CHILDREN:
        return {**_own(actor), "children": [summarize(child) for child in actor.children]}
    notable = sorted(actor.children, key=_trouble, reverse=True)[:NOTABLE]
    return {
        **_own(actor),
        "count": len(actor.children),
        "states": dict(Counter(child.state for child in actor.children)),
        "children": [_own(child) for child in notable],
    }


def _own(actor: ActorSnapshot) -> dict[str, Any]:
    mailbox = actor.mailbox
    return {
        "path": actor.path,
        "kind": actor.kind,
        "state": str(actor.state),
        "restarts": actor.restarts,
        "last_error": actor.last_error,
        "uptime_s": round(actor.uptime_s, 1),
        "mailbox": {
            "depth": mailbox.depth,
            "oldest_age_s": round(mailbox.oldest_age_s, 3),
            "processed": mailbox.processed,
            "dropped": mailbox.dropped,
            "conflated": mailbox.conflated,
        },
    }


def _trouble(actor: ActorSnapshot) -> tuple[bool, int, int]:
    """Not running first, then many restarts, then deep mailboxes."""
    return actor.state != "running", actor.restarts, actor.mailbox.depth
