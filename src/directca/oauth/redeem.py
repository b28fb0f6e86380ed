"""Redeem an authorization code (RFC 6749 4.1.3, RFC 7636 4.5 and 4.6). The page is docs/flows/token.md.

The promise: a code buys tokens at most once. Of any number of redemptions, on threads, processes and machines, the database lets
one move the code from unused to used; each of the others is a replay, which revokes what the first one bought.
"""

from dataclasses import dataclass
from datetime import datetime

from directca.db.engine import Tx
from directca.journal.model import Event
from directca.journal.record import appending
from directca.oauth import client_auth, family, issue, pkce, store, tokens
from directca.oauth.context import OAuth
from directca.oauth.errors import InvalidGrant, Replayed
from directca.oauth.model import Client, Code, CodeState, Issued
from directca.oauth.protocol import OAuthRequest, OAuthResponse, Parameters
from directca.watch import step

_NOT_GOOD = "The authorization code is unknown, expired or no longer valid; ask the person again."
_USED = "The authorization code was used before, so everything it bought has been revoked; ask the person again."


@dataclass(frozen=True)
class Redemption:
    """A proven application that presents a code which exists."""

    parameters: Parameters
    client: Client
    code: Code
    in_good_standing: bool
    now: datetime


def redeem(oauth: OAuth, request: OAuthRequest) -> OAuthResponse:
    """Tokens for a code. Raises `OAuthError`."""
    step(1, "read")
    credentials = client_auth.present(request)
    code = request.parameters.required("code")
    now = oauth.clock.now()

    step(2, "find")  # one statement brings the application, the code, its grant and whose it is
    digest = tokens.digest(code)
    found = oauth.database.look(lambda tx: store.client_and_code(tx, credentials.client_id, digest))

    step(3, "authenticate")
    client = client_auth.authenticate(credentials, found.client, now)

    step(4, "judge")
    if found.code is None:
        raise InvalidGrant(_NOT_GOOD)
    redemption = Redemption(request.parameters, client, found.code, found.in_good_standing, now)
    try:
        for check in CHECKS:
            check(redemption)
    except Replayed:
        with oauth.database.write() as tx:
            _end_family(tx, redemption)
        raise

    step(5, "exchange")
    # One commit marks the code used and stores what it bought. A crash before it leaves the code unused; a crash
    # after it leaves tokens that nobody holds, and the application asks the person again.
    with oauth.database.write() as tx:
        issued = _exchange(oauth, tx, redemption)
    if issued is None:
        raise Replayed(_USED)

    step(6, "answer")
    return issue.answer(issued)


def _exchange(oauth: OAuth, tx: Tx, redemption: Redemption) -> Issued | None:
    """The tokens; None, with the family ended, if the code was used or the grant withdrawn since it was read."""
    grant = redemption.code.grant
    used = store.using_code(tx, redemption.code.digest, redemption.now)
    append = appending(tx)  # asks for the journal's last row along with the swap
    if not used():
        _end_family(tx, redemption)
        return None
    made = issue.mint(oauth, grant, grant.scopes, tokens.new_token(oauth.random), redemption.now)
    store.add_tokens(tx, made.access, made.refresh)
    append(
        Event(
            "token.issued",
            redemption.client.actor,
            grant.subject,
            account_id=grant.account_id,
            detail={"grant_type": "authorization_code", "person_id": grant.person_id, "scopes": list(grant.scopes)},
        ),
        at=redemption.now,
    )
    return made.issued


def _end_family(tx: Tx, redemption: Redemption) -> None:
    because = family.Because.CODE_REPLAYED
    family.end(tx, redemption.code.grant, because=because, actor=redemption.client.actor, at=redemption.now)


def issued_to_this_client(redemption: Redemption) -> None:
    """RFC 6749 4.1.3: a code is bound to the application it was issued to. Another one learns nothing and changes nothing."""
    if redemption.code.grant.client_id != redemption.client.client_id:
        raise InvalidGrant(_NOT_GOOD)


def not_used_before(redemption: Redemption) -> None:
    """RFC 6749 4.1.2, 10.5: once. Judged before expiry, so that a late replay is still noticed."""
    if redemption.code.state is not CodeState.UNUSED:
        raise Replayed(_USED)


def not_expired(redemption: Redemption) -> None:
    """RFC 6749 4.1.2: a code is short-lived."""
    if redemption.now >= redemption.code.expires_at:
        raise InvalidGrant(_NOT_GOOD)


def still_granted(redemption: Redemption) -> None:
    """A withdrawn grant buys nothing."""
    if not redemption.code.grant.active:
        raise InvalidGrant(_NOT_GOOD)


def same_redirect_uri(redemption: Redemption) -> None:
    """The published API never sends it here; when it is sent it must be the one authorized (RFC 6749 4.1.3)."""
    sent = redemption.parameters.one("redirect_uri")
    if sent is not None and sent != redemption.code.redirect_uri:
        raise InvalidGrant("The redirect_uri is not the one that was authorized.")


def verifier_proves(redemption: Redemption) -> None:
    """RFC 7636 4.6; RFC 9700 2.1.1 and 4.8.2: no verifier without a challenge either, or PKCE could be stripped on the way."""
    verifier = redemption.parameters.one("code_verifier")
    challenge = redemption.code.challenge
    if challenge is None:
        if verifier is not None:
            raise InvalidGrant("A code_verifier is sent, but the authorization request had no code_challenge.")
        if not redemption.client.confidential:
            raise InvalidGrant("A public application must use PKCE.")
        return
    if verifier is None:
        raise InvalidGrant("The authorization request had a code_challenge, so code_verifier must be sent.")
    if not pkce.proves(verifier, challenge):
        raise InvalidGrant("The code_verifier does not belong to the code_challenge.")


def person_in_good_standing(redemption: Redemption) -> None:
    """A suspended account or person gives nothing away."""
    if not redemption.in_good_standing:
        raise InvalidGrant(_NOT_GOOD)


CHECKS = (
    issued_to_this_client,
    not_used_before,
    not_expired,
    still_granted,
    same_redirect_uri,
    verifier_proves,
    person_in_good_standing,
)
"""Every one must pass, in this order."""
