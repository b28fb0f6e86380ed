"""What the profile table of the Direct certificate policy demands, one rule per function: names, extensions, addresses."""

import ipaddress
import re
from functools import lru_cache

from directca.direct.errors import BadDirectName
from directca.direct.names import Kind, parse
from directca.pki import countries, der, oids
from directca.pki.extensions import (
    DNS,
    MAIL,
    read_basic_constraints,
    read_distribution_point,
    read_extended_key_usage,
    read_general_names,
    read_information_access,
    read_key_usage,
)
from directca.pki.lints.examined import Examined, Rule
from directca.pki.profiles import CertificateProfile, PolicySet

_ANY_EXTENDED_KEY_USAGE = "2.5.29.37.0"
_SHORTEST_SERIAL_BITS = 96
_NAME_ORDER = (
    oids.COUNTRY,
    oids.STATE,
    oids.LOCALITY,
    oids.ORGANIZATION,
    oids.ORGANIZATIONAL_UNIT,
    oids.COMMON_NAME,
)
_ONCE = (oids.COUNTRY, oids.ORGANIZATION, oids.COMMON_NAME)
_ALWAYS_CRITICAL = frozenset((oids.BASIC_CONSTRAINTS, oids.KEY_USAGE))
_URI = re.compile(r"http://(?P<host>[a-z0-9.-]+)(?::[0-9]{1,5})?(?P<path>/[A-Za-z0-9._~/-]+)")
_DNS_NAME = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")


def serial_shows_128_random_bits(examined: Examined) -> str | None:
    """Of 2**32 numbers from a 128-bit source one is shorter than 96 bits: a short one is a broken source, not luck."""
    bits = der.read_integer(examined.view.serial).bit_length()
    return None if bits >= _SHORTEST_SERIAL_BITS else f"the serial number has only {bits} bits"


def signature_algorithm_is_the_issuers(examined: Examined) -> str | None:
    """Common to all: the algorithm that the CA signs with."""
    same = examined.view.inner_algorithm == examined.issuer.algorithm.identifier
    return None if same else "the signature algorithm is not the one this CA signs with"


def name_attributes_are_of_the_profile_and_in_order(examined: Examined) -> str | None:
    """Profile: C, ST, L, O, OU*, CN and nothing else; an E= in particular would be a second, unchecked address."""
    kinds = [attribute.kind for rdn in examined.view.subject for attribute in rdn]
    if any(kind not in _NAME_ORDER for kind in kinds):
        return "the subject has an attribute outside C, ST, L, O, OU, CN"
    if kinds != sorted(kinds, key=_NAME_ORDER.index):
        return "the subject's attributes are not in the order C, ST, L, O, OU, CN"
    if any(kinds.count(kind) != 1 for kind in _ONCE):
        return "the subject has not exactly one C, one O and one CN"
    return "the subject has two ST or two L" if max(kinds.count(oids.STATE), kinds.count(oids.LOCALITY)) > 1 else None


def country_is_two_capital_letters(examined: Examined) -> str | None:
    """X.520: ISO 3166 in capitals, PrintableString by definition."""
    for rdn in examined.view.subject:
        for attribute in rdn:
            if attribute.kind != oids.COUNTRY:
                continue
            letters = attribute.text.isascii() and attribute.text.isalpha() and attribute.text.isupper()
            if not (letters and attribute.tag == der.PRINTABLE_STRING):
                return "the country is not two capital letters in a PrintableString"
    return None


def subscribers_country_is_assigned(examined: Examined) -> str | None:
    """X.520: a code that ISO 3166-1 has given to a country. An authority's own, once founded, keeps its name."""
    named = [text.upper() for text in examined.view.values(oids.COUNTRY)]
    if not examined.profile.direct_name or all(map(countries.is_assigned, named)):
        return None
    return "the country is none of ISO 3166-1"


def name_strings_are_printable_where_possible(examined: Examined) -> str | None:
    """Common to all: PrintableString where the characters allow it, else UTF8String."""
    for rdn in examined.view.subject:
        for attribute in rdn:
            wanted = der.PRINTABLE_STRING if der.is_printable(attribute.text) else der.UTF8_STRING
            if attribute.tag != wanted:
                return f"the attribute {attribute.kind} has another string type than its characters call for"
    return None


