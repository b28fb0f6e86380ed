"""The authorization endpoint (RFC 6749 4.1.1, 4.1.2; RFC 7636 4.3; RFC 9207; RFC 9470 4). The page is docs/flows/authorize.md.

Two lists of checks. While the first is not through, nothing can be trusted and the person is shown a page; after it every
mistake goes back to the application on its own redirect URI. Nothing is stored until the person grants.
"""

import re
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

from directca.accounts import permissions
from directca.accounts.person import Person
from directca.accounts.standing import standing
from directca.db.engine import Tx
from directca.journal.model import Event, Fact
from directca.journal.record import append
from directca.oauth import freshness, pkce, redirects, scopes, store, tokens
from directca.oauth.context import OAuth
from directca.oauth.errors import (
    AccessDenied,
    CannotRedirect,
    InvalidRequest,
    InvalidScope,
    OAuthError,
    UnmetAuthentication,
    UnsupportedResponseType,
)
from directca.oauth.freshness import WantedAuthentication
from directca.oauth.model import NOT_KNOWN, SECOND_FACTOR, Authentication, Client, Code, CodeState, Grant, GrantStatus
from directca.oauth.protocol import Parameters, description

PARAMETERS = (
    "client_id",
    "redirect_uri",
    "response_type",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
    *freshness.PARAMETERS,
)
"""What is read. Everything else, such as `prompt`, `nonce` or `response_mode`, is ignored (RFC 6749 3.1)."""

_LONGEST = 3000
"""Of all parameters together, encoded: the request must fit into an address twice, once inside the sign-in page's."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


GRANTED_BY = {
    scopes.AUTHORITY_REVOKE: permissions.ALLOW_OFFICERS_APPLICATION,
    scopes.AUTHORITY_VET: permissions.ALLOW_VETTING_APPLICATION,
    scopes.AUTHORITY_READ: permissions.ALLOW_READING_APPLICATION,
    scopes.AUTHORITY_PROOF: permissions.ALLOW_AGENTS_APPLICATION,
}
"""Who may grant each scope that reaches beyond the account, by the table of permissions."""


@dataclass(frozen=True)
class Asked:
    """What was asked, and the application whose client_id it names, if there is one."""

    parameters: Parameters
    client: Client | None


@dataclass(frozen=True)
class AuthorizationRequest:
    """A request in which everything is right: it may be put before a person."""

    client: Client
    redirect_uri: str
    scopes: tuple[str, ...]
    state: str | None
    challenge: str | None
    authentication: WantedAuthentication
    parameters: Parameters


@dataclass(frozen=True)
class SendBack:
    """Where to send the browser: the application's redirect URI with the answer."""

    location: str


def consider(oauth: OAuth, parameters: Parameters) -> AuthorizationRequest | SendBack:
    """Judge a request. Raises `CannotRedirect` when the person must be shown a page instead of being sent anywhere."""
    # 1 find
    with oauth.database.read() as tx:
        client = store.client(tx, parameters.one("client_id") or "")
    asked = Asked(parameters, client)

    # 2 trust: until these pass, never redirect
    for trust_check in TRUST_CHECKS:
        trust_check(asked)
    trusted = _trusted(asked)

    # 3 judge: from here on a mistake is the application's to hear
    try:
        for check in REQUEST_CHECKS:
            check(trusted)
    except OAuthError as error:
        return _send_back(oauth, trusted, {"error": error.error, "error_description": description(error.detail)})

    # 4 ask: the edge shows the consent page; the decision comes back to `decide`
    return trusted


def refused_to(oauth: OAuth, request: AuthorizationRequest, person: Person, *, has_factor: bool = True) -> SendBack | None:
    """What the application hears instead of a consent page when the person cannot grant what it asks for; None if they can.

    `has_factor` is whether there is a second factor that the person could show."""
    if any(scope in request.scopes and rule.own.isdisjoint(person.roles) for scope, rule in GRANTED_BY.items()):
        error = "None of the person's roles at the certificate authority allows a scope that this application asks for."
        return _send_back(oauth, request, {"error": InvalidScope.error, "error_description": error})
    if request.authentication.second_factor and not has_factor:
        error = "The person has no second factor; one is added on their page about signing in."
        return _send_back(oauth, request, {"error": UnmetAuthentication.error, "error_description": error})
    return None


def check_stepped_up(oauth: OAuth, request: AuthorizationRequest, said: Authentication) -> None:
    """Raise `StepUpFirst` where the scopes, or the application, ask for an authentication that is fresher than `said`.

    Managing an account asks whoever has a second factor for it, as each such act in the console does: what the application may
    then do it does without anybody.
    """
    manages = scopes.ACCOUNT_MANAGE in request.scopes and said.shown_at is not None
    within = oauth.config.step_up_seconds if manages or scopes.for_officers(request.scopes) else None
    freshness.check(request.authentication, said, oauth.clock.now(), second_factor_within=within)


