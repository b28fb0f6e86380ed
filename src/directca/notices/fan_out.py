"""For whom an event is: a delivery for each webhook and a letter for each person that wants it, in the commit that makes it."""

from collections.abc import Sequence

from directca.db.engine import Tx
from directca.notices import delivery_store, letter_store, webhook_store
from directca.notices.context import Notices
from directca.notices.form import as_json, event_values
from directca.notices.letter_model import EventLetter
from directca.notices.letter_text import subject_of, text_of
from directca.notices.model import Event
from directca.notices.policy import wanted
from directca.notices.webhook_log import waiting


def fan_out(tx: Tx, notices: Notices, made: Sequence[Event]) -> None:
    """Let each event wait for each webhook, and each person, that wants it."""
    accounts = tuple({one.account_id for one in made})
    hooks = webhook_store.active_of(tx, accounts)
    now = notices.clock.now()
    deliveries = [
        waiting(notices, hook, one.id, one.kind, as_json(event_values(one)), now)
        for one in made
        for hook in hooks
        if hook.account_id == one.account_id and wanted(hook.kinds, one.kind)
    ]
    if deliveries:
        delivery_store.add(tx, deliveries)
    letters = [
        EventLetter(person_id, one.id, subject_of(one), text_of(one, notices.authority), now)
        for account_id, person_id, kinds in letter_store.choices(tx, accounts)
        for one in made
        if one.account_id == account_id and one.kind in kinds
    ]
    if letters:
        letter_store.add(tx, letters)