def name_strings_are_clean(examined: Examined) -> str | None:
    """What a person cannot see in a name must not be in it: control characters, spaces at its ends or doubled."""
    for rdn in examined.view.subject:
        for attribute in rdn:
            if not attribute.text.isprintable() or attribute.text != " ".join(attribute.text.split()):
                return f"the attribute {attribute.kind} has invisible characters or surplus spaces"
    return None


def extensions_are_those_of_the_profile(examined: Examined) -> str | None:
    """Profile: an extension that the table does not name does not appear, and one that it names does."""
    present = {extension.kind for extension in examined.view.extensions}
    wanted = _wanted_extensions(examined.profile)
    if present == wanted:
        return None
    return f"extensions missing: {sorted(wanted - present)}; extensions without place: {sorted(present - wanted)}"


def criticality_is_of_the_profile(examined: Examined) -> str | None:
    """Profile: basicConstraints and keyUsage always, extKeyUsage where the profile says so, nothing else ever."""
    for extension in examined.view.extensions:
        critical = extension.kind in _ALWAYS_CRITICAL or (
            extension.kind == oids.EXTENDED_KEY_USAGE and examined.profile.extended_key_usage_critical
        )
        if extension.critical != critical:
            return f"the extension {extension.kind} is {'not ' if critical else ''}critical"
    return None


def key_usage_is_of_the_profile(examined: Examined) -> str | None:
    """RFC 5280 4.2.1.3: the uses that the profile names, no more and no less."""
    extension = examined.view.extension(oids.KEY_USAGE)
    if extension is None:
        return "there is no keyUsage"
    bits = read_key_usage(extension.value)
    wanted = {use.bit for use in examined.profile.key_usage}
    return None if bits == wanted else f"keyUsage has the bits {sorted(bits)}, the profile {sorted(wanted)}"


def extended_key_usage_is_of_the_profile(examined: Examined) -> str | None:
    """RFC 5280 4.2.1.12: the purposes that the profile names; a CA has none."""
    extension = examined.view.extension(oids.EXTENDED_KEY_USAGE)
    purposes = () if extension is None else read_extended_key_usage(extension.value)
    same = purposes == examined.profile.extended_key_usage
    return None if same else f"extKeyUsage has {list(purposes)}, the profile {list(examined.profile.extended_key_usage)}"


def no_extended_key_usage_is_for_anything(examined: Examined) -> str | None:
    """Forbidden: anyExtendedKeyUsage, whatever a profile might say."""
    extension = examined.view.extension(oids.EXTENDED_KEY_USAGE)
    purposes = () if extension is None else read_extended_key_usage(extension.value)
    return "extKeyUsage allows anything" if _ANY_EXTENDED_KEY_USAGE in purposes else None


def basic_constraints_are_of_the_profile(examined: Examined) -> str | None:
    """Profile: cA and the path length; pathLenConstraint never without cA."""
    extension = examined.view.extension(oids.BASIC_CONSTRAINTS)
    wanted = examined.profile.basic_constraints
    if extension is None or wanted is None:
        return None if extension is None and wanted is None else "basicConstraints and the profile disagree"
    found = read_basic_constraints(extension.value)
    same = found == (wanted.certification_authority, wanted.path_length)
    return None if same else f"basicConstraints says cA {found[0]}, pathLen {found[1]}"


def alternative_name_is_one_direct_name(examined: Examined) -> str | None:
    """Profile: exactly one rfc822Name or dNSName, lower case, a Direct name: no wildcard, no IP address."""
    extension = examined.view.extension(oids.SUBJECT_ALT_NAME)
    if extension is None:
        return "there is no subjectAltName" if examined.profile.direct_name else None
    names = read_general_names(extension.value)
    if len(names) != 1 or names[0][0] not in {MAIL, DNS}:
        return "subjectAltName is not exactly one rfc822Name or dNSName"
    tag, text = names[0]
    try:
        name = parse(text)
    except BadDirectName as error:
        return error.detail
    if name.value != text:
        return "subjectAltName is not in lower case"
    wanted = MAIL if name.kind is Kind.ADDRESS else DNS
    return None if tag == wanted else "an address must be an rfc822Name, a domain a dNSName"


