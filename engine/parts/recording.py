"""What keeps what providers say, where the settings ask for it."""

from dataclasses import replace
from functools import partial

from actors.recorder import Recorder
from engine.parts.base import Parts, Places
from engine.recording import RecordingFolder
from engine.recording.history import RecordedHistory
from engine.recording.session import session_of
from engine.runtime import GENTLE, ActorSystem, ChildSpec


def recorder(system: ActorSystem, parts: Parts) -> list[ChildSpec]:
    """The one that keeps what providers send, where the settings ask for it."""
    settings, started_ns = parts.settings, system.clock.now_ns()
    if not settings.record_frames:
        return []
    begin = partial(session_of, parts.hot, parts.durable, tuple(parts.providers), started_ns, settings.replay_speed)
    opened = partial(
        RecordingFolder,
        settings.recordings,
        rotate_bytes=settings.record_rotate_mb * 2**20,
        keep_days=settings.record_keep_days,
    )
    return [ChildSpec("recorder", partial(Recorder, begin, opened), backoff=GENTLE)]


def recorded(system: ActorSystem, parts: Parts, at: Places) -> Parts:
    """The same parts; where the settings ask for it, histories tell the recorder what they say, as feeds do."""
    if not parts.settings.record_frames:
        return parts
    tell, now_ns = at.recorder.tell, system.clock.now_ns
    providers = {
        name: replace(provider, history=RecordedHistory(provider.history, name, tell=tell, now_ns=now_ns))
        for name, provider in parts.providers.items()
    }
    return replace(parts, providers=providers)
