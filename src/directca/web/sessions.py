"""Who is asking: a browser's session cookie, and the token that its forms carry.

The cookie holds 256 random bits. Whoever signs in gets new ones, so a session fixed beforehand is worth nothing. Before that the
browser holds an anonymous session that no table knows; it exists so that the sign-in form, too, carries a token. The token is
derived from the cookie's secret, which no other site can read, set (`__Host-`) or guess.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response

from directca.accounts.person import NewSession, Session

_SECRET_BYTES = 32
_LONGEST_COOKIE = 64
_NOTICE_SECONDS = 60


@dataclass(frozen=True)
class Visitor:
    """The browser that asks. `session` is None for one in which nobody is signed in; `is_new` if it brought no secret.

    `unfinished` is the session of somebody who is about to sign in and lacks the second factor: what is not about showing or
    adding one never looks at it.
    """

    secret: str = field(repr=False)
    session: Session | None = None
    is_new: bool = False
    unfinished: Session | None = None

    @property
    def csrf_token(self) -> str:
        """What every form of this visitor carries."""
        return self._derived("form")

    def notice_token(self, notice: str) -> str:
        """What stands for a notice to this visitor: only this server, when something has happened, hands it out."""
        return self._derived(f"notice {notice}")

    def _derived(self, purpose: str) -> str:
        return hmac.new(self.secret.encode(), b"directca " + purpose.encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True)
class VisitorCookies:
    """The names and attributes of the cookies: the session, the browser that signed in before, a notice to be shown once.

    `__Host-` (RFC 6265bis 4.1.3.2) ties a cookie to this very host; it needs https, so plain http on loopback goes without.
    """

    https: bool
    random: Callable[[int], bytes]
    browser_days: int = 365

    @property
    def session_name(self) -> str:
        """The session cookie's name."""
        return "__Host-directca" if self.https else "directca_session"

    @property
    def browser_name(self) -> str:
        """The name of the cookie that says this browser has signed in before."""
        return "__Host-directca-browser" if self.https else "directca_browser"

    @property
    def notice_name(self) -> str:
        """The name of the cookie that brings a notice from one page to the next."""
        return "__Host-directca-notice" if self.https else "directca_notice"

    def secret(self, request: Request) -> str | None:
        """The session secret that the browser brought, if it could be one of ours."""
        return _plausible(request.cookies.get(self.session_name))

    def browser_secret(self, request: Request) -> str | None:
        """The secret of a browser in which somebody signed in before."""
        return _plausible(request.cookies.get(self.browser_name))

    def anonymous(self) -> Visitor:
        """A visitor with a fresh secret."""
        text = base64.urlsafe_b64encode(self.random(_SECRET_BYTES)).rstrip(b"=").decode()
        return Visitor(text, is_new=True)

    def remember(self, response: Response, secret: str) -> None:
        """Give the browser its session secret; it forgets it when it is closed."""
        self._set(response, self.session_name, secret, None)

    def welcome(self, response: Response, new: NewSession) -> None:
        """Give the browser the secrets of a session that has just begun, or come a step further."""
        self._set(response, self.session_name, new.secret, None)
        if new.browser_secret is not None:
            self._set(response, self.browser_name, new.browser_secret, self.browser_days * 86_400)

    def forget(self, response: Response) -> None:
        """Take the session secret away."""
        self._set(response, self.session_name, "", 0)

    def announce(self, response: Response, visitor: Visitor, notice: str) -> None:
        """Let the visitor's next page show a notice. No link can do that: an address says what anybody writes into it."""
        self._set(response, self.notice_name, visitor.notice_token(notice), _NOTICE_SECONDS)

    def announced(self, request: Request, visitor: Visitor, notice: str) -> bool:
        """Whether this notice waits for the visitor."""
        brought = request.cookies.get(self.notice_name, "")
        return hmac.compare_digest(brought.encode("utf-8", "surrogatepass"), visitor.notice_token(notice).encode())

    def shown(self, response: Response) -> None:
        """The notice was shown; it is not shown again."""
        self._set(response, self.notice_name, "", 0)

    def _set(self, response: Response, name: str, value: str, max_age: int | None) -> None:
        response.set_cookie(name, value, max_age=max_age, path="/", secure=self.https, httponly=True, samesite="lax")


def _plausible(value: str | None) -> str | None:
    if not value or len(value) > _LONGEST_COOKIE or not value.isascii():
        return None
    return value
