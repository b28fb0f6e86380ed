"""What can go wrong with second factors."""

from directca.errors import Conflict, Malformed, NotFound, Unauthenticated


class WrongSecondFactor(Unauthenticated):
    """The code or the passkey is not right, or was used before; nobody is told which."""

    slug = "wrong_second_factor"


class FactorNotAdded(Malformed):
    """What the app or the device showed does not fit what it was asked."""

    slug = "factor_not_added"


class TooManyFactors(Conflict):
    """The person has as many second factors as anybody can have."""

    slug = "too_many_factors"


class LastFactor(Conflict):
    """Whoever works for the authority keeps at least one second factor."""

    slug = "last_factor"


class NoSuchFactor(NotFound):
    """There is no such second factor, or it is somebody else's."""

    slug = "factor_not_found"
