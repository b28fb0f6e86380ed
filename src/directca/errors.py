"""Every error that the authority can explain, sorted by who must act.

    DirectCAError
      Malformed        the caller: the request itself is wrong                       API 400
      Unauthenticated  the caller: say who you are                                   API 401
      Rejected         the caller's organization: a rule forbids it, for now         API 403
      NotFound         nobody: no such thing, or none that is yours                  API 404
      Conflict         the caller: the thing is not in a state that allows this      API 400
      RateLimited      the caller, later                                             API 429
      Unavailable      the operator: the authority cannot do this now                API 503

Rooms subclass a family and name the trade's own failure with a `slug`, which is part of the published interface. Anything
else that is raised is a bug: the edges answer 500 with a reference and nothing more. OAuth's errors are a family of their own
(`oauth/errors.py`), since RFC 6749 fixes their form.
"""

from typing import ClassVar


class DirectCAError(Exception):
    """A failure with an explanation that is safe to show.

    `detail` is a sentence for the reader that says what to do next. `field` names the input at fault, if there is one. Where the
    detail speaks to the operator, of files and folders, `instead` is what callers are told.
    """

    slug: ClassVar[str] = ""
    instead: ClassVar[str | None] = None

    def __init__(self, detail: str, *, field: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.field = field

    @property
    def for_callers(self) -> str:
        """What edges show."""
        return self.instead or self.detail


class Malformed(DirectCAError):
    """The request is wrong in itself; sending it again unchanged will fail again."""

    slug = "bad_request"


class Unauthenticated(DirectCAError):
    """Nobody valid asked."""

    slug = "unauthenticated"


class Rejected(DirectCAError):
    """A rule of the certificate policy, or of the account, forbids it until somebody changes the facts."""

    slug = "forbidden"


class NotFound(DirectCAError):
    """There is no such thing, or none that belongs to the caller; the two are never told apart."""

    slug = "not_found"


class Conflict(DirectCAError):
    """The thing exists but its state does not allow this."""

    slug = "conflict"


class RateLimited(DirectCAError):
    """Too often. `retry_after` is in whole seconds."""

    slug = "rate_limited"

    def __init__(self, detail: str, *, retry_after: int, field: str | None = None) -> None:
        super().__init__(detail, field=field)
        self.retry_after = retry_after


class Unavailable(DirectCAError):
    """The authority cannot do this now, through no fault of the caller. `retry_after` is in whole seconds."""

    slug = "unavailable"

    def __init__(self, detail: str, *, retry_after: int = 30, field: str | None = None) -> None:
        super().__init__(detail, field=field)
        self.retry_after = retry_after
