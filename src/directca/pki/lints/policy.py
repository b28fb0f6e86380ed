"""What was decided about this very certificate, and the numbers of the policy, one rule per function.

The first rules compare each field of the bytes with the template: what was validated equals what is signed.
"""

from datetime import timedelta

from directca.direct.names import Kind
from directca.pki import der, oids
from directca.pki.extensions import (
    DNS,
    MAIL,
    read_distribution_point,
    read_general_names,
    read_information_access,
    read_policies,
)
from directca.pki.lints.examined import Examined, Rule
from directca.pki.profiles import PolicySet

_ONE_SECOND = timedelta(seconds=1)


def policy_is_the_one_of_the_order(examined: Examined) -> str | None:
    """The version and the file that the order pinned (Let's Encrypt 2023: a profile that changed mid-order)."""
    pinned = (examined.template.policy_version, examined.template.policy_sha256)
    in_use = (examined.policy.version, examined.policy.sha256)
    return None if pinned == in_use else "the order pinned another policy than this certificate is held against"


def serial_is_as_decided(examined: Examined) -> str | None:
    """The number that the intent reserved."""
    same = der.read_integer(examined.view.serial) == examined.template.serial
    return None if same else "the serial number is not the reserved one"


def validity_is_as_decided(examined: Examined) -> str | None:
    """The dates that were decided, to the second."""
    view, template = examined.view, examined.template
    found = (der.read_time(view.not_before), der.read_time(view.not_after))
    return None if found == (template.not_before, template.not_after) else "the validity is not the one decided"


def subject_is_as_decided(examined: Examined) -> str | None:
    """Every attribute that was decided, in order."""
    found = [(attribute.kind, attribute.text) for rdn in examined.view.subject for attribute in rdn]
    return None if found == list(examined.template.subject.attributes()) else "the subject is not the one decided"


def direct_name_is_as_decided(examined: Examined) -> str | None:
    """The name that was proven, of the kind that was proven."""
    extension = examined.view.extension(oids.SUBJECT_ALT_NAME)
    found = None if extension is None else read_general_names(extension.value)
    name = examined.template.direct_name
    wanted = None if name is None else ((MAIL if name.kind is Kind.ADDRESS else DNS, name.value),)
    return None if found == wanted else "subjectAltName is not the name decided"


def key_is_as_decided(examined: Examined) -> str | None:
    """The key of the request, byte for byte."""
    same = examined.view.key.der == examined.template.spki_der
    return None if same else "the public key is not the one decided"


def addresses_are_as_decided(examined: Examined) -> str | None:
    """The addresses of the configuration; an OCSP address only if something answers there."""
    view, profile, addresses = examined.view, examined.profile, examined.template.addresses
    points = view.extension(oids.CRL_DISTRIBUTION_POINTS)
    access = view.extension(oids.AUTHORITY_INFO_ACCESS)
    found = (
        None if points is None else read_distribution_point(points.value),
        () if access is None else read_information_access(access.value),
    )
    methods = []
    if profile.ca_issuers_address:
        methods.append((oids.CA_ISSUERS, addresses.ca_issuers))
    if profile.ocsp_address and addresses.ocsp is not None:
        methods.append((oids.OCSP, addresses.ocsp))
    wanted = (addresses.crl if profile.crl_address else None, tuple(methods))
    return None if found == wanted else "the addresses are not the ones decided"


def policies_are_as_decided(examined: Examined) -> str | None:
    """Each policy, in order; the CPS URI at the authority's own policy and nowhere else."""
    extension = examined.view.extension(oids.CERTIFICATE_POLICIES)
    found = {} if extension is None else read_policies(extension.value)
    assertions = examined.policy.assertions
    wanted = {
        policy: assertions.own_cps_uri if policy == assertions.own_policy else None for policy in examined.template.policies
    }
    same = list(found.items()) == list(wanted.items())
    return None if same else "certificatePolicies is not what was decided"


