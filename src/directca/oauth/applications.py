"""Register applications, replace their secrets, disable and enable them: for the operator's command line and the sandbox, and, in
its own transaction, for `own_applications.py`."""

import re
from dataclasses import dataclass, replace
from datetime import timedelta

from directca.db.engine import Tx
from directca.journal.model import Event, Fact
from directca.journal.record import append
from directca.oauth import application_store, redirects, scopes, store, tokens
from directca.oauth.context import OAuth
from directca.oauth.errors import BadApplication, ClientIdTaken, NoSuchApplication
from directca.oauth.in_person import CONSOLE
from directca.oauth.model import Client, ClientStatus, StoppedBy

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
    with oauth.database.write() as tx:
        return add(oauth, tx, new, actor=actor)


def add(oauth: OAuth, tx: Tx, new: NewApplication, *, actor: str) -> Registered:
    """The same in the caller's transaction."""
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
    if client.client_id == CONSOLE or store.client(tx, client.client_id) is not None:
        raise ClientIdTaken(f"There is an application with the client_id {client.client_id} already.", field="client_id")
    application_store.add(tx, client)
    detail: dict[str, Fact] = {
        "redirect_uris": list(client.redirect_uris),
        "confidential": client.confidential,
        "native": client.native,
    }
    _journal(oauth, tx, "application.registered", client, actor, **detail)
    return Registered(client, secret)


def change(
    oauth: OAuth, tx: Tx, client: Client, *, name: str | None, redirect_uris: tuple[str, ...] | None, actor: str
) -> Client:
    """Another name or other redirect URIs. Codes that wait for a redirect URI of before are good no more.

    Raises `BadApplication`, `BadRedirectUri`.
    """
    changed = replace(
        client,
        name=client.name if name is None else name,
        redirect_uris=client.redirect_uris if redirect_uris is None else redirect_uris,
    )
    if changed == client:
        return client
    as_new = NewApplication(changed.name, changed.owner_name, changed.redirect_uris, native=changed.native, scopes=changed.scopes)
    _check(as_new, loopback=changed.native or oauth.config.on_loopback)
    application_store.change(tx, changed)
    if changed.redirect_uris != client.redirect_uris:
        application_store.end_codes(tx, changed)
    detail: dict[str, Fact] = {"name": changed.name, "redirect_uris": list(changed.redirect_uris)}
    _journal(oauth, tx, "application.changed", client, actor, **detail)
    return changed


def rotate_secret(oauth: OAuth, client_id: str, *, actor: str, overlap: timedelta = timedelta()) -> str:
    """A new secret; the old one is worth nothing from now on, or after the overlap. Tokens already issued go on.

    Raises `NoSuchApplication`, and `BadApplication` for a public application.
    """
    with oauth.database.write() as tx:
        secret = give_secret(oauth, tx, find(tx, client_id), overlap, actor=actor).secret
    assert secret is not None  # a public application was refused
    return secret


def give_secret(oauth: OAuth, tx: Tx, client: Client, overlap: timedelta, *, actor: str) -> Registered:
    """The same in the caller's transaction. A secret of before the old one is good no more, overlap or not."""
    if not client.confidential:
        raise BadApplication("A public application has no secret to replace.", field="client_id")
    now, secret = oauth.clock.now(), tokens.new_token(oauth.random)
    changed = replace(
        client,
        secret_digest=tokens.digest(secret),
        previous_digest=client.secret_digest if overlap else None,
        previous_ends_at=now + overlap if overlap else None,
    )
    application_store.change_secret(tx, changed)
    _journal(oauth, tx, "application.secret_rotated", client, actor, overlap_seconds=int(overlap.total_seconds()))
    return Registered(changed, secret)


def disable(oauth: OAuth, client_id: str, *, actor: str) -> None:
    """Stop an application: it is sent nobody, gets no tokens, and those it has are refused. `enable` takes it back."""
    with oauth.database.write() as tx:
        stop(oauth, tx, find(tx, client_id), StoppedBy.AUTHORITY, actor=actor)


def enable(oauth: OAuth, client_id: str, *, actor: str) -> None:
    """Let a disabled application go on."""
    with oauth.database.write() as tx:
        let_go_on(oauth, tx, find(tx, client_id), actor=actor)


def stop(oauth: OAuth, tx: Tx, client: Client, by: StoppedBy, *, actor: str) -> Client:
    """Stop an application. What its account stopped, the authority can stop as well: then it stays so."""
    stopped = replace(client, status=ClientStatus.DISABLED, disabled_by=by)
    if client.status is ClientStatus.DISABLED and by is StoppedBy.ACCOUNT:
        return client
    if stopped != client:
        application_store.change_status(tx, stopped)
        _journal(oauth, tx, "application.disabled", client, actor, by=by.value)
    return stopped


def let_go_on(oauth: OAuth, tx: Tx, client: Client, *, actor: str) -> Client:
    """Let a disabled application go on."""
    active = replace(client, status=ClientStatus.ACTIVE, disabled_by=None)
    if active != client:
        application_store.change_status(tx, active)
        _journal(oauth, tx, "application.enabled", client, actor)
    return active


def find(tx: Tx, client_id: str) -> Client:
    """The application. Raises `NoSuchApplication`."""
    client = store.client(tx, client_id)
    if client is None:
        raise NoSuchApplication(f"There is no application with the client_id {client_id}.", field="client_id")
    return client


def listed(tx: Tx, account_id: str | None = None) -> tuple[Client, ...]:
    """Every application, or those of one account, by name."""
    return application_store.every(tx, account_id)


def _journal(oauth: OAuth, tx: Tx, kind: str, client: Client, actor: str, **detail: Fact) -> None:
    append(tx, Event(kind, actor, client.actor, account_id=client.account_id, detail=detail), at=oauth.clock.now())


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
