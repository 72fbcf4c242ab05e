"""Requests about which webhooks are asked, carried out step by step, so that nobody holds the store while he waits.

Where a webhook's answer is needed that is not known yet the request is given up (`AnswersNeeded`), the webhooks are
called with nothing held, and the request is carried out once more from its beginning, now with their answers. What it
draws at random and its time stay the same: a webhook is asked a second time only where its question has become another
one meanwhile, as upstream asks again when an update is tried again on a newer object.
"""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from minikctl.apimachinery.clock import rfc3339
from minikctl.apimachinery.deepcopy import deep_copy
from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.rand import Rand
from minikctl.apimachinery.request import Request, Response
from minikctl.apiserver.admission.webhooks.transport import Call, CallError

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj
    from minikctl.apiserver.server import Server
    from minikctl.store.sqlite import SQLiteStore

# So often is a request begun anew; after that webhooks are called on the spot, lest it never ends.
_MOST_STEPS = 100


class Answers:
    """What webhooks have answered to a request so far, and what stays the same however often it is begun."""

    __slots__ = ("_known", "_seed", "_steps", "now", "rand")

    def __init__(self, server: Server) -> None:
        self._known: dict[str, Obj | CallError] = {}
        self._seed = server.rand.hex(32)
        self._steps = 0
        self.now = rfc3339(server.clock.now())
        self.rand = Rand(self._seed)

    def begin(self) -> None:
        """The request is begun, or begun anew."""
        self._steps += 1
        self.rand = Rand(self._seed)

    @property
    def patient(self) -> bool:
        """Whether the request may be begun anew."""
        return self._steps <= _MOST_STEPS

    def get(self, question: str) -> Obj | CallError | None:
        """The outcome of a call, None where it is still to be made."""
        return self._known.get(question)

    def keep(self, question: str, outcome: Obj | CallError) -> None:
        self._known[question] = outcome


class AnswersNeeded(Exception):
    """A request that cannot go on without these calls, all of which may be made at once."""

    def __init__(self, answers: Answers, calls: dict[str, Call]) -> None:
        super().__init__("webhooks are to be called")
        self._answers = answers
        self._calls = calls

    def call(self) -> None:
        """Call the webhooks, and wait for all of them. To be done with nothing held, in any thread."""
        *others, last = self._calls.items()
        threads = [threading.Thread(target=self._make, args=other, daemon=True) for other in others]
        for thread in threads:
            thread.start()
        self._make(*last)
        for thread in threads:
            thread.join()

    def _make(self, question: str, call: Call) -> None:
        self._answers.keep(question, call.outcome())


def carry_out(server: Server, request: Request) -> Response:
    """Carry a request out, waiting for webhooks with the store let go."""
    going = steps(server, request)
    while True:
        try:
            needed = next(going)
        except StopIteration as end:
            response: Response = end.value
            return response
        with _let_go(server.storage.store):
            server.aside(needed.call)


@contextmanager
def _let_go(store: SQLiteStore) -> Iterator[None]:
    """Let others write meanwhile; what the transaction under way has written is kept, and it goes on as a new one.

    Such a transaction is a batch of the controllers' work, of which every part may stand for itself.
    """
    depth = 0
    while store.in_transaction:
        store.commit()
        depth += 1
    try:
        yield
    finally:
        for _ in range(depth):
            store.begin()


def steps(server: Server, request: Request) -> Generator[AnswersNeeded, None, Response]:
    """Carry a request out; whoever drives this makes the calls that it yields."""
    answers = Answers(server)
    while True:
        attempt = _attempt(request, answers)
        try:
            response = server.carry_out(attempt)
        except AnswersNeeded as needed:
            yield needed
        except StatusError:
            _note_outcome(request, attempt)
            raise
        else:
            _note_outcome(request, attempt)
            return response


def _attempt(request: Request, answers: Answers) -> Request:
    """A copy of the request, which may be altered and given up."""
    answers.begin()
    attempt = Request(request.verb, request.user)
    for name in Request.__slots__:
        setattr(attempt, name, getattr(request, name))
    attempt.body = deep_copy(request.body)
    attempt.options = deep_copy(request.options)
    attempt.notes = None if request.notes is None else {}
    attempt.repeated = list(request.repeated)
    attempt.answers = answers
    return attempt


def _note_outcome(request: Request, attempt: Request) -> None:
    """Let the request say what carrying it out has shown."""
    for name in ("name", "namespace", "user", "impersonate"):
        setattr(request, name, getattr(attempt, name))
    if request.notes is not None:
        request.notes.update(attempt.notes or {})
