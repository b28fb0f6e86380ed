"""The bodies of the functions about events, as schemas."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from directca.api.certificate_docs import Described
from directca.notices.feed import LIMIT, MOST
from directca.notices.form import event_values
from directca.notices.model import EventKind, Feed
from directca.oauth import scopes

LAST_POSITION = 10**15


class EventRecord(BaseModel):
    """Something that happened to what is the account's."""

    id: str = Field(description="The same wherever and however often the event is told.")
    position: int = Field(description="Counts from 1 without gaps in the account.")
    type: EventKind
    at_ts: str
    subject: str = Field(description="What it happened to: record:…, organization:…, case:…, account:….")
    data: dict[str, Any] = Field(description="The facts, by the type.")


class EventFeed(BaseModel):
    """Events, oldest first."""

    events: list[EventRecord]
    acknowledged: int = Field(description="Up to where this application has acknowledged events.")
    first: int = Field(description="The oldest position that is kept; 0: none.")
    last: int = Field(description="The newest position; 0: none.")
    more: bool = Field(description="Whether others follow these.")


class Acknowledgement(BaseModel):
    """Body of an acknowledgement."""

    model_config = ConfigDict(extra="forbid", strict=True)

    position: Annotated[
        int, Field(ge=1, le=LAST_POSITION, description="The application has every event up to this one, and will not need them.")
    ]


def feed_answer(found: Feed) -> dict[str, Any]:
    """The feed as it is answered."""
    return {
        "events": [event_values(one) for one in found.events],
        "acknowledged": found.acknowledged,
        "first": found.first,
        "last": found.last,
        "more": found.more,
    }


FETCH = Described(
    name="events",
    summary="Fetch events",
    text="What happened to what is the account's, oldest first: behind `after`, or behind what this application acknowledged.",
    answer=EventFeed,
    scope=scopes.ACCOUNT_READ,
    parameters=(
        {
            "name": "after",
            "in": "query",
            "required": False,
            "description": "A position; the events behind it are meant.",
            "schema": {"type": "integer", "minimum": 0, "maximum": LAST_POSITION},
        },
        {
            "name": "limit",
            "in": "query",
            "required": False,
            "description": "Events in one answer.",
            "schema": {"type": "integer", "minimum": 1, "maximum": MOST, "default": LIMIT},
        },
    ),
)
ACKNOWLEDGE = Described(
    name="acknowledge_events",
    summary="Acknowledge events",
    text="Say that this application has everything up to a position; from then on a fetch without `after` begins behind it.",
    answer=EventFeed,
    scope=scopes.ACCOUNT_READ,
    body=True,
    model=Acknowledgement,
)
