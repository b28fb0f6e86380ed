"""What proposals refuse."""

from directca.errors import Conflict, NotFound, Rejected


class AwaitsApproval(Rejected):
    """This waits for an officer of the authority, or for a second one: `proposal` names what must be confirmed first."""

    slug = "awaits_approval"

    def __init__(self, detail: str, *, proposal: str | None = None) -> None:
        super().__init__(detail)
        self.proposal = proposal


class NoSuchProposal(NotFound):
    """No proposal has this identifier, or none that the caller may see."""

    slug = "proposal_not_found"


class ProposalClosed(Conflict):
    """The proposal is decided on, withdrawn or expired; propose it anew."""

    slug = "proposal_closed"


class ProposalDiffers(Conflict):
    """What is confirmed is not what is proposed; look at the proposal again."""

    slug = "proposal_differs"


class AuthorGone(Conflict):
    """Who proposed this, or confirmed it before, may not do so any more; refuse it, and propose it anew."""

    slug = "proposer_gone"


class TooManyWaiting(Rejected):
    """As many requests of the account wait for an officer as may at once; wait for a decision on one of them."""

    slug = "too_many_waiting"
