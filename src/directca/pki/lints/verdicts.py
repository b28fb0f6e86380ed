"""Verdicts on what certificates of one form have in common, kept so that only what is new in each is held against rules again.

A form (`forms.py`) is every byte outside the slots. A rule that looks at nothing but common bytes, and at those parts of the
template, the issuer and the policy by which verdicts are kept here, comes to the same end for all certificates of the form: it
has run on one of them. The rules of ABOUT_SLOTS look at a slot, or at a part of the template that is new each time, and run on
every certificate:

    serial number            rfc5280.serial_is_positive, direct.serial_shows_128_random_bits, policy.serial_is_as_decided
    notBefore, notAfter      rfc5280.times_*, rfc5280.validity_*, policy.validity_*, policy.key_is_long_enough
    commonName's text        rfc5280.name_attributes_are_within_*, direct.name_strings_*, policy.subject_is_as_decided
    subjectAltName's text    direct.alternative_name_*, policy.direct_name_is_as_decided
    modulus                  policy.key_*
    subjectKeyIdentifier     rfc5280.subject_key_id_is_of_the_key
    signature                none: it is a placeholder, and its length is the form's

A rule that is new runs on every certificate until it is listed among those of COMMON.
"""

import threading
from collections import OrderedDict
from typing import Final

from directca.pki.forms import Form
from directca.pki.lints import direct_profile, policy, rfc5280
from directca.pki.lints.examined import Examined, Rule
from directca.pki.lints.findings import Finding
from directca.pki.profiles import Policy
from directca.pki.templates import Issuer, Template

GROUPS: Final = (("rfc5280", rfc5280.RULES), ("direct", direct_profile.RULES), ("policy", policy.RULES))
"""Every rule of our own, by source."""

COMMON: Final[frozenset[Rule]] = frozenset(
    {
        rfc5280.version_is_3,
        rfc5280.serial_has_at_most_20_octets,
        rfc5280.signature_algorithms_agree,
        rfc5280.issuer_is_the_subject_of_the_ca,
        rfc5280.name_attributes_stand_alone,
        rfc5280.key_algorithm_has_null_parameters,
        rfc5280.no_extension_comes_twice,
        rfc5280.authority_key_id_is_the_key_id_of_the_ca,
        direct_profile.signature_algorithm_is_the_issuers,
        direct_profile.name_attributes_are_of_the_profile_and_in_order,
        direct_profile.country_is_two_capital_letters,
        direct_profile.subscribers_country_is_assigned,
        direct_profile.extensions_are_those_of_the_profile,
        direct_profile.criticality_is_of_the_profile,
        direct_profile.key_usage_is_of_the_profile,
        direct_profile.extended_key_usage_is_of_the_profile,
        direct_profile.no_extended_key_usage_is_for_anything,
        direct_profile.basic_constraints_are_of_the_profile,
        direct_profile.crl_address_is_reachable_by_http,
        direct_profile.information_access_is_reachable_by_http,
        direct_profile.no_check_is_null,
        policy.policy_is_the_one_of_the_order,
        policy.addresses_are_as_decided,
        policy.policies_are_as_decided,
        policy.policies_are_of_the_profile,
        policy.policies_are_among_those_of_the_ca,
    }
)
"""The rules whose verdict is that of the form."""

ABOUT_SLOTS: Final = tuple((group, tuple(rule for rule in rules if rule not in COMMON)) for group, rules in GROUPS)
"""The others, by source."""

_Decided = tuple[Form, str, tuple[str, ...], object, str, str]


class KnownVerdicts:
    """Forms on which nothing above a notice was found, with the notices, least recently used forgotten first. Thread-safe.

    They are of one issuer and policy at a time: the very objects, since a verdict rests on all that these hold.
    """

    def __init__(self, maximum: int) -> None:
        self._maximum = maximum
        self._lock = threading.Lock()
        self._about: tuple[Issuer, Policy] | None = None
        self._notices: OrderedDict[_Decided, tuple[Finding, ...]] = OrderedDict()

    def notices(self, examined: Examined) -> tuple[Finding, ...] | None:
        """The notices about certificates of this form for which the same was decided; None if none was judged yet."""
        form = examined.view.form
        with self._lock:
            if form is None or self._about is None:
                return None
            if self._about[0] is not examined.issuer or self._about[1] is not examined.policy:
                return None
            decided = _decided(form, examined.template)
            found = self._notices.get(decided)
            if found is not None:
                self._notices.move_to_end(decided)
            return found

    def add(self, examined: Examined, notices: tuple[Finding, ...]) -> None:
        """Remember the form of a certificate that every rule passed."""
        form = examined.view.form
        if form is None:
            return
        with self._lock:
            if self._about is None or self._about[0] is not examined.issuer or self._about[1] is not examined.policy:
                self._about = examined.issuer, examined.policy
                self._notices.clear()
            self._notices[_decided(form, examined.template)] = notices
            while len(self._notices) > self._maximum:
                self._notices.popitem(last=False)


def _decided(form: Form, template: Template) -> _Decided:
    """What the rules of COMMON look at besides issuer and policy."""
    return form, template.profile, template.policies, template.addresses, template.policy_version, template.policy_sha256