def decide(
    oauth: OAuth, request: AuthorizationRequest, person: Person, *, granted: bool, said: Authentication = NOT_KNOWN
) -> SendBack:
    """Carry out what the person decided about a request that `consider` has just passed.

    `said` is when the person was last authenticated in this session, and how; the grant keeps it. Raises `StepUpFirst`.
    """
    if not granted:
        return _refused(oauth, request, person)
    not_theirs = refused_to(oauth, request, person)
    if not_theirs is not None:
        return not_theirs
    check_stepped_up(oauth, request, said)
    code = tokens.new_code(oauth.random)

    # 5 grant: one commit stores the grant and its code. A crash after it leaves a code that nobody holds and that expires.
    with oauth.database.write() as tx:
        stored = _grant(oauth, tx, request, _Granting(person, said), code)
    if not stored:
        return _send_back(oauth, request, {"error": AccessDenied.error, "error_description": "The account is suspended."})

    # 6 send back
    return _send_back(oauth, request, {"code": code})


@dataclass(frozen=True)
class _Granting:
    """Who grants, and how they were authenticated."""

    person: Person
    said: Authentication


def _grant(oauth: OAuth, tx: Tx, request: AuthorizationRequest, by: _Granting, code: str) -> bool:
    now, person = oauth.clock.now(), by.person
    if not standing(tx, person.account_id, person.id).is_good:
        return False
    grant = Grant(
        id=tokens.new_id(oauth.random),
        client_id=request.client.client_id,
        account_id=person.account_id,
        person_id=person.id,
        scopes=request.scopes,
        status=GrantStatus.ACTIVE,
        created_at=now,
        authentication=by.said,
    )
    expires_at = now + timedelta(seconds=oauth.config.code_seconds)
    bound = Code(tokens.digest(code), grant, request.redirect_uri, request.challenge, CodeState.UNUSED, expires_at)
    store.add_grant(tx, grant, bound)
    append(tx, _event("grant.given", request, person, subject=grant.subject), at=now)
    return True


def _refused(oauth: OAuth, request: AuthorizationRequest, person: Person) -> SendBack:
    with oauth.database.write() as tx:
        event = _event("grant.refused", request, person, subject=request.client.actor, outcome=AccessDenied.error)
        append(tx, event, at=oauth.clock.now())
    return _send_back(oauth, request, {"error": AccessDenied.error, "error_description": "The person refused."})


def _event(kind: str, request: AuthorizationRequest, person: Person, *, subject: str, outcome: str = "success") -> Event:
    detail: dict[str, Fact] = {
        "client_id": request.client.client_id,
        "scopes": list(request.scopes),
        "redirect_host": redirects.origin(request.redirect_uri),
        "pkce": request.challenge is not None,
    }
    return Event(kind, person.actor, subject, outcome=outcome, account_id=person.account_id, detail=detail)


def _send_back(oauth: OAuth, request: AuthorizationRequest, answer: dict[str, str]) -> SendBack:
    """Every answer echoes `state` (RFC 6749 4.1.2) and names the issuer (RFC 9207 2)."""
    state = {"state": request.state} if request.state is not None else {}
    return SendBack(redirects.answer(request.redirect_uri, {**answer, **state, "iss": oauth.config.issuer}))


def _trusted(asked: Asked) -> AuthorizationRequest:
    """The request as read, once its application and redirect URI are known to be good. Nothing else is judged yet."""
    parameters, redirect_uri = asked.parameters, asked.parameters.one("redirect_uri")
    if asked.client is None or redirect_uri is None:
        raise CannotRedirect("The application or its redirect address is unknown.")
    known = Parameters(tuple(pair for pair in parameters.pairs if pair[0] in PARAMETERS))
    return AuthorizationRequest(
        client=asked.client,
        redirect_uri=redirect_uri,
        scopes=scopes.parse(parameters.one("scope") or ""),
        state=parameters.one("state"),
        challenge=parameters.one("code_challenge"),
        authentication=freshness.wanted(parameters),
        parameters=known,
    )


def short_enough(asked: Asked) -> None:
    """A request that would not survive the way through the sign-in page is refused before it."""
    if len(urlencode(asked.parameters.pairs)) > _LONGEST:
        raise CannotRedirect(f"The link is longer than {_LONGEST} characters. Ask the application's maker to shorten it.")


