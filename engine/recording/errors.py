"""How recordings fail.

RecordingFileError
├── NotRecordedError    the file is no recording, or of a form this version does not know
├── UnwritableError     a recording can not be kept in that folder
└── MixedDataError      a replay would touch the data of a real or simulated market
"""


class RecordingFileError(Exception):
    """The recording can not be used."""

    def __init__(self, detail: str = "") -> None:
        super().__init__(f"{self.__doc__} {detail}".strip())


class NotRecordedError(RecordingFileError):
    """The file is no recording."""


class UnwritableError(RecordingFileError):
    """Nothing can be recorded there."""


class MixedDataError(RecordingFileError):
    """Recorded and living data must not mix."""
