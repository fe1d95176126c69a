"""Recordings: what came from providers, kept so that a day can be lived again; see ``docs/recording.md``."""

from engine.recording.errors import MixedDataError, NotRecordedError, RecordingFileError, UnwritableError
from engine.recording.folder import RecordingFolder, require_writable
from engine.recording.reading import read_files
from engine.recording.records import Answer, Ended, Frame, Hole, Lost, Opened, Quoted, Record, Session, time_of

__all__ = [
    "Answer",
    "Ended",
    "Frame",
    "Hole",
    "Lost",
    "MixedDataError",
    "NotRecordedError",
    "Opened",
    "Quoted",
    "Record",
    "RecordingFileError",
    "RecordingFolder",
    "Session",
    "UnwritableError",
    "read_files",
    "require_writable",
    "time_of",
]
