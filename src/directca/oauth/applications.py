"""Register applications, replace their secrets, disable and enable them. For the operator's command line and the sandbox."""

import re
from dataclasses import dataclass

from directca.db.engine import Tx
from directca.journal.model import Event, Fact
from directca.journal.record import append
from directca.oauth import application_store, redirects, scopes, store, tokens
from directca.oauth.context import OAuth
from directca.oauth.errors import BadApplication, ClientIdTaken, NoSuchApplication
from directca.oauth.model import Client, ClientStatus

_CLIENT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{2,63}")
_MOST_REDIRECT_URIS = 20


@dataclass(frozen=True)
class NewApplication:
    """What is registered. Without a `client_id` one is made; a confidential application is given a secret.

    `owner_name` is who the consent page says it belongs to. `native` frees the port of loopback redirect URIs (RFC 8252 7.3).
    """

    name: str
    owner_name: str
    redirect_uris: tuple[str, ...]
    account_id: str | None = None
    confidential: bool = True
    native: bool = False
    scopes: tuple[str, ...] = scopes.OF_ACCOUNT
    client_id: str | None = None


@dataclass(frozen=True)
class Registered:
    """An application and, this once, its secret. A public one has none."""

    client: Client
    secret: str | None


def register(oauth: OAuth, new: NewApplication, *, actor: str) -> Registered:
    """Register an application. Raises `BadApplication`, `BadRedirectUri`, `ClientIdTaken`."""
    _check(new, loopback=new.native or oauth.config.on_loopback)
    secret = tokens.new_token(oauth.random) if new.confidential else None
    client = Client(
        client_id=new.client_id or tokens.new_id(oauth.random),
        name=new.name,
        owner_name=new.owner_name,
        account_id=new.account_id,
        confidential=new.confidential,
        native=new.native,
        secret_digest=tokens.digest(secret) if secret is not None else None,
        redirect_uris=new.redirect_uris,
        scopes=new.scopes,
        status=ClientStatus.ACTIVE,
        created_at=oauth.clock.now(),
    )
    with oauth.database.write() as tx:
        if store.client(tx, client.client_id) is not None:
            raise ClientIdTaken(f"There is an application with the client_id {client.client_id} already.", field="client_id")
        application_store.add(tx, client)
        detail: dict[str, Fact] = {
            "redirect_uris": list(client.redirect_uris),
            "confidential": client.confidential,
            "native": client.native,
        }
        event = Event("application.registered", actor, client.actor, account_id=client.account_id, detail=detail)
        append(tx, event, at=client.created_at)
    return Registered(client, secret)


def rotate_secret(oauth: OAuth, client_id: str, *, actor: str) -> str:
    """A new secret; the old one is worth nothing from now on. Tokens already issued go on.

    Raises `NoSuchApplication`, and `BadApplication` for a public application.
    """
    secret = tokens.new_token(oauth.random)
    with oauth.database.write() as tx:
        client = find(tx, client_id)
        if not client.confidential:
            raise BadApplication("A public application has no secret to replace.", field="client_id")
        application_store.change_secret(tx, client_id, tokens.digest(secret))
        _journal(oauth, tx, "application.secret_rotated", client, actor)
    return secret


def disable(oauth: OAuth, client_id: str, *, actor: str) -> None:
    """Stop an application: it is sent nobody, gets no tokens, and those it has are refused. `enable` takes it back."""
    _move(oauth, client_id, (ClientStatus.ACTIVE, ClientStatus.DISABLED), "application.disabled", actor)


def enable(oauth: OAuth, client_id: str, *, actor: str) -> None:
    """Let a disabled application go on."""
    _move(oauth, client_id, (ClientStatus.DISABLED, ClientStatus.ACTIVE), "application.enabled", actor)


def find(tx: Tx, client_id: str) -> Client:
    """The application. Raises `NoSuchApplication`."""
    client = store.client(tx, client_id)
    if client is None:
        raise NoSuchApplication(f"There is no application with the client_id {client_id}.", field="client_id")
    return client


def listed(tx: Tx, account_id: str | None = None) -> tuple[Client, ...]:
    """Every application, or those of one account, by name."""
    return application_store.every(tx, account_id)


def _move(oauth: OAuth, client_id: str, step: tuple[ClientStatus, ClientStatus], kind: str, actor: str) -> None:
    with oauth.database.write() as tx:
        client = find(tx, client_id)
        if application_store.change_status(tx, client_id, *step):
            _journal(oauth, tx, kind, client, actor)


def _journal(oauth: OAuth, tx: Tx, kind: str, client: Client, actor: str) -> None:
    append(tx, Event(kind, actor, client.actor, account_id=client.account_id), at=oauth.clock.now())


def _check(new: NewApplication, *, loopback: bool) -> None:
    for field, value, longest in (("name", new.name, 100), ("owner_name", new.owner_name, 200)):
        if not value.strip() or value != value.strip() or len(value) > longest or not value.isprintable():
            raise BadApplication(f"The {field} must be 1 to {longest} printable characters.", field=field)
    if new.client_id is not None and not _CLIENT_ID.fullmatch(new.client_id):
        raise BadApplication("The client_id must be 3 to 64 letters, digits, dots, hyphens or underscores.", field="client_id")
    if not 1 <= len(new.redirect_uris) <= _MOST_REDIRECT_URIS or len(set(new.redirect_uris)) != len(new.redirect_uris):
        raise BadApplication(f"Give 1 to {_MOST_REDIRECT_URIS} different redirect URIs.", field="redirect_uris")
    if not new.scopes or scopes.unknown(new.scopes):
        raise BadApplication(f"Give at least one scope of: {', '.join(scopes.SCOPES)}.", field="scopes")
    for uri in new.redirect_uris:
        redirects.check_registrable(uri, native=new.native, loopback=loopback)
