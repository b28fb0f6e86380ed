"""The SQL of the token path. Every lookup is by a primary key or unique index; every change of state is compare-and-swap.

Rows of applications and the list of a person's connections are in `application_store.py`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, delete, exists, insert, select, update

from directca.accounts.standing import good_standing
from directca.db.engine import Tx
from directca.db.prepared import Prepared
from directca.db.schema import findable
from directca.oauth.model import (
    Authentication,
    Client,
    ClientStatus,
    Code,
    CodeState,
    Grant,
    GrantStatus,
    StoppedBy,
    Token,
    TokenKind,
    TokenState,
)
from directca.oauth.tables import application, authorization_code, oauth_grant, oauth_token

_CLIENT = tuple(column.label(f"client_{column.name}") for column in application.c)
_GRANT = tuple(
    oauth_grant.c[name].label(f"grant_{name}")
    for name in ("id", "client_id", "account_id", "person_id", "scopes", "status", "created_at", "auth_time", "acr")
)
_STANDING = good_standing(oauth_grant.c.account_id, oauth_grant.c.person_id)
_CODE = tuple(column.label(f"code_{column.name}") for column in authorization_code.c)
_TOKEN = tuple(column.label(f"token_{column.name}") for column in oauth_token.c)

_CLIENT_BY_ID = Prepared(select(*_CLIENT).where(application.c.client_id == bindparam("client_id")))

_CLIENT_AND_CODE = Prepared(
    select(*_CLIENT, *_CODE, *_GRANT, _STANDING)
    .select_from(
        application.outerjoin(authorization_code, authorization_code.c.digest == bindparam("digest")).outerjoin(
            oauth_grant, oauth_grant.c.id == authorization_code.c.grant_id
        )
    )
    .where(application.c.client_id == bindparam("client_id"))
)

_CLIENT_AND_TOKEN = Prepared(
    select(*_CLIENT, *_TOKEN, *_GRANT, _STANDING)
    .select_from(
        application.outerjoin(oauth_token, oauth_token.c.digest == bindparam("digest")).outerjoin(
            oauth_grant, oauth_grant.c.id == oauth_token.c.grant_id
        )
    )
    .where(application.c.client_id == bindparam("client_id"))
)

_BEARER = Prepared(
    select(*_TOKEN, *_GRANT, application.c.status.label("application_status"), _STANDING)
    .select_from(
        oauth_token.join(oauth_grant, oauth_grant.c.id == oauth_token.c.grant_id).join(
            application, application.c.client_id == oauth_grant.c.client_id
        )
    )
    .where(oauth_token.c.digest == bindparam("digest"))
)

_TOKEN_BY_DIGEST = Prepared(
    select(*_TOKEN, *_GRANT)
    .select_from(oauth_token.join(oauth_grant, oauth_grant.c.id == oauth_token.c.grant_id))
    .where(oauth_token.c.digest == bindparam("digest"))
)

# Both swaps look at the grant again: it may have been withdrawn since it was read.
_USE_CODE = Prepared(
    update(authorization_code)
    .where(
        authorization_code.c.digest == bindparam("which"),
        authorization_code.c.state == CodeState.UNUSED.value,
        exists().where(oauth_grant.c.id == authorization_code.c.grant_id, oauth_grant.c.status == GrantStatus.ACTIVE.value),
    )
    .values(state=CodeState.USED.value, used_at=bindparam("at"))
)
_CONSUME_REFRESH = Prepared(
    update(oauth_token)
    .where(
        oauth_token.c.digest == bindparam("which"),
        oauth_token.c.kind == TokenKind.REFRESH.value,
        oauth_token.c.state == TokenState.ACTIVE.value,
        exists().where(oauth_grant.c.id == oauth_token.c.grant_id, oauth_grant.c.status == GrantStatus.ACTIVE.value),
    )
    .values(state=TokenState.CONSUMED.value, consumed_at=bindparam("at"), successor_seed=bindparam("seed"))
)
_REVOKE_TOKEN = Prepared(
    update(oauth_token)
    .where(oauth_token.c.digest == bindparam("which"), oauth_token.c.state != TokenState.REVOKED.value)
    .values(state=TokenState.REVOKED.value)
)
_REVOKE_GRANT = Prepared(
    update(oauth_grant)
    .where(and_(oauth_grant.c.id == bindparam("which"), oauth_grant.c.status == GrantStatus.ACTIVE.value))
    .values(status=GrantStatus.REVOKED.value, revoked_at=bindparam("at"), revoked_because=bindparam("because"))
)
_NOTE_FAILURE = Prepared(
    update(application).where(application.c.client_id == bindparam("which")).values(failed_at=bindparam("at"))
)

_INSERT_GRANT = Prepared(insert(oauth_grant))
_INSERT_CODE = Prepared(insert(authorization_code))
_INSERT_TOKEN = Prepared(insert(oauth_token))


@dataclass(frozen=True)
class Found:
    """What one statement on the token path brings: the application, and the code or token that was presented, whoever's it is,
    with the standing of the account and the person who granted it."""

    client: Client | None
    code: Code | None = None
    token: Token | None = None
    in_good_standing: bool = False


def client(tx: Tx, client_id: str) -> Client | None:
    """The application with this client_id."""
    row = _CLIENT_BY_ID.first(tx, {"client_id": findable(client_id)})
    return None if row is None else client_of(row)


def client_and_code(tx: Tx, client_id: str, digest: str) -> Found:
    """The application, and the code with this digest together with its grant."""
    row = _CLIENT_AND_CODE.first(tx, {"client_id": findable(client_id), "digest": digest})
    if row is None:
        return Found(None)
    if row.code_digest is None:
        return Found(client_of(row))
    return Found(client_of(row), code=_code(row), in_good_standing=row.in_good_standing)


def client_and_token(tx: Tx, client_id: str, digest: str) -> Found:
    """The application, and the token with this digest together with its grant."""
    row = _CLIENT_AND_TOKEN.first(tx, {"client_id": findable(client_id), "digest": digest})
    if row is None:
        return Found(None)
    if row.token_digest is None:
        return Found(client_of(row))
    return Found(client_of(row), token=_token(row), in_good_standing=row.in_good_standing)


def bearer(tx: Tx, digest: str) -> tuple[Token, bool] | None:
    """The token with this digest, and whether its application is enabled, and account and person are in good standing."""
    row = _BEARER.first(tx, {"digest": digest})
    if row is None:
        return None
    return _token(row), row.application_status == ClientStatus.ACTIVE.value and row.in_good_standing


def token(tx: Tx, digest: str) -> Token | None:
    """The token with this digest."""
    row = _TOKEN_BY_DIGEST.first(tx, {"digest": digest})
    return None if row is None else _token(row)


def add_grant(tx: Tx, grant: Grant, code: Code) -> None:
    """Add what a person has just granted, and the code that carries it to the application."""
    _INSERT_GRANT.run(
        tx,
        {
            "id": grant.id,
            "client_id": grant.client_id,
            "account_id": grant.account_id,
            "person_id": grant.person_id,
            "scopes": " ".join(grant.scopes),
            "status": grant.status.value,
            "created_at": grant.created_at,
            "auth_time": grant.authentication.at,
            "acr": grant.authentication.context,
        },
    )
    _INSERT_CODE.run(
        tx,
        {
            "digest": code.digest,
            "grant_id": grant.id,
            "redirect_uri": code.redirect_uri,
            "challenge": code.challenge,
            "state": code.state.value,
            "expires_at": code.expires_at,
        },
    )


def using_code(tx: Tx, digest: str, at: datetime) -> Callable[[], bool]:
    """Move the code from unused to used, if its grant still holds. The answer, when it is asked for: False if somebody was
    quicker or the grant is gone."""
    changed = _USE_CODE.running(tx, {"which": digest, "at": at})
    return lambda: changed() == 1


def consuming_refresh_token(tx: Tx, digest: str, *, seed: bytes, at: datetime) -> Callable[[], bool]:
    """Move the refresh token from active to consumed, if its grant still holds. The answer, when it is asked for: False if
    somebody was quicker."""
    changed = _CONSUME_REFRESH.running(tx, {"which": digest, "at": at, "seed": seed})
    return lambda: changed() == 1


def add_tokens(tx: Tx, *tokens: Token) -> None:
    """Add tokens that have just been made, in one statement, of a grant that this transaction has seen."""
    _INSERT_TOKEN.run_many(
        tx,
        [
            {
                "digest": one.digest,
                "kind": one.kind.value,
                "grant_id": one.grant.id,
                "scopes": " ".join(one.scopes),
                "state": one.state.value,
                "created_at": one.created_at,
                "expires_at": one.expires_at,
            }
            for one in tokens
        ],
        sure=True,  # digests of 256 random bits, and no grant is ever deleted
    )


def revoke_token(tx: Tx, digest: str) -> bool:
    """Revoke one token. False if it was revoked already."""
    return _REVOKE_TOKEN.run(tx, {"which": digest}) == 1


def revoke_grant(tx: Tx, grant_id: str, *, because: str, at: datetime) -> bool:
    """Revoke a grant, and with it its whole family, since every lookup joins it. False if it was revoked already."""
    return _REVOKE_GRANT.run(tx, {"which": grant_id, "at": at, "because": because}) == 1


def note_failure(tx: Tx, client_id: str, at: datetime) -> None:
    """Remember when a failed authentication of this application was last journalled."""
    _NOTE_FAILURE.run(tx, {"which": client_id, "at": at})


def client_of(row: Any) -> Client:
    """The application in a row whose columns are labelled `client_…`."""
    return Client(
        client_id=row.client_client_id,
        name=row.client_name,
        owner_name=row.client_owner_name,
        account_id=row.client_account_id,
        confidential=row.client_confidential,
        native=row.client_native,
        secret_digest=row.client_secret_digest,
        redirect_uris=tuple(row.client_redirect_uris),
        scopes=tuple(row.client_scopes.split()),
        status=ClientStatus(row.client_status),
        created_at=row.client_created_at,
        failed_at=row.client_failed_at,
        previous_digest=row.client_previous_digest,
        previous_ends_at=row.client_previous_ends_at,
        disabled_by=None if row.client_disabled_by is None else StoppedBy(row.client_disabled_by),
    )


def _grant(row: Any) -> Grant:
    return Grant(
        id=row.grant_id,
        client_id=row.grant_client_id,
        account_id=row.grant_account_id,
        person_id=row.grant_person_id,
        scopes=tuple(row.grant_scopes.split()),
        status=GrantStatus(row.grant_status),
        created_at=row.grant_created_at,
        authentication=Authentication(row.grant_auth_time, row.grant_acr),
    )


def _code(row: Any) -> Code:
    return Code(
        digest=row.code_digest,
        grant=_grant(row),
        redirect_uri=row.code_redirect_uri,
        challenge=row.code_challenge,
        state=CodeState(row.code_state),
        expires_at=row.code_expires_at,
    )


def _token(row: Any) -> Token:
    return Token(
        digest=row.token_digest,
        kind=TokenKind(row.token_kind),
        grant=_grant(row),
        scopes=tuple(row.token_scopes.split()),
        state=TokenState(row.token_state),
        created_at=row.token_created_at,
        expires_at=row.token_expires_at,
        consumed_at=row.token_consumed_at,
        successor_seed=row.token_successor_seed,
    )


def delete_expired(tx: Tx, before: datetime, *, most: int) -> int:
    """Delete codes and tokens that expired before a moment, so many of each at most; answers the larger number."""
    counts = []
    for table in (authorization_code, oauth_token):
        ended = select(table.c.digest).where(table.c.expires_at < before).limit(most)
        counts.append(tx.execute(delete(table).where(table.c.digest.in_(ended))).rowcount)
    return max(counts)
