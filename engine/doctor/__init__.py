"""The doctor: looks at everything a run needs and says in plain words how it is, each look within a few seconds."""

from engine.doctor.examination import examine
from engine.doctor.finding import Finding, Health
from engine.doctor.settings import Explanation, explanations

__all__ = ["Explanation", "Finding", "Health", "examine", "explanations"]