def client_known(asked: Asked) -> None:
    """RFC 6749 4.1.2.1: never redirect for an unknown application."""
    if asked.parameters.repeated(["client_id"]) is not None:
        raise CannotRedirect("The link names more than one application (client_id).", field="client_id")
    if asked.client is None:
        raise CannotRedirect("The link names no application (client_id) that is registered here.", field="client_id")


def client_enabled(asked: Asked) -> None:
    """A disabled application is not sent anybody any more."""
    if asked.client is None or not asked.client.active:
        raise CannotRedirect("The application has been disabled here. Ask its maker.", field="client_id")


def redirect_uri_registered(asked: Asked) -> None:
    """RFC 9700 4.1.3: equal, as a whole string, to one that the application registered. It must be sent."""
    if asked.parameters.repeated(["redirect_uri"]) is not None:
        raise CannotRedirect("The link names more than one redirect address (redirect_uri).", field="redirect_uri")
    sent = asked.parameters.one("redirect_uri")
    if sent is None:
        raise CannotRedirect("The link names no redirect address (redirect_uri).", field="redirect_uri")
    if asked.client is None or not redirects.matches(asked.client, sent):
        raise CannotRedirect(
            "The redirect address (redirect_uri) is not one that the application has registered, character for character.",
            field="redirect_uri",
        )


TRUST_CHECKS = (short_enough, client_known, client_enabled, redirect_uri_registered)
"""Every one must pass, in this order, before anything is sent to the redirect URI."""


def well_formed(request: AuthorizationRequest) -> None:
    """RFC 6749 3.1: no parameter twice. `state` is the application's own; the rest is ASCII.

    Appendix A.5 keeps control characters out of `state`. Here they could not come back as they were sent (4.1.2): the request
    travels in the consent page's form, and browsers change line ends and NUL in one.
    """
    request.parameters.check_shape(name for name in PARAMETERS if name != "state")
    if request.parameters.repeated(["state"]) is not None:
        raise InvalidRequest("The parameter state is sent more than once; send it once.")
    if _CONTROL.search(request.state or ""):
        raise InvalidRequest("The parameter state holds control characters; encode it first.")


def asks_for_a_code(request: AuthorizationRequest) -> None:
    """RFC 6749 3.1.1; RFC 9700 2.1.2: the implicit grant does not exist here."""
    if request.parameters.required("response_type") != "code":
        raise UnsupportedResponseType("The response_type must be code.")


def scope_permitted(request: AuthorizationRequest) -> None:
    """RFC 6749 3.3: known scopes that this application may ask for. There is no default: what is not asked is not granted."""
    if not request.scopes:
        raise InvalidScope("The parameter scope is missing; for all certificate functions send tuser.account.")
    if scopes.unknown(request.scopes):
        raise InvalidScope(f"A scope is unknown. There are: {', '.join(scopes.SCOPES)}.")
    if not scopes.covers(request.client.scopes, request.scopes):
        raise InvalidScope("This application is not registered for a scope that it asks for.")


def authentication_possible(request: AuthorizationRequest) -> None:
    """OpenID Connect Core 3.1.2.1, RFC 9470 5: a whole number of seconds, and a context class that there is here."""
    if request.authentication.max_age == freshness.MEANINGLESS:
        raise InvalidRequest("The max_age must be a whole number of seconds.")
    if request.authentication.contexts and not request.authentication.second_factor:
        raise UnmetAuthentication(f"Of acr_values there is only: {SECOND_FACTOR}.")


def challenge_usable(request: AuthorizationRequest) -> None:
    """RFC 7636 4.3, 4.4.1: S256 only. A missing method means `plain`, which is refused like `plain` itself."""
    method = request.parameters.one("code_challenge_method")
    if request.challenge is None:
        if method is not None or any(name == "code_challenge" for name, _ in request.parameters.pairs):
            raise InvalidRequest("The code_challenge is missing or empty.")
        return
    if method not in pkce.METHODS:
        raise InvalidRequest("The code_challenge_method must be S256; plain is not supported.")
    if not pkce.is_challenge(request.challenge):
        raise InvalidRequest("The code_challenge must be 43 base64url characters, the SHA-256 of the code_verifier.")


def challenge_where_needed(request: AuthorizationRequest) -> None:
    """RFC 9700 2.1.1, RFC 8252 8.1: a public application must use PKCE."""
    if request.challenge is None and not request.client.confidential:
        raise InvalidRequest("This application has no secret, so it must send a code_challenge (PKCE, S256).")


REQUEST_CHECKS = (
    well_formed,
    asks_for_a_code,
    scope_permitted,
    authentication_possible,
    challenge_usable,
    challenge_where_needed,
)
"""Every one must pass, in this order; what fails here goes back to the application."""
