"""The operator's hand in a process: shows its actor tree through the hot store and carries out commands on it."""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, ClassVar

import anyio
import msgspec
import structlog

from actors.messages import Command, Count, Publish
from actors.pace import Pace
from actors.tree import describe, summarize
from engine.runtime import (
    ActorDeadError,
    ActorRef,
    AskTimeoutError,
    DeadLetter,
    KernelError,
    MailboxSpec,
    Overflow,
    TaskActor,
    handles,
)
from engine.storage.errors import StorageUnavailableError
from engine.storage.hot import HotStore

log = structlog.get_logger("ticktree.operator")

COUNT_TIMEOUT_S = 0.5

QUESTIONS = frozenset(
    {"tree", "dead_letters", "clients", "watch", "chains", "depths", "depth", "chart", "last_prices", "credentials"}
)
"""What web processes ask by themselves, again and again; everything else an operator wants to find in the log."""

ASIDE = frozenset({"last_prices", "credentials", "credentials_changed"})
"""What waits for the outside: answered aside, so that a provider that hangs holds up no other question."""
MOST_ASIDE = 64

Answer = Awaitable[Any]
Wish = Callable[[dict[str, Any]], Answer]


class UnknownCommandError(Exception):
    """The process does not know the command."""


class TooBusyError(ValueError):
    """So many of these are being answered that one more would wait too long."""


class Operator(TaskActor):
    """Publishes ``tree:{process}`` every second and answers ``control:{process}``."""

    mailbox: ClassVar[MailboxSpec] = MailboxSpec(capacity=1000, overflow=Overflow.DROP_OLDEST)

    def __init__(
        self,
        process: str,
        hot: HotStore,
        *,
        wishes: Mapping[str, Wish] | None = None,
        counters: Callable[[], Mapping[str, float]] = dict,
        counting: Sequence[ActorRef] = (),
        interval_s: float = Pace().tree_s,
    ) -> None:
        super().__init__()
        self._process = process
        self._hot = hot
        self._counters = counters
        self._counting = counting
        self._interval_s = interval_s
        self._aside = 0
        self._wishes: dict[str, Wish] = {
            "tree": self._tree,
            "restart": self._on_actor("restart"),
            "pause": self._on_actor("pause"),
            "resume": self._on_actor("resume"),
            "stop": self._on_actor("stop_actor"),
            "dead_letters": self._dead_letters,
            **(wishes or {}),
        }

    async def on_start(self) -> None:
        self.send_every(self._interval_s, Publish())
        self.spawn(self._listen)

    @handles(Publish)
    async def on_publish(self, _: Publish) -> None:
        summary = {
            "process": self._process,
            "time": self.system.clock.now_ns() // 1_000_000,
            "tree": summarize(self.system.snapshot()),
            "dead_letters": self.system.dead_letters.count,
            "counters": {**self._counters(), **await self._counted()},
        }
        try:
            await self._hot.publish_tree(self._process, summary)
        except StorageUnavailableError as error:
            log.debug("tree_not_published", error=str(error))

    async def _counted(self) -> dict[str, float]:
        """What the actors that count have counted; one that is being replaced is left out until it is back."""
        counted: Counter[str] = Counter()
        for actor in self._counting:
            try:
                counted.update(await actor.ask(Count(), timeout_s=COUNT_TIMEOUT_S))
            except (ActorDeadError, AskTimeoutError) as error:
                log.debug("counters_missing", error=str(error))
        return dict(counted)

    @handles(Command)
    async def on_command(self, command: Command) -> None:
        if command.command not in ASIDE:
            await self._answer(command, self._carry_out)
        elif self._aside < MOST_ASIDE:
            self._aside += 1
            self.spawn(self._answer_aside, command)
        else:
            await self._answer(command, _refuse)

    async def _answer_aside(self, command: Command) -> None:
        try:
            await self._answer(command, self._carry_out)
        finally:
            self._aside -= 1

    async def _answer(self, command: Command, carry_out: Callable[[Command], Answer]) -> None:
        """Every command is answered, also one that fails; who sent it learns why."""
        try:
            reply = {"ok": True, "result": await carry_out(command)}
        except (KernelError, UnknownCommandError, ValueError, KeyError, TypeError, TimeoutError) as error:
            reply = _refusal(error)
        say = log.debug if command.command in QUESTIONS else log.info
        say("command", command=command.command, ok=reply["ok"], request=command.id)
        try:
            await self._hot.reply(command.id, reply)
        except StorageUnavailableError as error:
            log.warning("command_not_answered", command=command.command, error=str(error))

    async def _carry_out(self, command: Command) -> Any:
        wish = self._wishes.get(command.command)
        if wish is None:
            raise UnknownCommandError(
                f"there is no command {command.command!r}: known are {', '.join(sorted(self._wishes))}"
            )
        return await wish(command.arguments)

    async def _listen(self) -> None:
        """Only what is asked from now on: commands of an earlier life have timed out for whoever sent them."""
        position = ""
        while True:
            try:
                position = position or await self._hot.commands_position(self._process)
                commands = await self._hot.read_commands(self._process, position, int(1000 * self._interval_s))
            except StorageUnavailableError:
                await anyio.sleep(self._interval_s)
                continue
            for identity, content in commands:
                position = identity
                self.actor_ref.tell(Command(content["id"], content["command"], content))

    async def _tree(self, arguments: dict[str, Any]) -> Any:
        return describe(self.system.snapshot(arguments.get("path", "/")))

    async def _dead_letters(self, _: dict[str, Any]) -> Any:
        letters = self.system.dead_letters
        return {"count": letters.count, "sample": [_shown(letter) for letter in letters.sample]}

    def _on_actor(self, action: str) -> Wish:
        async def act(arguments: dict[str, Any]) -> str:
            await getattr(self.system, action)(arguments["path"])
            return arguments["path"]

        return act


def _shown(letter: DeadLetter) -> dict[str, Any]:
    return msgspec.to_builtins(msgspec.structs.replace(letter, time=letter.time // 1_000_000))


async def _refuse(command: Command) -> Any:
    raise TooBusyError(f"{MOST_ASIDE} questions for {command.command} are being answered: ask again in a moment")


def _refusal(error: Exception) -> dict[str, Any]:
    """Its kind, for programs, and its words, for people; Python's own errors say little without their names."""
    kind = type(error).__name__
    words = f"{kind}: {error}" if type(error).__module__ == "builtins" else str(error)
    return {"ok": False, "kind": kind, "error": words}
