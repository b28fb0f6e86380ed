"""How freshly, and as what, an application wants the person authenticated (RFC 9470 4: `max_age` and `acr_values`).

Whoever is led to sign in, or to show the second factor, comes back with the same request and the moment at which it was first
judged: what was shown since then is fresh, whatever `max_age` says, or nobody could ever meet 0. That moment travels with the
request, so the application could write one itself. It would deceive nobody else: what counts is the moment in the token.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from directca.accounts.policy import shown_within
from directca.accounts.role_errors import StepUpFirst
from directca.oauth.model import SECOND_FACTOR, Authentication
from directca.oauth.protocol import Parameters

ASKED_AT = "asked_at"
PARAMETERS = ("max_age", "acr_values", ASKED_AT)

MEANINGLESS = -1
"""What stands for a `max_age` that is none."""

_SECONDS = re.compile(r"[0-9]{1,10}")
_RETURNS_WITHIN = timedelta(minutes=10)
"""For so long the way through the sign-in pages may take."""


@dataclass(frozen=True)
class WantedAuthentication:
    """What the request asks for. `asked_at` is when somebody was first led to authenticate for it."""

    max_age: int | None = None
    contexts: tuple[str, ...] = ()
    asked_at: datetime | None = None

    @property
    def second_factor(self) -> bool:
        """Whether a second factor is asked for."""
        return SECOND_FACTOR in self.contexts


def wanted(parameters: Parameters) -> WantedAuthentication:
    """What a request asks for; nothing is judged yet."""
    max_age, asked_at = parameters.one("max_age"), parameters.one(ASKED_AT) or ""
    return WantedAuthentication(
        max_age=None if max_age is None else int(max_age) if _SECONDS.fullmatch(max_age) else MEANINGLESS,
        contexts=tuple(word for word in (parameters.one("acr_values") or "").split(" ") if word),
        asked_at=datetime.fromtimestamp(int(asked_at), UTC) if _SECONDS.fullmatch(asked_at) else None,
    )


def check(asked: WantedAuthentication, said: Authentication, now: datetime, *, second_factor_within: int | None) -> None:
    """Raise `StepUpFirst` unless the person was authenticated as is asked; with `second_factor_within`, by a second factor within
    so many seconds besides."""
    if second_factor_within is not None:
        shown_within(said.shown_at, now, second_factor_within)
    if asked.second_factor and said.shown_at is None:
        raise StepUpFirst("The application asks for a second factor.", within=asked.max_age or 0)
    if asked.max_age is None or _since_asked(asked, said, now):
        return
    if said.at is None or now - said.at > timedelta(seconds=asked.max_age):
        raise StepUpFirst("The application asks that you authenticate once more.", within=asked.max_age)


def _since_asked(asked: WantedAuthentication, said: Authentication, now: datetime) -> bool:
    if asked.asked_at is None or said.at is None or not now - _RETURNS_WITHIN <= asked.asked_at <= now:
        return False
    return said.at >= asked.asked_at
