"""Why a step of a case is not taken."""

from directca.errors import Conflict, Malformed, NotFound, Rejected


class NoSuchCase(NotFound):
    """There is no case with this identifier, or none of yours."""

    slug = "case_not_found"


class NoSuchOrganizationPerson(NotFound):
    """There is no person of an organization with this identifier, or none of yours."""

    slug = "representative_not_found"


class CaseStands(Conflict):
    """The case is not in a state that allows this step, or it is the other side's turn."""

    slug = "case_state"


class CaseChanged(Conflict):
    """The case has changed since it was looked at; look again before you decide."""

    slug = "case_changed"


class CaseOpen(Conflict):
    """The organization has a case that is not decided yet; one is enough at a time."""

    slug = "case_open"


class TooManyCases(Rejected):
    """The account has as many undecided cases as it may; withdraw one, or wait for a decision."""

    slug = "too_many_cases"


class CaseIncomplete(Malformed):
    """The case lacks something without which nobody can approve it; the description says what."""

    slug = "case_incomplete"


class OwnRequest(Rejected):
    """Nobody decides on what they, or their account, asked for themselves; another officer must."""

    slug = "own_request"


class SecondPerson(Rejected):
    """The policy wants another person to decide than the one who already did."""

    slug = "second_person_required"


class DecidersOnly(Rejected):
    """Only an officer of the certificate authority, or its operator, decides on applications and organizations."""

    slug = "deciders_only"
