"""`directca webhook`: where accounts want events sent, what became of it, and sending something once more."""

from dataclasses import dataclass
from typing import Annotated, Any

import typer

from directca.api.webhook_models import delivery_detail, delivery_record, webhook_record
from directca.cli import present
from directca.cli.commands import Common, command, group
from directca.cli.context import opened
from directca.notices import webhook_log

app = group("webhook", "Where accounts want events sent, and what became of it.")


@dataclass(frozen=True, slots=True, kw_only=True)
class LogOptions(Common):
    """Options of `webhook log`."""

    webhook: Annotated[str, typer.Argument(help="The webhook's identifier, from `webhook list`.")]
    limit: Annotated[int, typer.Option(min=1, max=200, help="So many deliveries, the newest.")] = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayOptions(Common):
    """Options of `webhook replay`."""

    delivery: Annotated[str, typer.Argument(help="The delivery's identifier, from `webhook log`.")]


def show_all(options: Common) -> None:
    """List the webhooks of all accounts."""
    with opened(options.data) as desk:
        found = webhook_log.every(desk.notices)
    rows = [(one.id, one.account_id, one.state, one.url, one.failing_since or "—") for one in found]
    data: list[dict[str, Any]] = [webhook_record(one) | {"account": one.account_id} for one in found]
    table = present.listing(("webhook", "account", "state", "address", "failing since"), rows, empty="There are no webhooks.")
    present.emit(data, as_json=options.as_json, human=table)


def show_log(options: LogOptions) -> None:
    """Show what was sent to a webhook, and what came back."""
    with opened(options.data) as desk:
        found = webhook_log.log_of(desk.notices, options.webhook, options.limit)
    rows = [
        (one.delivery.id, one.delivery.kind, one.delivery.state, one.delivery.tries, one.delivery.outcome, one.delivery.status)
        for one in found
    ]
    heads = ("delivery", "type", "state", "tries", "last outcome", "status")
    table = present.listing(heads, rows, empty="Nothing was sent to it.")
    present.emit([delivery_detail(one) for one in found], as_json=options.as_json, human=table)


def replay(options: ReplayOptions) -> None:
    """Send a delivery once more, with the same event and identifiers; a running server does so within seconds."""
    with opened(options.data) as desk:
        done = webhook_log.replay_any(desk.notices, options.delivery, actor=desk.actor)
    data = delivery_record(done)
    present.emit(data, as_json=options.as_json, human=f"{done.id} is sent once more.")


command(app, "list", Common, show_all)
command(app, "log", LogOptions, show_log)
command(app, "replay", ReplayOptions, replay)
