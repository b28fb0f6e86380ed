"""What can go wrong when somebody signs in or is given the means to."""

from directca.errors import Conflict, Malformed, NotFound, RateLimited, Unauthenticated, Unavailable


class WrongCredentials(Unauthenticated):
    """The user name or the password is not right; nobody is told which."""

    slug = "wrong_credentials"


class SessionEnded(Unauthenticated):
    """The session in which somebody was signed in is over."""

    slug = "session_ended"


class TooManyAttempts(RateLimited):
    """Signing in was tried too often, for this user name or from this address. It passes by itself."""

    slug = "too_many_attempts"


class TooManyAtOnce(Unavailable):
    """More people are signing in at this moment than the server has memory for."""

    slug = "sign_in_busy"


class WeakPassword(Malformed):
    """The password is too short, too long, or easily guessed."""

    slug = "weak_password"


class BadUsername(Malformed):
    """The user name holds characters that a user name cannot hold."""

    slug = "bad_username"


class UsernameTaken(Conflict):
    """Another person has this user name."""

    slug = "username_taken"


class NoSuchPerson(NotFound):
    """Nobody has this user name."""

    slug = "person_not_found"
