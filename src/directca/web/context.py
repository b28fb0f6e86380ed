"""What every page needs of the authority; the composition root fills it in."""

from dataclasses import dataclass

from starlette.requests import Request

from directca.accounts import sessions
from directca.accounts.people import People
from directca.oauth.context import OAuth
from directca.web.pages import Pages
from directca.web.sessions import Visitor, VisitorCookies
from directca.web.static_files import StaticFiles


@dataclass(frozen=True)
class Web:
    """The pages' surroundings."""

    people: People
    oauth: OAuth
    pages: Pages
    cookies: VisitorCookies
    static: StaticFiles

    def visitor(self, request: Request) -> Visitor:
        """Who asks. Reads the database: call it in the thread pool."""
        secret = self.cookies.secret(request)
        if secret is None:
            return self.cookies.anonymous()
        return Visitor(secret, sessions.resume(self.people, secret))
