"""The challenge: a webhook shows that it wants what is to be sent, by answering with what it was sent.

Without it anybody could have this authority send to anybody.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from directca.accounts import accounts
from directca.notices import webhook_store
from directca.notices.context import Webhooks
from directca.notices.form import as_json
from directca.notices.model import Subscriber
from directca.notices.webhook_errors import TooManyChallenges, WebhookNotReady, WebhookNotVerified
from directca.notices.webhook_model import Answered, Message, Outcome, Webhook, WebhookState
from directca.notices.webhook_policy import answers, signature
from directca.notices.webhooks import journal, own

SIGNATURE, EVENT, DELIVERY = "Directca-Signature", "Directca-Event", "Directca-Delivery"
CHALLENGE = "webhook.challenge"
_CHALLENGE_BYTES = 24
_WAIT = timedelta(seconds=10)
_MOST = 4096

WORDS: Mapping[Outcome, str] = {
    Outcome.DELIVERED: "It answered without the challenge.",
    Outcome.REFUSED: "It answered with a status other than 2xx.",
    Outcome.REDIRECTED: "It answered with a redirect, which is not followed. Give the address that it leads to.",
    Outcome.TIMEOUT: "It did not answer in time.",
    Outcome.NO_ADDRESS: "Its name has no address.",
    Outcome.ADDRESS_REFUSED: "Its name leads to an address that is not public.",
    Outcome.UNREACHABLE: "It could not be reached.",
    Outcome.TLS_FAILED: "TLS failed: its certificate must be trusted publicly and be for its name.",
    Outcome.BAD_ANSWER: "What it answered is no HTTP.",
    Outcome.BROKEN: "Something went wrong on our side.",
}


def verify(hooks: Webhooks, who: Subscriber, webhook_id: str) -> Webhook:
    """Send the challenge; from the answer on, events are sent. Raises NoSuchWebhook, AccountSuspended, TooManyChallenges,
    WebhookNotVerified."""
    notices = hooks.notices
    with notices.database.write() as tx:
        accounts.require_active(tx, who.account_id)
        before = own(tx, who, webhook_id)
        now = notices.clock.now()
        if before.tried_at is not None and now < before.tried_at + _WAIT:
            seconds = int((before.tried_at + _WAIT - now).total_seconds()) + 1
            raise TooManyChallenges(f"A challenge was sent a moment ago. Wait {seconds} seconds.", retry_after=seconds)
        webhook_store.change(tx, before, tried_at=now)
    challenge = notices.random(_CHALLENGE_BYTES).hex()
    body = as_json({"type": CHALLENGE, "webhook": before.id, "challenge": challenge}).encode()
    # A crash from here on leaves the webhook as it was.
    answered = hooks.poster.post(message(hooks, before, body, {EVENT: CHALLENGE}, now), _MOST)
    if not answers(challenge, answered):
        raise WebhookNotVerified(f"The webhook is not verified. {_why(answered)}")
    with notices.database.write() as tx:
        done_at = notices.clock.now()
        fresh = {"failures": 0, "failing_since": None, "wait_until": None, "disabled_why": None}
        if not webhook_store.change(tx, before, state=WebhookState.ACTIVE, verified_at=done_at, **fresh):
            raise WebhookNotReady("Somebody else changed the webhook at this moment. Look at it again.")
        journal(tx, notices, before, "webhook.verified", who.actor, url=before.url)
    return replace(before, state=WebhookState.ACTIVE, verified_at=done_at, disabled_why=None)


def message(hooks: Webhooks, to: Webhook, body: bytes, headers: Mapping[str, str], now: datetime) -> Message:
    """What is sent to a webhook: the body, signed with its secret, and with the one before as long as that is good.

    Raises KeyUnusable, WrongPassphrase.
    """
    sealed = [to.sealed]
    if to.sealed_before is not None and to.before_ends_at is not None and now < to.before_ends_at:
        sealed.append(to.sealed_before)
    secrets = [hooks.sealer.open(one, to.place).decode() for one in sealed]
    signed = {"Content-Type": "application/json", **headers, SIGNATURE: signature(secrets, now, body)}
    return Message(to.url, signed, body)


def _why(answered: Answered) -> str:
    status = "" if answered.status is None else f" The status was {answered.status}."
    return WORDS[answered.outcome] + status
