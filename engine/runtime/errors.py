"""What the kernel refuses or reports; one base to catch.

KernelError
├── ActorDeadError          (also pykka.ActorDeadError)
├── AskTimeoutError         (also TimeoutError)
├── BlockingCallError
├── EscalationError
├── ForeignThreadError
├── MailboxFullError
├── SpecError
├── StartError
├── UnknownMessageError
├── UnknownPathError        (also LookupError)
└── WrongStateError

PlainError stands beside it: a base for errors of actors, which the kernel reports without a traceback.
"""

import pykka


class PlainError(Exception):
    """An actor's failure whose message says all, such as that of something outside: where it was raised helps nobody."""


class KernelError(Exception):
    """The actor kernel refused."""

    def __init__(self, detail: str = "") -> None:
        super().__init__(f"{self.__doc__} {detail}".strip())


class ActorDeadError(KernelError, pykka.ActorDeadError):
    """Nobody is there to answer."""


class AskTimeoutError(KernelError, TimeoutError):
    """No answer came in time."""


class BlockingCallError(KernelError):
    """A call would block the loop's thread."""


class EscalationError(KernelError):
    """A supervisor gave up: its children failed too often."""


class ForeignThreadError(KernelError):
    """Actors live on the loop's thread; other threads come in through system.call_from_thread()."""


class MailboxFullError(KernelError):
    """The mailbox is full."""


class SpecError(KernelError):
    """The child can not be planted."""


class StartError(KernelError):
    """The actor did not start."""


class UnknownMessageError(KernelError):
    """No handler takes this message."""


class UnknownPathError(KernelError, LookupError):
    """No actor has this path."""


class WrongStateError(KernelError):
    """The actor's state does not allow this."""
