"""The doctor: looks at everything a run needs and says in plain words how it is, each look within a few seconds."""

from engine.doctor.examination import examine
from engine.doctor.finding import Finding, Health

__all__ = ["Finding", "Health", "examine"]
