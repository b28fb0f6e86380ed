"""What the token, revocation and introspection endpoints share: every refusal becomes an answer, a failed proof is noted."""

from collections.abc import Callable
from datetime import timedelta

from directca.errors import Unavailable
from directca.journal.model import Event
from directca.journal.record import append
from directca.oauth import store
from directca.oauth.context import OAuth
from directca.oauth.errors import OAuthError, WrongSecret
from directca.oauth.protocol import OAuthRequest, OAuthResponse, refusal, unavailable

Verb = Callable[[OAuth, OAuthRequest], OAuthResponse]

_NOTED_EVERY = timedelta(minutes=1)


def answered(oauth: OAuth, request: OAuthRequest, verb: Verb) -> OAuthResponse:
    """Run the verb; turn what it raises into the answer of RFC 6749 5.2."""
    try:
        return _noting_failures(oauth, request, verb)
    except OAuthError as error:
        return refusal(error)
    except Unavailable as error:
        return unavailable(error)


def _noting_failures(oauth: OAuth, request: OAuthRequest, verb: Verb) -> OAuthResponse:
    try:
        return verb(oauth, request)
    except WrongSecret as error:
        _note(oauth, error)
        raise


def _note(oauth: OAuth, error: WrongSecret) -> None:
    """Journal the failure, at most one a minute for each application: a stranger must not be able to fill the journal."""
    now = oauth.clock.now()
    if error.last_noted is not None and now - error.last_noted < _NOTED_EVERY:
        return
    with oauth.database.write() as tx:
        store.note_failure(tx, error.client_id, now)
        subject = f"client:{error.client_id}"
        append(tx, Event("client.authentication_failed", "anonymous:", subject, outcome=error.error), at=now)
