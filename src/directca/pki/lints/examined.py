"""What a rule looks at, and how rules are run."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from directca.pki.certificate_view import CertificateView
from directca.pki.der import DerError
from directca.pki.lints.findings import Finding, Severity
from directca.pki.profiles import CertificateProfile, Policy
from directca.pki.templates import Issuer, Template


@dataclass(frozen=True, slots=True)
class Examined:
    """A certificate as its bytes say it, beside what was decided about it, who signs it and under which policy."""

    view: CertificateView
    template: Template
    issuer: Issuer
    policy: Policy
    profile: CertificateProfile


Rule = Callable[[Examined], str | None]
"""Says what is wrong, or None. A rule looks at one thing and is named after what it holds."""


_Subject = TypeVar("_Subject")


def apply(group: str, rules: tuple[Callable[[_Subject], str | None], ...], examined: _Subject) -> list[Finding]:
    """The findings of rules, each an error. A value that a rule cannot read breaks that rule."""
    if not rules:
        # An empty list of checks would pass everything.
        raise ValueError(f"the group {group} has no rules")
    findings = []
    for rule in rules:
        try:
            message = rule(examined)
        except DerError as error:
            message = str(error)
        if message is not None:
            findings.append(Finding(Severity.ERROR, f"{group}.{rule.__name__}", message))
    return findings
