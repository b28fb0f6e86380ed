"""The bodies of the functions about webhooks, as schemas."""

from dataclasses import replace
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from directca.api.certificate_docs import Described
from directca.api.certificate_models import Text
from directca.clock import rfc3339
from directca.notices.model import EventKind
from directca.notices.webhook_log import LIMIT, MOST, DeliveryPage
from directca.notices.webhook_model import Delivery, DeliveryState, Outcome, Webhook, WebhookState
from directca.oauth import scopes

Url = Annotated[Text, Field(max_length=500, description="Where events are sent: https, at a public address.")]
Types = Annotated[list[EventKind], Field(max_length=40, description="The types that are wanted; none for all, later ones too.")]


class NewWebhook(BaseModel):
    """Body that makes a webhook."""

    model_config = ConfigDict(extra="forbid")

    url: Url
    types: Types = []


class WebhookChanges(BaseModel):
    """Body of a change; what is absent stays."""

    model_config = ConfigDict(extra="forbid")

    url: Url | None = None
    types: Types | None = None


class WebhookRecord(BaseModel):
    """A webhook."""

    id: str
    url: str
    types: list[EventKind]
    state: WebhookState = Field(description="`pending`: it must answer a challenge first.")
    made_ts: str
    verified_ts: str | None
    disabled_reason: str | None = Field(description="`switched_off` by you, or `failing` for long.")
    failing_since_ts: str | None = Field(description="Since when nothing has arrived.")
    next_try_ts: str | None = Field(description="Nothing is sent before.")
    old_secret_until_ts: str | None = Field(description="Until then the secret before signs as well.")
    secret: str | None = Field(description="Shown when the webhook is made, and when it is given another; null ever after.")


class WebhookList(BaseModel):
    """The account's webhooks, oldest first."""

    webhooks: list[WebhookRecord]


class DeliveryAttempt(BaseModel):
    """One try."""

    number: int
    at_ts: str
    outcome: Outcome
    status: int | None
    seen: str = Field(description="The first characters of the answer.")
    milliseconds: int


class DeliveryRecord(BaseModel):
    """One event for one webhook."""

    id: str
    event_id: str
    type: str
    state: DeliveryState
    tries: int
    outcome: Outcome | None = Field(description="How the last try ended.")
    status: int | None = Field(description="The HTTP status of the last answer.")
    made_ts: str
    next_try_ts: str | None
    settled_ts: str | None


class DeliveryDetail(DeliveryRecord):
    """The same with what was sent, and each try."""

    body: str
    attempts: list[DeliveryAttempt]


class DeliveryList(BaseModel):
    """Deliveries, newest first."""

    deliveries: list[DeliveryRecord]


class Deleted(BaseModel):
    """A webhook that is no more."""

    id: str
    deleted: bool


def webhook_record(one: Webhook, secret: str | None = None) -> dict[str, Any]:
    """A webhook as it is answered."""
    return {
        "id": one.id,
        "url": one.url,
        "types": list(one.kinds),
        "state": one.state.value,
        "made_ts": rfc3339(one.made_at),
        "verified_ts": None if one.verified_at is None else rfc3339(one.verified_at),
        "disabled_reason": one.disabled_why if one.state is WebhookState.DISABLED else None,
        "failing_since_ts": None if one.failing_since is None else rfc3339(one.failing_since),
        "next_try_ts": None if one.wait_until is None else rfc3339(one.wait_until),
        "old_secret_until_ts": None if one.before_ends_at is None else rfc3339(one.before_ends_at),
        "secret": secret,
    }


def delivery_record(one: Delivery) -> dict[str, Any]:
    """A delivery as it is answered in a list."""
    return {
        "id": one.id,
        "event_id": one.event_id,
        "type": one.kind,
        "state": one.state.value,
        "tries": one.tries,
        "outcome": one.outcome,
        "status": one.status,
        "made_ts": rfc3339(one.made_at),
        "next_try_ts": rfc3339(one.next_at) if one.state is DeliveryState.WAITING else None,
        "settled_ts": None if one.settled_at is None else rfc3339(one.settled_at),
    }


def delivery_detail(page: DeliveryPage) -> dict[str, Any]:
    """A delivery with everything."""
    attempts = [
        {
            "number": one.number,
            "at_ts": rfc3339(one.at),
            "outcome": one.outcome,
            "status": one.status,
            "seen": one.seen,
            "milliseconds": one.milliseconds,
        }
        for one in page.attempts
    ]
    return delivery_record(page.delivery) | {"body": page.delivery.body, "attempts": attempts}


def _in_path(name: str, text: str) -> dict[str, Any]:
    schema = {"type": "string", "maxLength": 64}
    return {"name": name, "in": "path", "required": True, "description": text, "schema": schema}


def _in_query(name: str, text: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": text, "schema": schema}


_ID = _in_path("id", "The webhook, by the id that it was answered with.")
_DELIVERY = _in_path("delivery", "The delivery, by the id in the log.")
_TUSER, _READ = scopes.TUSER_ACCOUNT, scopes.ACCOUNT_READ


def _one(name: str, summary: str, text: str, answer: Any, scope: str = _TUSER) -> Described:
    return Described(name, summary, text, answer, scope, (_ID,))


LIST = Described("webhooks", "List webhooks", "The account's webhooks.", WebhookList, _READ)
CREATE = Described(
    "create_webhook",
    "Make a webhook",
    "Have events sent to an address. The secret is shown in this answer alone. Nothing is sent before the webhook is verified.",
    WebhookRecord,
    _TUSER,
    body=True,
    model=NewWebhook,
)
SHOW = _one("webhook", "Show a webhook", "One webhook.", WebhookRecord, _READ)
CHANGE = replace(
    _one("change_webhook", "Change a webhook", "Other types; or another address, which must be verified anew.", WebhookRecord),
    body=True,
    model=WebhookChanges,
)
VERIFY = _one(
    "verify_webhook",
    "Verify a webhook",
    "Send the challenge now. Success means that the webhook answered with it, and events are sent from now on.",
    WebhookRecord,
)
ROTATE = _one(
    "rotate_webhook_secret",
    "Give a webhook another secret",
    "The new secret is shown in this answer alone. The old one signs as well for a day.",
    WebhookRecord,
)
DISABLE = _one("disable_webhook", "Switch a webhook off", "Nothing more is sent until it is verified again.", WebhookRecord)
TEST = _one("test_webhook", "Try a webhook out", "Send an event of the type webhook.test, which means nothing.", DeliveryDetail)
DELETE = _one("delete_webhook", "Delete a webhook", "Take it away, with the log of its deliveries.", Deleted)
DELIVERIES = replace(
    _one("deliveries", "List deliveries", "What was sent to a webhook and what became of it.", DeliveryList, _READ),
    parameters=(
        _ID,
        _in_query("stateIs", "Those in one state.", {"type": "string", "enum": [one.value for one in DeliveryState]}),
        _in_query("before", "A delivery's id; those before it are meant.", {"type": "string", "maxLength": 64}),
        _in_query("limit", "Deliveries in one answer.", {"type": "integer", "minimum": 1, "maximum": MOST, "default": LIMIT}),
    ),
)
DELIVERY = replace(
    _one("delivery", "Show a delivery", "One delivery, with what was sent and each try.", DeliveryDetail, _READ),
    parameters=(_ID, _DELIVERY),
)
REPLAY = replace(
    _one("replay_delivery", "Replay a delivery", "Send it once more, with the same event and identifiers.", DeliveryDetail),
    parameters=(_ID, _DELIVERY),
)
