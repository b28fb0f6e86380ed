"""The SQL of registered applications and of what a person has connected."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, insert, select, update

from directca.db.engine import Tx
from directca.db.schema import findable
from directca.oauth.model import Client, CodeState, Grant, GrantStatus, TokenState
from directca.oauth.store import client_of
from directca.oauth.tables import application, authorization_code, oauth_grant, oauth_token

_CLIENT = tuple(column.label(f"client_{column.name}") for column in application.c)


@dataclass(frozen=True)
class LiveGrant:
    """A grant from which at least one token is still good."""

    client_id: str
    client_name: str
    owner_name: str
    scopes: tuple[str, ...]
    granted_at: datetime
    used_at: datetime
    """When the last token was issued."""


def add(tx: Tx, new: Client) -> None:
    """Add an application whose client_id nobody has."""
    tx.execute(
        insert(application).values(
            client_id=new.client_id,
            name=new.name,
            owner_name=new.owner_name,
            account_id=new.account_id,
            confidential=new.confidential,
            native=new.native,
            secret_digest=new.secret_digest,
            redirect_uris=list(new.redirect_uris),
            scopes=" ".join(new.scopes),
            status=new.status.value,
            created_at=new.created_at,
        )
    )


def every(tx: Tx, account_id: str | None) -> tuple[Client, ...]:
    """All applications, or those of one account, by name."""
    statement = select(*_CLIENT).order_by(application.c.name, application.c.client_id)
    if account_id is not None:
        statement = statement.where(application.c.account_id == account_id)
    return tuple(client_of(row) for row in tx.execute(statement))


def of_account(tx: Tx, account_id: str, client_id: str) -> Client | None:
    """The application with this client_id, if it is of the account."""
    wanted = (application.c.client_id == findable(client_id), application.c.account_id == account_id)
    row = tx.execute(select(*_CLIENT).where(*wanted)).one_or_none()
    return None if row is None else client_of(row)


def change(tx: Tx, client: Client) -> None:
    """Store another name and other redirect URIs."""
    same = application.c.client_id == client.client_id
    tx.execute(update(application).where(same).values(name=client.name, redirect_uris=list(client.redirect_uris)))


def change_secret(tx: Tx, client: Client) -> None:
    """Store another secret of a confidential application, and until when the one before is good."""
    same = (application.c.client_id == client.client_id) & application.c.confidential
    values = {
        "secret_digest": client.secret_digest,
        "previous_digest": client.previous_digest,
        "previous_ends_at": client.previous_ends_at,
    }
    tx.execute(update(application).where(same).values(values))


def change_status(tx: Tx, client: Client) -> None:
    """Store whether it may do anything, and who stopped it."""
    stopped_by = None if client.disabled_by is None else client.disabled_by.value
    same = application.c.client_id == client.client_id
    tx.execute(update(application).where(same).values(status=client.status.value, disabled_by=stopped_by))


def end_codes(tx: Tx, client: Client) -> None:
    """Codes that were sent to another redirect URI than these, and that nobody has redeemed yet, are good no more."""
    grants = select(oauth_grant.c.id).where(oauth_grant.c.client_id == client.client_id)
    sent_elsewhere = (
        authorization_code.c.grant_id.in_(grants),
        authorization_code.c.state == CodeState.UNUSED.value,
        authorization_code.c.redirect_uri.not_in(client.redirect_uris),
    )
    tx.execute(delete(authorization_code).where(*sent_elsewhere))


def live_grants(tx: Tx, person_id: str, now: datetime) -> tuple[LiveGrant, ...]:
    """What this person has granted and what still works, the newest use first."""
    used_at = func.max(oauth_token.c.created_at, type_=oauth_token.c.created_at.type).label("used_at")
    statement = (
        select(application.c.client_id, application.c.name, application.c.owner_name, oauth_grant.c.scopes)
        .add_columns(oauth_grant.c.created_at, used_at)
        .select_from(
            oauth_grant.join(application, application.c.client_id == oauth_grant.c.client_id).join(
                oauth_token, oauth_token.c.grant_id == oauth_grant.c.id
            )
        )
        .where(
            oauth_grant.c.person_id == person_id,
            oauth_grant.c.status == GrantStatus.ACTIVE.value,
            oauth_token.c.state == TokenState.ACTIVE.value,
            oauth_token.c.expires_at > now,
        )
        .group_by(oauth_grant.c.id, application.c.client_id)
        .order_by(used_at.desc(), oauth_grant.c.id)
    )
    return tuple(
        LiveGrant(row.client_id, row.name, row.owner_name, tuple(row.scopes.split()), row.created_at, row.used_at)
        for row in tx.execute(statement)
    )


def active_grants(tx: Tx, person_id: str, client_id: str | None = None) -> tuple[Grant, ...]:
    """Everything this person has granted that application, or any, and not withdrawn, redeemed or not."""
    statement = select(oauth_grant).where(oauth_grant.c.person_id == person_id, oauth_grant.c.status == GrantStatus.ACTIVE.value)
    if client_id is not None:
        statement = statement.where(oauth_grant.c.client_id == client_id)
    return tuple(
        Grant(
            id=row.id,
            client_id=row.client_id,
            account_id=row.account_id,
            person_id=row.person_id,
            scopes=tuple(row.scopes.split()),
            status=GrantStatus(row.status),
            created_at=row.created_at,
        )
        for row in tx.execute(statement)
    )
