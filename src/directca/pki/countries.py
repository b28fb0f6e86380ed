"""The countries that a certificate may name: the codes that ISO 3166-1 alpha-2 has assigned (X.520 6.3.1, countryName).

Not among them are those that anybody may use as they please (AA, QM to QZ, XA to XZ, ZZ), those that are kept for others (EU, UK)
and those that were withdrawn (AN, CS, SU, YU): each would be a country that a relying party finds in no list.

The 249 codes are those of the standard as of 2023-04-05 (ISO/TC 46 N1108), as three lists have them alike: `iso3166.tab` of the
time zone database (2025b), Debian's iso-codes 4.15 and pycountry 26.2.16. A change of the standard is a change here.
"""

from typing import Final

_CODES = """
AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC
CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD
GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH
KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW
MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC
SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY
UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
"""

ASSIGNED: Final = frozenset(_CODES.split())

WANTED: Final = "Give the country as its two capital letters in ISO 3166-1, such as US (GB for the United Kingdom)."
"""What to do about another one."""


def is_assigned(code: str) -> bool:
    """Whether the two letters are a country's, written as certificates have them: in capitals."""
    return code in ASSIGNED
