"""Refresh an access token (RFC 6749 6, RFC 9700 4.14.2). The page is docs/flows/refresh.md.

The promise: at every moment a family has exactly one live refresh token. A refresh consumes the presented one and makes its one
successor. For a short grace the consumed one is answered again, since the answer may have been lost, with the family's live
refresh token and an access token of its own; after that whoever presents it is a thief or was robbed, and the family ends. So of
several concurrent refreshes exactly one rotates, and all are told the same new refresh token.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from directca.db.engine import Tx
from directca.journal.model import Event, Fact
from directca.journal.record import Appending, appending
from directca.oauth import client_auth, family, issue, scopes, store, tokens
from directca.oauth.context import OAuth
from directca.oauth.errors import InvalidGrant, InvalidScope, Replayed
from directca.oauth.model import Client, Issued, Token, TokenKind, TokenState
from directca.oauth.protocol import OAuthRequest, OAuthResponse, Parameters
from directca.watch import step

_NOT_GOOD = "The refresh token is unknown, expired or no longer valid; ask the person again."
_REPLAYED = "The refresh token was used before, so all tokens of this grant have been revoked; ask the person again."

_LONGEST_CHAIN = 64
"""How many rotations can lie within one grace before the server gives up following them."""


@dataclass(frozen=True)
class Refreshment:
    """A proven application that presents a refresh token which exists. `grace` is how long a consumed one is answered."""

    parameters: Parameters
    client: Client
    presented: str
    token: Token
    in_good_standing: bool
    now: datetime
    grace: timedelta

    @cached_property
    def wanted(self) -> tuple[str, ...]:
        """The scopes asked for; without any, those of the grant."""
        return scopes.parse(self.parameters.one("scope") or "") or self.token.grant.scopes


def refresh(oauth: OAuth, request: OAuthRequest) -> OAuthResponse:
    """New tokens for a refresh token. Raises `OAuthError`."""
    step(1, "read")
    credentials = client_auth.present(request)
    presented = request.parameters.required("refresh_token")
    now = oauth.clock.now()

    step(2, "find")  # one statement brings the application, the token, its grant and whose it is
    digest = tokens.digest(presented)
    found = oauth.database.look(lambda tx: store.client_and_token(tx, credentials.client_id, digest))

    step(3, "authenticate")
    client = client_auth.authenticate(credentials, found.client, now)

    step(4, "judge")
    if found.token is None:
        raise InvalidGrant(_NOT_GOOD)
    grace = timedelta(seconds=oauth.config.grace_seconds)
    asked = Refreshment(request.parameters, client, presented, found.token, found.in_good_standing, now, grace)
    try:
        for check in CHECKS:
            check(asked)
    except Replayed:
        with oauth.database.write() as tx:
            _end_family(tx, asked)
        raise

    step(5, "rotate")
    # One commit consumes the token and stores its successor. A crash before it changes nothing; a crash after it is a
    # lost answer, which the grace gives again.
    with oauth.database.write() as tx:
        outcome = _rotate(oauth, tx, asked)
    if isinstance(outcome, InvalidGrant):
        raise outcome

    step(6, "answer")
    return issue.answer(outcome)


def _rotate(oauth: OAuth, tx: Tx, asked: Refreshment) -> Issued | InvalidGrant:
    """The tokens, or the refusal. A refusal is returned, not raised: what it changed must be committed."""
    seed = oauth.random(32)
    consumed = store.consuming_refresh_token(tx, asked.token.digest, seed=seed, at=asked.now)
    append = appending(tx)  # asks for the journal's last row along with the swap
    if consumed():
        made = issue.mint(oauth, asked.token.grant, asked.wanted, tokens.successor(asked.presented, seed), asked.now)
        store.add_tokens(tx, made.access, made.refresh)
        _journal(append, asked, "token.refreshed")
        return made.issued
    return _answer_again(oauth, tx, asked)


def _answer_again(oauth: OAuth, tx: Tx, asked: Refreshment) -> Issued | InvalidGrant:
    """The token is not active. Within its grace it is answered with the family's live refresh token."""
    token = store.token(tx, asked.token.digest)
    if token is None or not token.grant.active or token.state is not TokenState.CONSUMED:
        return InvalidGrant(_NOT_GOOD)
    if _grace_is_over(token, asked.now, asked.grace):
        _end_family(tx, asked)
        return Replayed(_REPLAYED)
    live = _live_successor(tx, asked.presented, token)
    if live is None:
        return InvalidGrant(_NOT_GOOD)
    made = issue.mint(oauth, token.grant, asked.wanted, live, asked.now)
    store.add_tokens(tx, made.access)
    _journal(appending(tx), asked, "token.answered_again")
    return made.issued


