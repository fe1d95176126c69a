"""One client: what it asked for, what it may ask for, and what it follows."""

import asyncio
from collections import deque
from collections.abc import Coroutine
from dataclasses import dataclass
from types import TracebackType
from typing import ClassVar

import msgspec

from engine.runtime import Actor, ActorRef, MailboxSpec, Overflow, handles
from web.access import AccessError
from web.accounts.principal import Principal
from web.directory import Directory
from web.hub import Hub, Outbox, Resumption
from web.protocol import (
    Authenticate,
    Channel,
    Close,
    CloseChart,
    Code,
    Command,
    GetHistory,
    Item,
    Kind,
    Outcome,
    Ping,
    Problem,
    RequestError,
    Subscribe,
    Subscribed,
    Unsubscribe,
)
from web.sockets.admission import Admission, turn_away
from web.sockets.charts import Chart, Charts
from web.sockets.histories import Histories
from web.sockets.judgement import Judgement
from web.sockets.messages import (
    AuthenticationOverdue,
    Incoming,
    Recognized,
    Resumed,
    ResumptionOverdue,
    ScreenersKnown,
    TaskFailed,
    TokenExpired,
    Wanted,
)
from web.sockets.permissions import permitted
from web.sockets.screeners import Own, Screeners, numbers_of
from web.sockets.shares import SHARES, Shares

AUTHENTICATION_S = 5.0
RESUMPTION_S = 10.0
UNREAD = 64
"""Messages that may wait while somebody is being recognized."""
STREAMS = frozenset({Kind.CANDLE, Kind.STATUS, Kind.JOBS, Kind.ALERTS, Kind.ORDERS, Kind.SCREENING})


@dataclass(frozen=True, slots=True)
class SessionRules:
    """What all sessions of a process share."""

    hub: Hub
    directory: Directory
    admission: Admission
    subscriber: ActorRef
    histories: Histories
    screeners: Screeners


