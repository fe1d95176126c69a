"""Replays: a recorded day lived through again, by the same adapters and actors, as fast as wanted."""

from engine.replay.digest import Digest, digest_of
from engine.replay.heard import HeardHotStore
from engine.replay.run import Listener, Stage, Summary, replay

__all__ = ["Digest", "HeardHotStore", "Listener", "Stage", "Summary", "digest_of", "replay"]
