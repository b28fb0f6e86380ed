"""What every page needs of the authority; the composition root fills it in."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from directca.accounts import sessions
from directca.accounts.factors import Factors, Shown
from directca.accounts.people import People
from directca.accounts.person import Session, Stage
from directca.errors import Unauthenticated
from directca.oauth.context import OAuth
from directca.web.forms import Form, check_own, check_token
from directca.web.pages import Pages
from directca.web.sessions import Visitor, VisitorCookies
from directca.web.static_files import StaticFiles

Made = Callable[[Request, Callable[[], Response]], Awaitable[Response]]
"""Has a page made in a thread of the pool when its turn has come, and refuses the request if that would be too late."""


class SignInFirst(Unauthenticated):
    """The page belongs to somebody, and nobody is signed in in this browser."""

    slug = "sign_in_required"


@dataclass(frozen=True)
class Web:
    """The pages' surroundings."""

    people: People
    factors: Factors
    oauth: OAuth
    pages: Pages
    cookies: VisitorCookies
    static: StaticFiles
    made: Made
    sign_up_open: bool = False
    """Whether people may open accounts by themselves."""

    def visitor(self, request: Request) -> Visitor:
        """Who asks. Reads the database: call it in the thread pool."""
        secret = self.cookies.secret(request)
        if secret is None:
            return self.cookies.anonymous()
        begun = sessions.begun(self.people, secret)
        if begun is None or begun.stage is Stage.COMPLETE:
            return Visitor(secret, begun)
        return Visitor(secret, unfinished=begun)

    def sender(self, request: Request, form: Form) -> Visitor:
        """Who sent the form. Raises `FormNotOurs` if it does not come from this visitor's own page."""
        check_own(request, self.pages.public_url)
        visitor = self.visitor(request)
        check_token(visitor, form)
        return visitor

    def signed_in(self, request: Request) -> Visitor:
        """Who asks, for a page that is somebody's own. Raises `SignInFirst`."""
        visitor = self.visitor(request)
        if visitor.session is None:
            raise SignInFirst("Sign in to see this page.")
        return visitor

    def shown(self, request: Request, form: Form) -> Shown:
        """What was entered as a second factor, and from where."""
        return Shown(
            address=request.client.host if request.client else "",
            code=form.text("code"),
            passkey=form.text("passkey"),
            browser_secret=self.cookies.browser_secret(request),
        )


def session_of(visitor: Visitor) -> Session:
    """The session of somebody who is signed in. Raises `SignInFirst`."""
    if visitor.session is None:
        raise SignInFirst("Your session has ended. Sign in again.")
    return visitor.session


def enrolling(visitor: Visitor) -> Session:
    """The session of somebody who may add second factors: signed in, or of the staff and without one. Raises `SignInFirst`."""
    begun = visitor.session or visitor.unfinished
    if begun is None or begun.stage is Stage.CHALLENGE:
        raise SignInFirst("Sign in to see this page.")
    return begun
