"""A small world for OAuth tests: one account, one person, applications, a clock that stands until it is moved."""

import secrets
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

from directca.accounts import accounts, people
from directca.accounts.config import PasswordConfig
from directca.accounts.passwords import Passwords
from directca.accounts.people import NewPerson, People
from directca.accounts.person import Person
from directca.db.engine import Database
from directca.journal import store as journal_store
from directca.journal.model import Event
from directca.oauth.applications import NewApplication, Registered, register
from directca.oauth.authorize import AuthorizationRequest, SendBack, consider, decide
from directca.oauth.bearer import authenticate
from directca.oauth.config import OAuthConfig
from directca.oauth.context import OAuth
from directca.oauth.introspect import introspect
from directca.oauth.model import SECOND_FACTOR, Authentication, Principal
from directca.oauth.pkce import challenge
from directca.oauth.protocol import OAuthRequest, OAuthResponse, Parameters
from directca.oauth.revoke import revoke
from directca.oauth.token import token
from tests.clocks import MovableClock

ISSUER = "https://ca.example.org"
CALLBACK = "https://app.example.org/callback"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
MORNING = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


@dataclass
class World:
    """What a test of the authorization server needs."""

    oauth: OAuth
    clock: MovableClock
    people: People
    person: Person
    app: Registered
    public: Registered

    def parameters(self, app: Registered | None = None, **changes: str | None) -> Parameters:
        """An authorization request that is right but for `changes`; None leaves a parameter out."""
        client = (app or self.app).client
        sent: dict[str, str | None] = {
            "client_id": client.client_id,
            "redirect_uri": client.redirect_uris[0],
            "response_type": "code",
            "scope": "tuser.account",
            "state": "xyz",
        }
        return Parameters(tuple((name, value) for name, value in (sent | changes).items() if value is not None))

    def ask(self, app: Registered | None = None, **changes: str | None) -> AuthorizationRequest | SendBack:
        return consider(self.oauth, self.parameters(app, **changes))

    def decide(self, app: Registered | None = None, *, granted: bool = True, **changes: str | None) -> dict[str, str]:
        """Ask and decide; the parameters with which the person is sent back."""
        asked = self.ask(app, **changes)
        assert isinstance(asked, AuthorizationRequest), asked
        said = Authentication(self.clock.now(), SECOND_FACTOR)
        return answer_of(decide(self.oauth, asked, self.person, granted=granted, said=said))

    def code(self, app: Registered | None = None, **changes: str | None) -> str:
        return self.decide(app, **changes)["code"]

    def public_code(self) -> str:
        return self.code(self.public, code_challenge=challenge(VERIFIER), code_challenge_method="S256")

    def redeem(self, code: str, app: Registered | None = None, **changes: str | None) -> OAuthResponse:
        return token(self.oauth, self.form(app, grant_type="authorization_code", code=code, **changes))

    def refresh(self, refresh_token: object, app: Registered | None = None, **changes: str | None) -> OAuthResponse:
        return token(self.oauth, self.form(app, grant_type="refresh_token", refresh_token=str(refresh_token), **changes))

    def revoke(self, presented: object, app: Registered | None = None, **changes: str | None) -> OAuthResponse:
        return revoke(self.oauth, self.form(app, token=str(presented), **changes))

    def introspect(self, presented: object, app: Registered | None = None, **changes: str | None) -> OAuthResponse:
        return introspect(self.oauth, self.form(app, token=str(presented), **changes))

    def tokens(self, **changes: str | None) -> dict[str, object]:
        """The tokens of a fresh grant."""
        answer = self.redeem(self.code(**changes))
        assert answer.status == 200, answer.body
        return answer.body

    def form(self, app: Registered | None = None, **fields: str | None) -> OAuthRequest:
        chosen = app or self.app
        sent = {"client_id": chosen.client.client_id, "client_secret": chosen.secret} | fields
        return OAuthRequest(Parameters(tuple((name, value) for name, value in sent.items() if value is not None)))

    def principal(self, access_token: object) -> Principal:
        return authenticate(self.oauth.database, self.clock, f"Bearer {access_token}")

    def another_app(self, **changes: object) -> Registered:
        return register(self.oauth, replace(NEW_APP, **changes), actor="operator:test")  # type: ignore[arg-type]

    def journal(self, kind: str | None = None) -> list[Event]:
        """What the journal holds, oldest first."""
        with self.oauth.database.read() as tx:
            rows = list(journal_store.rows_after(tx, 0))
        return [row.event for row in rows if kind is None or row.event.kind == kind]

    def suspend_account(self) -> None:
        with self.oauth.database.write() as tx:
            accounts.suspend(tx, self.person.account_id, actor="operator:test", reason="test", at=self.clock.now())


NEW_APP = NewApplication("Clinic Portal", "Example Clinic Inc.", (CALLBACK,))
NEW_PUBLIC_APP = NewApplication(
    "Desktop Client", "Example Clinic Inc.", ("http://127.0.0.1/callback",), confidential=False, native=True
)


def a_world(database: Database) -> World:
    """Everything, ready for a person to grant something."""
    clock = MovableClock(MORNING)
    oauth = OAuth(database, clock, OAuthConfig(ISSUER))
    cheap = PasswordConfig(memory_kib=8, passes=1)
    folk = People(database, clock, secrets.token_bytes, Passwords(cheap, secrets.token_bytes))
    with database.write() as tx:
        account = accounts.open_account(tx, "Example Clinic", actor="operator:test", at=MORNING, random=secrets.token_bytes)
    newcomer = NewPerson(account.id, "manager", "Mary Manager", "a long enough pass phrase")
    person = people.create(folk, newcomer, actor="operator:test")
    app = register(oauth, NEW_APP, actor="operator:test")
    public = register(oauth, NEW_PUBLIC_APP, actor="operator:test")
    return World(oauth, clock, folk, person, app, public)


def answer_of(sent: SendBack) -> dict[str, str]:
    """The parameters of the answer on a redirect URI."""
    return dict(parse_qsl(urlsplit(sent.location).query, keep_blank_values=True))


def error_of(answer: OAuthResponse) -> tuple[int, object]:
    """Status and code of a refusal."""
    return answer.status, answer.body.get("error")
