"""How applications are decided: by how many, how often an organization is looked at again, and how much one account may ask."""

from collections.abc import Container
from dataclasses import dataclass, replace

from directca.direct.oids import OrganizationType

_MOST_DECIDERS = 5
FIRST, WHOLE_DOMAIN = "first", "domain"
_MOST_HOURS = 24 * 90
_DECIDERS = (
    "deciders_application",
    "deciders_modification",
    "deciders_people",
    "deciders_review",
    "deciders_bulk",
    "deciders_ending",
    "deciders_compromise",
)


@dataclass(frozen=True)
class ApprovalConfig:
    """`deciders_…`: how many different people must approve a case of that kind; one alone rejects any.

    An approved organization is reviewed every `review_days`; from `review_notice_days` before that it is due for review, and
    once the day has passed nothing is issued to it. Organizations of the types in `npi_for` must give an NPI.
    """

    deciders_application: int = 2
    deciders_modification: int = 2
    deciders_people: int = 1
    deciders_review: int = 1
    deciders_bulk: int = 2
    deciders_ending: int = 2
    deciders_compromise: int = 2
    """By how many different people many pairs are revoked at once, an organization is ended, pairs or an authority are revoked
    because an authority is compromised. With more than one, an order is a proposal that others confirm. In a sandbox, where one
    person tries everything, it is one unless the settings say otherwise (`alone`)."""
    issuance_waits: tuple[str, ...] = ()
    """Which first issues wait for an officer: `first` of an organization, `domain` for a whole domain, or a category."""
    waiting_issues: int = 50
    """How many issues of one account may wait at once."""
    proposal_hours: int = 72
    """For so long a proposal waits."""
    review_days: int = 365
    review_notice_days: int = 60
    npi_for: tuple[str, ...] = (OrganizationType.COVERED_ENTITY.value,)
    open_cases: int = 20
    """How many undecided cases one account may have at once."""

    def unusable(self) -> str | None:
        """The first setting that means nothing."""
        for name in _DECIDERS:
            if not 1 <= getattr(self, name) <= _MOST_DECIDERS:
                return name
        if not 1 <= self.proposal_hours <= _MOST_HOURS:
            return "proposal_hours"
        if not 1 <= self.review_days <= 3660:
            return "review_days"
        if self.review_notice_days > self.review_days:
            return "review_notice_days"
        kinds = {kind.value for kind in OrganizationType}
        for name, known in (("npi_for", kinds), ("issuance_waits", kinds | {FIRST, WHOLE_DOMAIN})):
            if not set(getattr(self, name)) <= known:
                return name
        return next((name for name in ("open_cases", "waiting_issues") if getattr(self, name) < 1), None)


def alone(config: ApprovalConfig, said: Container[str]) -> ApprovalConfig:
    """The same for a sandbox, of whose settings these were `said`: nobody needs a second officer there who did not say so."""
    return replace(
        config,
        deciders_bulk=config.deciders_bulk if "deciders_bulk" in said else 1,
        deciders_ending=config.deciders_ending if "deciders_ending" in said else 1,
        deciders_compromise=config.deciders_compromise if "deciders_compromise" in said else 1,
    )
