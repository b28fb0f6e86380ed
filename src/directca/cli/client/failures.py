"""Why a client command ended without its result; the class decides the exit code.

    ClientFailure
      Refused      the server answered and said no              exit 1
      Misused      the command, or a file on this machine       exit 2
      Unreachable  no answer, or none of a Direct CA            exit 3

These are not of the server's family (`directca.errors`): the client knows the server only by its answers.
"""

from dataclasses import dataclass
from typing import Any, ClassVar


class ClientFailure(Exception):
    """A failure that one or two lines explain; `message` says what to do next."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def lines(self) -> list[str]:
        """What a person reads."""
        return [self.message]

    def as_json(self) -> dict[str, Any]:
        """What a script reads."""
        return {"error": type(self).__name__.lower(), "description": self.message}


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What the server said when it said no."""

    status: int
    slug: str
    description: str
    field: str | None = None
    request_id: str | None = None
    retry_after: str | None = None


class Refused(ClientFailure):
    """The server's own words, with the code that its documentation explains."""

    exit_code = 1

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.description)
        self.refusal = refusal

    def lines(self) -> list[str]:
        """The code and the sentence; then where to point when asking for help."""
        field = f" ({self.refusal.field})" if self.refusal.field else ""
        facts = [f"status {self.refusal.status}"]
        if self.refusal.request_id:
            facts.append(f"request_id {self.refusal.request_id}")
        if self.refusal.retry_after:
            facts.append(f"try again in {self.refusal.retry_after} s")
        return [f"{self.refusal.slug}{field}: {self.message}", " · ".join(facts)]

    def as_json(self) -> dict[str, Any]:
        """The error body as the API defines it, and the status."""
        return {
            "error": self.refusal.slug,
            "description": self.refusal.description,
            "field": self.refusal.field,
            "request_id": self.refusal.request_id,
            "status": self.refusal.status,
        }

    @property
    def settled(self) -> bool:
        """Whether the server has certainly done nothing and will say no again: a client error other than "wait"."""
        return 400 <= self.refusal.status < 500 and self.refusal.status not in {401, 408, 429}


class Misused(ClientFailure):
    """The command cannot be run like this."""

    exit_code = 2


class Unreachable(ClientFailure):
    """Nobody answered, or whoever answered does not speak this API."""

    exit_code = 3
