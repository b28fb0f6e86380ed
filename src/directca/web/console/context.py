"""What the console's pages need of the authority; the composition root fills it in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from starlette.requests import Request

from directca.accounts.billing import Billing
from directca.accounts.joining import Joining
from directca.accounts.member import Member
from directca.accounts.person import Session
from directca.accounts.rates import Rates
from directca.accounts.standing import is_officer
from directca.certificates.query import Counts
from directca.clock import Clock
from directca.db.engine import Database
from directca.issuance.context import Issuance
from directca.mail.letter import Post
from directca.notices.context import Webhooks
from directca.notices.model import Subscriber
from directca.oauth import in_person
from directca.oauth.model import Principal
from directca.revocation.context import Revocation
from directca.revocation.model import Requester
from directca.vetting import actors
from directca.vetting.case_model import Actor
from directca.vetting.context import Registration
from directca.vetting.domain_context import Domains
from directca.vetting.domain_model import Claimant
from directca.vetting.provider_context import Providers
from directca.web.context import Web, session_of
from directca.web.forms import Form
from directca.web.next_page import second_factor_address
from directca.web.sessions import Visitor


@dataclass(frozen=True)
class Console:
    """The pages' surroundings, and every verb's. `chains` is each authority's chain, its own certificate first, as DER."""

    web: Web
    database: Database
    clock: Clock
    issuance: Issuance
    revocation: Revocation
    registration: Registration
    domains: Domains
    providers: Providers
    billing: Billing
    joining: Joining
    counts: Counts
    webhooks: Webhooks
    post: Post
    rates: Rates
    chains: Mapping[str, tuple[bytes, ...]]
    begin_revocations: Callable[[str], None]
    """Begins at once with an order of many revocations; if this process ends, upkeep goes on with it."""

    begin_verification: Callable[[str], None]
    """Begins at once with a walk over the journal, or goes on with one; if this process ends, it stands still."""

    look_at_addresses: Callable[[str], None]
    """Begins at once with a file of addresses; if this process ends, upkeep goes on with it."""

    settings: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    """Every section of the settings in force, with the names and values in it; no secret is among them."""

    def visit(self, request: Request) -> "Visit":
        """Who opens a page. Raises SignInFirst."""
        return self._visit(request, self.web.signed_in(request))

    def sent(self, request: Request, form: Form) -> "Visit":
        """Who sent a form, which counts as a call of the API. Raises FormNotOurs, SignInFirst, TooManyCalls."""
        visit = self._visit(request, self.web.sender(request, form))
        self.rates.admit("account", visit.session.person.account_id)
        return visit

    def _visit(self, request: Request, visitor: Visitor) -> "Visit":
        visit = Visit(self, visitor, session_of(visitor))
        # The page of an error that is raised from here on has the console's navigation, and asks no database for it.
        request.state.visitor = visitor
        return visit


@dataclass(frozen=True)
class Visit:
    """Somebody who is signed in and has opened a page or sent a form; and who they are before each room."""

    console: Console
    visitor: Visitor
    session: Session

    @property
    def account_id(self) -> str:
        """The account that they act for."""
        return self.session.person.account_id

    @property
    def principal(self) -> Principal:
        """Before the verbs of certificates."""
        return in_person.principal(self.session)

    @property
    def member(self) -> Member:
        """Before the verbs about the account itself."""
        return Member(self.account_id, self.session.person.id, f"client:{in_person.CONSOLE}", self.session)

    @property
    def claimant(self) -> Claimant:
        """Before the verbs of domains."""
        return Claimant(self.principal.actor, self.account_id)

    @property
    def requester(self) -> Requester:
        """Before the verbs of revocation. Reads the database."""
        person = self.session.person
        with self.console.database.read() as tx:
            officer = is_officer(tx, person.account_id, person.id)
        return Requester(self.principal.actor, person.account_id, officer=officer, shown_at=self.session.second_factor_at)

    @property
    def has_stepped_up(self) -> bool:
        """Whether the second factor was shown lately enough for what asks for it anew: a hint for the page; the verb decides."""
        shown, lately = self.session.second_factor_at, timedelta(seconds=self.console.web.people.sessions.step_up_seconds)
        return shown is not None and self.console.clock.now() - shown <= lately

    def step_up(self, here: str) -> str:
        """Where somebody who has a second factor shows it anew before what an account's administrators do, and comes back from;
        empty when that is not needed. A hint for the page, too."""
        return "" if self.has_stepped_up or not self.session.has_factor else second_factor_address(here)

    @property
    def subscriber(self) -> Subscriber:
        """Before the verbs of events and webhooks."""
        return Subscriber(self.principal.actor, self.account_id, in_person.CONSOLE)

    @property
    def actor(self) -> Actor:
        """Before the verbs of applications. Reads the database."""
        person = self.session.person
        return actors.person(
            self.console.registration, person.account_id, person.id, f"client:{in_person.CONSOLE}", self.session.second_factor_at
        )
