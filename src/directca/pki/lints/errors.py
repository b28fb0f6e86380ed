"""What keeps an object from being signed, for the operator to look into."""

from typing import ClassVar

from directca.errors import Unavailable
from directca.pki.lints.findings import Finding


class LintFailed(Unavailable):
    """A certificate or CRL that was about to be signed does not look as its profile says. Nothing was signed."""

    slug: ClassVar[str] = "lint_failed"

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__(
            "The certificate did not pass the authority's own checks, so nothing was signed. "
            "Tell the operator; the findings are in the log.",
            retry_after=3600,
        )
        self.findings = findings

    def __str__(self) -> str:
        # For the log alone: edges show the detail, which tells a caller nothing about our insides.
        return "; ".join(str(finding) for finding in self.findings)
