"""Why a webhook cannot be used, or not now."""

from directca.errors import Conflict, Malformed, NotFound, RateLimited, Rejected, Unavailable


class BadWebhook(Malformed):
    """The address or the types of a webhook cannot be used. The description says why."""

    slug = "bad_webhook"


class NoSuchWebhook(NotFound):
    """The account has no webhook, or no delivery, with this identifier."""

    slug = "webhook_not_found"


class TooManyWebhooks(Rejected):
    """The account has as many webhooks as it may have; delete one that is not used."""

    slug = "too_many_webhooks"


class WebhookNotVerified(Rejected):
    """The challenge was sent to the webhook, and it did not answer with it. The description says what came back."""

    slug = "webhook_not_verified"


class WebhookNotReady(Conflict):
    """The webhook is not in a state that allows this, such as a test before it was verified."""

    slug = "webhook_state"


class TooManyChallenges(RateLimited):
    """A challenge was sent to this webhook a moment ago."""

    slug = "too_many_challenges"


class WebhooksBusy(Unavailable):
    """As many webhooks are being challenged as this server does at once."""

    slug = "webhooks_busy"
