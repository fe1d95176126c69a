"""Jobs: long work that an operator begins and changes."""

from typing import Any

from actors.messages.message import Message
from engine.storage.durable import Job


class StartJob(Message, frozen=True, gc=False):
    """Begin a piece of long work; answered with the job as it stands then."""

    kind: str
    arguments: dict[str, Any]


class ChangeJob(Message, frozen=True, gc=False):
    """``pause``, ``resume``, ``cancel`` or ``retry`` a job; answered with the job as it stands then."""

    id: str
    action: str


class JobChanged(Message, frozen=True, gc=False):
    """A job got somewhere, or to its end."""

    job: Job


class ForgetJobs(Message, frozen=True, gc=False):
    """Forget the jobs that ended long ago."""


class LookAtDays(Message, frozen=True, gc=False):
    """Is there a trading day that is over and has not been worked through?"""


class LookAtScreens(Message, frozen=True, gc=False):
    """Is there a screener that is to be run by itself?"""


class LookAtLists(Message, frozen=True, gc=False):
    """Is one of the providers' instrument lists to be read again?"""