def alternative_name_is_the_common_name(examined: Examined) -> str | None:
    """Profile: equal to the CN, character for character."""
    extension = examined.view.extension(oids.SUBJECT_ALT_NAME)
    if extension is None:
        return None
    texts = tuple(text for _, text in read_general_names(extension.value))
    return None if texts == examined.view.values(oids.COMMON_NAME) else "subjectAltName and commonName differ"


def crl_address_is_reachable_by_http(examined: Examined) -> str | None:
    """Profile: `http://`, a DNS name, `.crl`. Never https: checking its certificate would need this CRL."""
    extension = examined.view.extension(oids.CRL_DISTRIBUTION_POINTS)
    if extension is None:
        return None
    return _fault(read_distribution_point(extension.value), (".crl",), development=examined.policy.development)


def information_access_is_reachable_by_http(examined: Examined) -> str | None:
    """Profile: one caIssuers, `.cer` or `.p7c`, and at most one OCSP address where the profile has one."""
    extension = examined.view.extension(oids.AUTHORITY_INFO_ACCESS)
    if extension is None:
        return None
    found = read_information_access(extension.value)
    methods = [method for method, _ in found]
    allowed = [[oids.CA_ISSUERS], [oids.CA_ISSUERS, oids.OCSP]][: 1 + examined.profile.ocsp_address]
    if methods not in allowed:
        return f"authorityInfoAccess has the methods {methods}"
    for method, uri in found:
        endings = (".cer", ".p7c") if method == oids.CA_ISSUERS else ("",)
        if fault := _fault(uri, endings, development=examined.policy.development):
            return fault
    return None


def no_check_is_null(examined: Examined) -> str | None:
    """RFC 6960 4.2.2.2.1: the value is NULL."""
    extension = examined.view.extension(oids.OCSP_NO_CHECK)
    return None if extension is None or extension.value == der.NOTHING else "id-pkix-ocsp-nocheck is not NULL"


def _wanted_extensions(profile: CertificateProfile) -> set[str]:
    named = {
        oids.AUTHORITY_KEY_ID: True,
        oids.SUBJECT_KEY_ID: True,
        oids.KEY_USAGE: True,
        oids.CERTIFICATE_POLICIES: profile.policies is not PolicySet.NONE,
        oids.SUBJECT_ALT_NAME: profile.direct_name,
        oids.BASIC_CONSTRAINTS: profile.basic_constraints is not None,
        oids.EXTENDED_KEY_USAGE: bool(profile.extended_key_usage),
        oids.CRL_DISTRIBUTION_POINTS: profile.crl_address,
        oids.AUTHORITY_INFO_ACCESS: profile.ca_issuers_address,
        oids.OCSP_NO_CHECK: profile.ocsp_nocheck,
    }
    return {kind for kind, wanted in named.items() if wanted}


@lru_cache(maxsize=64)
def _fault(uri: str, endings: tuple[str, ...], *, development: bool) -> str | None:
    match = _URI.fullmatch(uri)
    if match is None:
        return f"{uri} is not a plain http:// address"
    if not match["path"].endswith(endings):
        return f"{uri} does not end with {' or '.join(endings)}"
    host = match["host"]
    # `localhost` is refused in development too: the PKIX linter takes it for no address at all; 127.0.0.1 passes there.
    if _DNS_NAME.fullmatch(host) or (development and _is_ip_address(host)):
        return None
    return f"{uri} has no DNS name"


def _is_ip_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


RULES: tuple[Rule, ...] = (
    serial_shows_128_random_bits,
    signature_algorithm_is_the_issuers,
    name_attributes_are_of_the_profile_and_in_order,
    country_is_two_capital_letters,
    subscribers_country_is_assigned,
    name_strings_are_printable_where_possible,
    name_strings_are_clean,
    extensions_are_those_of_the_profile,
    criticality_is_of_the_profile,
    key_usage_is_of_the_profile,
    extended_key_usage_is_of_the_profile,
    no_extended_key_usage_is_for_anything,
    basic_constraints_are_of_the_profile,
    alternative_name_is_one_direct_name,
    alternative_name_is_the_common_name,
    crl_address_is_reachable_by_http,
    information_access_is_reachable_by_http,
    no_check_is_null,
)
