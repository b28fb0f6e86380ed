"""The SQL of registered applications and of what a person has connected."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, insert, select, update

from directca.db.engine import Tx
from directca.oauth.model import Client, ClientStatus, Grant, GrantStatus, TokenState
from directca.oauth.store import client_of
from directca.oauth.tables import application, oauth_grant, oauth_token

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


def change_secret(tx: Tx, client_id: str, secret_digest: str) -> None:
    """Replace the secret of a confidential application."""
    tx.execute(
        update(application)
        .where(application.c.client_id == client_id, application.c.confidential)
        .values(secret_digest=secret_digest)
    )


def change_status(tx: Tx, client_id: str, old: ClientStatus, new: ClientStatus) -> bool:
    """Compare and swap. False if it did not have the old status."""
    statement = update(application).where(application.c.client_id == client_id, application.c.status == old.value)
    return tx.execute(statement.values(status=new.value)).rowcount == 1


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
