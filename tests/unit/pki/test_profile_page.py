"""The reference page lists the rules that there are, and the profiles as the policy has them."""

from pathlib import Path

from directca.pki.lints import crl_rules, ocsp_rules
from directca.pki.lints.verdicts import GROUPS
from directca.pki.profiles import shipped

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "profile.md").read_text(encoding="utf-8")


def row(heading: str) -> list[str]:
    rows = ([cell.strip() for cell in line.split("|")][1:-1] for line in PAGE.splitlines() if line.startswith("|"))
    return next(cells[1:] for cells in rows if cells[0] == heading)


def test_every_rule_is_listed_with_what_it_holds_and_no_other() -> None:
    groups = (*GROUPS, ("crl", crl_rules.RULES), ("ocsp", ocsp_rules.RULES))
    rules = [(group, rule) for group, members in groups for rule in members]
    expected = [f"| `{group}.{rule.__name__}` | {' '.join((rule.__doc__ or '').split())} |" for group, rule in rules]
    prefixes = tuple(f"| `{group}." for group in ("rfc5280", "direct", "policy", "crl", "ocsp"))
    assert [line for line in PAGE.splitlines() if line.startswith(prefixes)] == expected


def test_the_numbers_are_those_of_the_policy() -> None:
    profiles = [shipped().profile(name.strip("`")) for name in row("")]
    assert [cell.split()[0] for cell in row("validity, at most")] == [str(one.maximum.days) for one in profiles]
    assert row("RSA key, at least") == [str(one.minimum_bits) for one in profiles]
    assert len(profiles) == len(shipped().profiles)
