"""The actor kernel: pykka's model on an event loop, with supervision; runs on trio and on asyncio through anyio."""

from engine.runtime.actor import Actor
from engine.runtime.backoff import GENTLE, NONE, Backoff
from engine.runtime.child_spec import ChildSpec, Restart
from engine.runtime.circuit import Circuit
from engine.runtime.clock import Clock, LoopClock, ReplayClock, SystemClock
from engine.runtime.collector import resting, settle
from engine.runtime.dead_letters import DeadLetter, DeadLetters
from engine.runtime.dynamic_supervisor import DynamicSupervisor, StartChild, StartChildren, StopChild, StopChildren
from engine.runtime.errors import (
    ActorDeadError,
    AskTimeoutError,
    BlockingCallError,
    EscalationError,
    ForeignThreadError,
    KernelError,
    MailboxFullError,
    PlainError,
    SpecError,
    StartError,
    UnknownMessageError,
    UnknownPathError,
    WrongStateError,
)
from engine.runtime.handlers import handles
from engine.runtime.mailbox_spec import Conflate, MailboxSpec, MailboxStatistics, Overflow
from engine.runtime.mortality import HealPoint, reach
from engine.runtime.ref import ActorRef
from engine.runtime.reply import Refused
from engine.runtime.snapshot import ActorSnapshot
from engine.runtime.state import State
from engine.runtime.strategy import ONE_FOR_ALL, ONE_FOR_ONE, REST_FOR_ONE, Strategy
from engine.runtime.supervisor import Supervisor
from engine.runtime.system import ActorSystem
from engine.runtime.task_actor import TaskActor
from engine.runtime.terminated import Terminated
from engine.runtime.timers import Timer
from engine.runtime.turns import ShuffledTurns, Turns

__all__ = [
    "GENTLE",
    "NONE",
    "ONE_FOR_ALL",
    "ONE_FOR_ONE",
    "REST_FOR_ONE",
    "Actor",
    "ActorDeadError",
    "ActorRef",
    "ActorSnapshot",
    "ActorSystem",
    "AskTimeoutError",
    "Backoff",
    "BlockingCallError",
    "ChildSpec",
    "Circuit",
    "Clock",
    "Conflate",
    "DeadLetter",
    "DeadLetters",
    "DynamicSupervisor",
    "EscalationError",
    "ForeignThreadError",
    "HealPoint",
    "KernelError",
    "LoopClock",
    "MailboxFullError",
    "MailboxSpec",
    "MailboxStatistics",
    "Overflow",
    "PlainError",
    "Refused",
    "ReplayClock",
    "Restart",
    "ShuffledTurns",
    "SpecError",
    "StartChild",
    "StartChildren",
    "StartError",
    "State",
    "StopChild",
    "StopChildren",
    "Strategy",
    "Supervisor",
    "SystemClock",
    "TaskActor",
    "Terminated",
    "Timer",
    "Turns",
    "UnknownMessageError",
    "UnknownPathError",
    "WrongStateError",
    "handles",
    "reach",
    "resting",
    "settle",
]
