"""For whom an event is: a delivery for each webhook that wants it, in the commit that makes the event."""

from collections.abc import Sequence

from directca.db.engine import Tx
from directca.notices import delivery_store, webhook_store
from directca.notices.context import Notices
from directca.notices.form import as_json, event_values
from directca.notices.model import Event
from directca.notices.policy import wanted
from directca.notices.webhook_log import waiting


def fan_out(tx: Tx, notices: Notices, made: Sequence[Event]) -> None:
    """Let each event wait for each webhook that wants it."""
    hooks = webhook_store.active_of(tx, tuple({one.account_id for one in made}))
    now = notices.clock.now()
    deliveries = [
        waiting(notices, hook, one.id, one.kind, as_json(event_values(one)), now)
        for one in made
        for hook in hooks
        if hook.account_id == one.account_id and wanted(hook.kinds, one.kind)
    ]
    if deliveries:
        delivery_store.add(tx, deliveries)
