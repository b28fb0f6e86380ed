"""Why what an external identity provider says about a person is not taken."""

from directca.errors import Conflict, Malformed, NotFound, Rejected, Unavailable


class BadProviderSettings(Malformed):
    """The settings of an identity provider cannot be used."""

    slug = "bad_provider_settings"


class NoSuchProvider(NotFound):
    """The settings name no identity provider of this name."""

    slug = "identity_provider_not_found"


class SignInSettled(Conflict):
    """This sign-in at the identity provider was begun elsewhere, took too long, or has been used: each counts once."""

    slug = "identity_sign_in_settled"


class SignInRefused(Rejected):
    """The identity provider did not let the person in, or the person did not go on with it."""

    slug = "identity_sign_in_refused"


class AssertionRefused(Rejected):
    """What the identity provider says cannot be relied upon: its signature, whom it is for, its time, its level or the person."""

    slug = "identity_assertion_refused"


class ProviderUnavailable(Unavailable):
    """The identity provider cannot be reached, or answers what it must not."""

    slug = "identity_provider_unavailable"
