"""The states of an actor's life, and which may follow which."""

from enum import StrEnum


class State(StrEnum):
    """Where an actor stands; the value is what operators read."""

    STARTING = "starting"
    RUNNING = "running"
    PAUSED = "paused"
    BACKING_OFF = "backing off"
    STOPPING = "stopping"
    DEAD = "dead"


_NEXT = {
    State.DEAD: {State.STARTING, State.BACKING_OFF},
    State.STARTING: {State.RUNNING, State.STOPPING, State.DEAD},
    State.RUNNING: {State.PAUSED, State.STOPPING, State.DEAD},
    State.PAUSED: {State.RUNNING, State.STOPPING, State.DEAD},
    State.BACKING_OFF: {State.STARTING, State.DEAD},
    State.STOPPING: {State.DEAD},
}


def follows(state: State, following: State) -> bool:
    """Whether an actor may pass from one state to the other."""
    return following in _NEXT[state]
