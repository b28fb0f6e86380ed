"""What can go wrong when customers are told of what happened."""

from directca.errors import Conflict, Malformed


class NoticesRunning(Conflict):
    """Another process follows the journal at this moment."""

    slug = "notices_running"


class BadEventPosition(Malformed):
    """There is no event at this position yet, so it cannot be acknowledged."""

    slug = "bad_event_position"


class BadChoice(Malformed):
    """What somebody wants by mail is nothing that is mailed, or no address of theirs is known."""

    slug = "bad_letter_choice"