def policies_are_of_the_profile(examined: Examined) -> str | None:
    """Policies: an end entity asserts exactly one CP version, one assurance and one category, and our own policy."""
    extension = examined.view.extension(oids.CERTIFICATE_POLICIES)
    found = [] if extension is None else list(read_policies(extension.value))
    assertions = examined.policy.assertions
    own = 0 if assertions.own_policy is None else 1
    match examined.profile.policies:
        case PolicySet.NONE:
            fits = not found
        case PolicySet.AUTHORITY:
            fits = set(found) == set(assertions.all_for_authority)
        case PolicySet.ANSWERS:
            fits = bool(found) and set(found) == examined.issuer.policies
        case PolicySet.END_ENTITY:
            groups = (assertions.cp_versions, assertions.assurances, assertions.categories)
            fits = len(found) == len(groups) + own and all(len(set(found) & set(group)) == 1 for group in groups)
            fits = fits and (assertions.own_policy is None or assertions.own_policy in found)
    return None if fits else f"certificatePolicies has {found}, which the profile does not allow"


def policies_are_among_those_of_the_ca(examined: Examined) -> str | None:
    """Policies: a subset of the issuing CA's. A root issues under any policy, since an anchor's are not looked at."""
    extension = examined.view.extension(oids.CERTIFICATE_POLICIES)
    if extension is None or examined.profile.is_authority:
        return None
    surplus = set(read_policies(extension.value)) - examined.issuer.policies
    return f"the issuing CA does not assert {sorted(surplus)}" if surplus else None


def validity_is_no_longer_than_the_profile(examined: Examined) -> str | None:
    """Counted inclusively: the second of notAfter belongs to it (Let's Encrypt 2021)."""
    validity = der.read_time(examined.view.not_after) - der.read_time(examined.view.not_before) + _ONE_SECOND
    maximum = examined.profile.maximum
    return None if validity <= maximum else f"the validity is {validity}, the profile's limit {maximum}"


def validity_is_inside_that_of_the_ca(examined: Examined) -> str | None:
    """Profile: not a second earlier or later than the CA's own certificate."""
    view, issuer = examined.view, examined.issuer
    inside = issuer.not_before <= der.read_time(view.not_before) and der.read_time(view.not_after) <= issuer.not_after
    return None if inside else "the validity is not inside that of the CA"


def key_is_long_enough(examined: Examined) -> str | None:
    """Profile: the profile's length, and 3072 bits whenever notAfter is after 2030; the policy has both numbers."""
    rules, bits = examined.policy.keys, examined.view.key.modulus.bit_length()
    wanted = max(rules.minimum_bits, examined.profile.minimum_bits)
    if der.read_time(examined.view.not_after) > rules.long_life_after:
        wanted = max(wanted, rules.long_life_bits)
    if bits < wanted:
        return f"the key has {bits} bits, needed are {wanted}"
    return None if bits <= rules.maximum_bits else f"the key has {bits} bits, allowed are {rules.maximum_bits}"


def key_numbers_are_possible(examined: Examined) -> str | None:
    """SP 800-89 5.3.3: an odd modulus; an odd exponent within its bounds."""
    key, rules = examined.view.key, examined.policy.keys
    possible = (
        key.modulus > 0
        and key.modulus & 1
        and key.exponent & 1
        and rules.minimum_exponent <= key.exponent
        and key.exponent.bit_length() <= rules.maximum_exponent_bits
    )
    return None if possible else "the key's modulus or exponent cannot be those of an RSA key"


def key_is_not_the_key_of_the_ca(examined: Examined) -> str | None:
    """Key quality: never the CA's own, except where a root certifies itself."""
    if examined.issuer.certificate_der is None:
        return None
    return "the subject's key is the CA's own" if examined.view.key.der == examined.issuer.spki_der else None


RULES: tuple[Rule, ...] = (
    policy_is_the_one_of_the_order,
    serial_is_as_decided,
    validity_is_as_decided,
    subject_is_as_decided,
    direct_name_is_as_decided,
    key_is_as_decided,
    addresses_are_as_decided,
    policies_are_as_decided,
    policies_are_of_the_profile,
    policies_are_among_those_of_the_ca,
    validity_is_no_longer_than_the_profile,
    validity_is_inside_that_of_the_ca,
    key_is_long_enough,
    key_numbers_are_possible,
    key_is_not_the_key_of_the_ca,
)