class ClientSession(Actor):
    """Carries out a client's commands, one after the other; pushes do not pass through here."""

    mailbox: ClassVar[MailboxSpec] = MailboxSpec(capacity=256, overflow=Overflow.FAIL)

    def __init__(self, outbox: Outbox, rules: SessionRules, address: str) -> None:
        super().__init__()
        self._outbox = outbox
        self._conversation = outbox.conversation
        self._rules = rules
        self._address = address
        self._resuming: Resumption | None = None
        self._later: deque[Command] = deque()
        self._looking: asyncio.Task[None] | None = None
        """Looks something up, as a key or who owns a screener. What comes meanwhile waits, so that nobody else has to."""
        self._unread: deque[Incoming] = deque()
        self._judgement = Judgement(rules.hub, rules.directory, rules.screeners)
        self._charts = Charts(
            outbox,
            rules.hub,
            rules.histories,
            wake=self._wake,
            failed=lambda error: self.actor_ref.tell(TaskFailed(error)),
        )

    def on_start(self) -> None:
        self._rules.hub.join(self._outbox)
        if not self._conversation.authenticated:
            self.send_after(AUTHENTICATION_S, AuthenticationOverdue())
        self._watch_expiry()

    def on_stop(self) -> None:
        self._leave()

    def on_failure(
        self,
        exception_type: type[BaseException] | None,  # noqa: ARG002 - a crash is reported by the kernel
        exception_value: BaseException | None,  # noqa: ARG002
        traceback: TracebackType | None,  # noqa: ARG002
    ) -> None:
        self._outbox.close(Close.INTERNAL, f"something went wrong here; it has been logged as {self.actor_ref.path}")
        self._leave()

    @handles(Incoming)
    def on_incoming(self, message: Incoming) -> None:
        if self._looking is None:
            self._read(message)
        elif len(self._unread) < UNREAD:
            self._unread.append(message)
        else:
            self._outbox.close(Close.TOO_FAST, "too many messages before the answer")

    @handles(Recognized)
    def on_recognized(self, answer: Recognized) -> None:
        self._looking = None
        if isinstance(answer.found, AccessError):
            self._not_recognized(answer.found, answer.request)
        else:
            self._recognized(answer.found, answer.request)
        self._go_on()

    @handles(ScreenersKnown)
    def on_screeners_known(self, answer: ScreenersKnown) -> None:
        self._looking = None
        self._subscribe(answer.command, answer.own)
        self._go_on()

    def _go_on(self) -> None:
        """With what had to wait: first the commands that were read, then the messages that were not."""
        while self._later and self._resuming is None and self._looking is None:
            self._carry_out(self._later.popleft())
        while self._unread and self._looking is None:
            self._read(self._unread.popleft())

    def _recognized(self, principal: Principal, request: int | str | None) -> None:
        """Who is known already may go on as the same somebody, with what that somebody may follow now."""
        before = self._outbox.principal
        if before is not None and before.kind != "public" and not principal.same_as(before):
            problem = Problem(Code.ALREADY_AUTHENTICATED, "already authenticated as somebody else", id=request)
            self._outbox.send_problem(problem)
        elif self._rules.admission.admit(self._outbox, principal, request):
            self._watch_expiry()
            self._send(self._conversation.dialect.authenticated(request))
            self._end_what_is_not_permitted(principal)

    def _not_recognized(self, error: AccessError, request: int | str | None) -> None:
        """Who is known already stays so until that expires."""
        if self._outbox.principal is None:
            turn_away(self._outbox, error, request)
        else:
            self._outbox.send_problem(Problem(Code.AUTHENTICATION_FAILED, str(error), id=request))

    def _end_what_is_not_permitted(self, principal: Principal) -> None:
        for channel in self._outbox.channels:
            try:
                stays = permitted(channel, principal) == channel
            except RequestError as refusal:
                self._outbox.send_problem(refusal.problem)
                stays = False
            if not stays:
                self._rules.hub.unfollow(self._outbox, channel.name)

    def _watch_expiry(self) -> None:
        principal = self._outbox.principal
        if principal is not None and principal.expires_s is not None:
            self.send_after(max(0.0, principal.expires_s - self._now_s()), TokenExpired(principal))

    @handles(TokenExpired)
    def on_token_expired(self, expired: TokenExpired) -> None:
        if self._outbox.principal is not expired.principal:  # it was renewed
            return
        if (expired.principal.expires_s or 0.0) > self._now_s():  # timers and clocks do not go quite alike
            self._watch_expiry()
            return
        self._outbox.send_problem(Problem(Code.NOT_AUTHENTICATED, "the token has expired: come again with a new one"))
        self._outbox.close(Close.BAD_TOKEN, "the token has expired")

    def _now_s(self) -> float:
        return self.system.clock.now_ns() / 1e9

    def _read(self, message: Incoming) -> None:
        try:
            command = self._conversation.receive(message.data)
        except RequestError as error:
            self._outbox.send_problem(error.problem)
            return
        if self._resuming is None:
            self._carry_out(command)
        else:
            self._later.append(command)

    @handles(AuthenticationOverdue)
    def on_authentication_overdue(self, _: AuthenticationOverdue) -> None:
        if not self._conversation.authenticated:
            self._outbox.send_problem(Problem(Code.TOO_LATE, f"no authentication within {AUTHENTICATION_S:g} s"))
            self._outbox.close(Close.BAD_TOKEN, "not authenticated in time")

    @handles(Resumed)
    def on_resumed(self, _: Resumed) -> None:
        self._resuming = None
        self._go_on()

    @handles(ResumptionOverdue)
    def on_resumption_overdue(self, overdue: ResumptionOverdue) -> None:
        if self._resuming is overdue.resumption:
            overdue.resumption.cancel()
            answer = overdue.resumption.answer
            self._outbox.send_problem(Problem(Code.INTERNAL, "could not resume now", temporary=True, id=answer.id))
            self.on_resumed(Resumed())

    @handles(TaskFailed)
    def on_task_failed(self, failure: TaskFailed) -> None:
        raise failure.error

    def _carry_out(self, command: Command) -> None:
        match command:
            case GetHistory():
                self._show_chart(command)
            case CloseChart():
                self._close_chart(command)
            case Subscribe():
                self._look_up_and_subscribe(command)
            case Unsubscribe():
                self._unsubscribe(command)
            case Authenticate():
                self._authenticate(command)
            case Ping():
                self._send(self._conversation.dialect.pong(command.id))

    def _show_chart(self, command: GetHistory) -> None:
        followed = len(self._outbox.marks) + 2 * len(self._charts)
        outcome, wanted = self._judgement.of(command.item, self._outbox.principal, followed)
        if wanted is None:
            answer = Subscribed("get_history", (outcome,), (), id=command.id)
            self._send(*self._conversation.dialect.subscribed(answer))
            return
        self._charts.open(Chart(*wanted, command.bars))
        self._tell_trouble()

    def _close_chart(self, command: CloseChart) -> None:
        channel = command.item.channel
        outcome = _ended(command.item, channel is not None and self._charts.close(channel))
        self._send(*self._conversation.dialect.subscribed(Subscribed("unsubscribe", (outcome,), (), id=command.id)))

    def _authenticate(self, command: Authenticate) -> None:
        self._look(self._recognize(command))

    def _look(self, work: Coroutine[None, None, None]) -> None:
        self._looking = asyncio.get_running_loop().create_task(work)
        self._looking.add_done_callback(self._looked)

    def _looked(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self.actor_ref.tell(TaskFailed(error))

    async def _recognize(self, command: Authenticate) -> None:
        try:
            found: Principal | AccessError = await self._rules.admission.recognize(command, self._address)
        except AccessError as error:
            found = error
        self.actor_ref.tell(Recognized(command.id, found))

    def _look_up_and_subscribe(self, command: Subscribe) -> None:
        principal, numbers = self._outbox.principal, numbers_of(command)
        if principal is not None and principal.kind == "user" and numbers:
            self._look(self._find_screeners(command, principal.subject, numbers))
        else:
            self._subscribe(command, frozenset())

    async def _find_screeners(self, command: Subscribe, user: str, numbers: set[int]) -> None:
        self.actor_ref.tell(ScreenersKnown(command, await self._rules.screeners.own(user, numbers)))

    def _subscribe(self, command: Subscribe, own: Own) -> None:
        outcomes, wanted = self._judge(command, own)
        streams: list[tuple[Channel, str]] = []
        if command.since is not None:
            streams = [pair for pair in wanted if pair[0].kind in STREAMS]
        for channel, instrument in wanted:
            if (channel, instrument) not in streams:
                self._rules.hub.follow(self._outbox, channel, instrument)
        answer = self._answer("subscribe", command, outcomes, streams)
        if command.since is not None and streams:
            self._resume(Resumption(self._outbox, tuple(streams), command.since, answer, self._resumed))
        else:
            recovered = None if command.since is None else True
            self._send(*self._conversation.dialect.subscribed(msgspec.structs.replace(answer, recovered=recovered)))
            if any(channel.kind is Kind.STATUS for channel, _ in wanted):
                self._rules.hub.show_statuses(self._outbox)
        self._tell_trouble()
        self._wake()

    def _judge(self, command: Subscribe, own: Own) -> tuple[list[Outcome], list[tuple[Channel, str]]]:
        """A result for each item, and the channels that are to be followed and are not yet."""
        followed = {channel.name for channel in self._outbox.channels}
        shares = self._shares(command)
        outcomes: list[Outcome] = []
        wanted: list[tuple[Channel, str]] = []
        for item in command.items:
            outcome, channel = self._judgement.of(item, self._outbox.principal, len(followed), shares, own)
            outcomes.append(outcome)
            if channel is not None and item.name not in followed:
                followed.add(item.name)
                wanted.append(channel)
                if shares is not None:
                    shares.take(channel[0])
        return outcomes, wanted

    def _shares(self, command: Subscribe) -> Shares | None:
        """Where a request names nothing scarce, nobody's fellows are looked for among thousands."""
        if not any(item.channel is not None and item.channel.kind in SHARES for item in command.items):
            return None
        return Shares(self._outbox, self._rules.admission.fellows(self._outbox))

    def _unsubscribe(self, command: Unsubscribe) -> None:
        hub, outbox = self._rules.hub, self._outbox
        outcomes = [_ended(item, hub.unfollow(outbox, item.name)) for item in command.items]
        self._send(*self._conversation.dialect.subscribed(self._answer("unsubscribe", command, outcomes)))

    def _answer(
        self,
        action: str,
        command: Subscribe | Unsubscribe,
        outcomes: list[Outcome],
        coming: list[tuple[Channel, str]] | None = None,
    ) -> Subscribed:
        names = [channel.name for channel in self._outbox.channels] + [channel.name for channel, _ in coming or ()]
        return Subscribed(action, tuple(outcomes), tuple(names), self._rules.hub.position, id=command.id)

    def _resume(self, resumption: Resumption) -> None:
        self._resuming = resumption
        self._rules.hub.resumptions.append(resumption)
        self.send_after(RESUMPTION_S, ResumptionOverdue(resumption))

    def _leave(self) -> None:
        if self._resuming is not None:
            self._resuming.cancel()
        if self._looking is not None:
            self._looking.cancel()
        self._charts.stop()
        self._outbox.close(Close.INTERNAL, "the session ended")
        self._rules.hub.leave(self._outbox)

    def _resumed(self) -> None:
        self.actor_ref.tell(Resumed())

    def _wake(self) -> None:
        self._rules.subscriber.tell(Wanted())

    def _tell_trouble(self) -> None:
        """Who asks for something while prices do not flow well is told so."""
        if self._rules.hub.status.status != "live":
            self._send(self._conversation.dialect.status(self._rules.hub.status))

    def _send(self, *messages: dict[str, object]) -> None:
        self._outbox.send(self._conversation.frame(*messages))


def _ended(item: Item, done: bool) -> Outcome:
    if done:
        return Outcome(item.name)
    return Outcome(item.name, problem=Problem(Code.SYNTAX, f"not subscribed to {item.name}", symbol=item.name))
