"""What can go wrong when somebody signs in or is given the means to."""

from directca.errors import Conflict, Malformed, NotFound, RateLimited, Rejected, Unauthenticated, Unavailable


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


class BadEmail(Malformed):
    """This is no e-mail address at which somebody can be reached from here."""

    slug = "bad_email"


class NoSuchUser(NotFound):
    """The account has no user with this identifier, or it is another account's."""

    slug = "user_not_found"


class UserExists(Conflict):
    """Somebody of this account has the address already."""

    slug = "user_exists"


class LastOfAccount(Rejected):
    """Nobody would be left who can sign in for the account, or who administers it."""

    slug = "last_of_account"


class StaffOfAuthority(Rejected):
    """The person works for the authority; an account can end their access only when those roles are withdrawn."""

    slug = "staff_of_authority"


class NoSuchInvitation(NotFound):
    """There is no such invitation, it was used, withdrawn, replaced, is over, or its sender may not invite. Ask for a new one."""

    slug = "invitation_not_found"


class TooManyInvitations(RateLimited):
    """The account has invited as many people within an hour as it may."""

    slug = "too_many_invitations"


class SignUpClosed(Rejected):
    """Nobody opens an account here by themselves: somebody invites them."""

    slug = "sign_up_closed"


class WrongSignUpCode(Rejected):
    """This is not the code that was mailed, or it is good no more."""

    slug = "wrong_sign_up_code"