def _live_successor(tx: Tx, presented: str, token: Token) -> str | None:
    """Follow the chain from a consumed token to the one that is active now."""
    text, step = presented, token
    for _ in range(_LONGEST_CHAIN):
        if step.state is TokenState.ACTIVE:
            return text
        if step.state is not TokenState.CONSUMED or step.successor_seed is None:
            return None
        text = tokens.successor(text, step.successor_seed)
        found = store.token(tx, tokens.digest(text))
        if found is None:
            return None
        step = found
    return None


def _grace_is_over(token: Token, now: datetime, grace: timedelta) -> bool:
    return token.consumed_at is None or now - token.consumed_at > grace


def _journal(append: Appending, asked: Refreshment, kind: str) -> None:
    grant = asked.token.grant
    detail: dict[str, Fact] = {"grant_type": "refresh_token", "person_id": grant.person_id, "scopes": list(asked.wanted)}
    append(Event(kind, asked.client.actor, grant.subject, account_id=grant.account_id, detail=detail), at=asked.now)


def _end_family(tx: Tx, asked: Refreshment) -> None:
    because = family.Because.REFRESH_TOKEN_REPLAYED
    family.end(tx, asked.token.grant, because=because, actor=asked.client.actor, at=asked.now)


def is_a_refresh_token(asked: Refreshment) -> None:
    """An access token buys no tokens."""
    if asked.token.kind is not TokenKind.REFRESH:
        raise InvalidGrant(_NOT_GOOD)


def issued_to_this_client(asked: Refreshment) -> None:
    """RFC 6749 6, 10.4: a refresh token is bound to its application. Another one learns nothing and changes nothing."""
    if asked.token.grant.client_id != asked.client.client_id:
        raise InvalidGrant(_NOT_GOOD)


def still_granted(asked: Refreshment) -> None:
    """A revoked family gives nothing, grace or no grace."""
    if not asked.token.grant.active or asked.token.state is TokenState.REVOKED:
        raise InvalidGrant(_NOT_GOOD)


def not_replayed(asked: Refreshment) -> None:
    """RFC 9700 4.14.2. Judged before expiry and scope, so that no replay goes unnoticed for a lesser reason."""
    if asked.token.state is TokenState.CONSUMED and _grace_is_over(asked.token, asked.now, asked.grace):
        raise Replayed(_REPLAYED)


def not_expired(asked: Refreshment) -> None:
    """RFC 9700 4.14.2: a refresh token that was not used for a long time expires."""
    if asked.now >= asked.token.expires_at:
        raise InvalidGrant(_NOT_GOOD)


def scope_within_grant(asked: Refreshment) -> None:
    """RFC 6749 6: less than was granted may be asked for, more may not."""
    if scopes.unknown(asked.wanted) or not scopes.covers(asked.token.grant.scopes, asked.wanted):
        raise InvalidScope("The scope asks for more than the person granted; ask for the same or less.")


def person_in_good_standing(asked: Refreshment) -> None:
    """A suspended account or person gives nothing away."""
    if not asked.in_good_standing:
        raise InvalidGrant(_NOT_GOOD)


CHECKS = (
    is_a_refresh_token,
    issued_to_this_client,
    still_granted,
    not_replayed,
    not_expired,
    scope_within_grant,
    person_in_good_standing,
)
"""Every one must pass, in this order."""
