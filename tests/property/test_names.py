"""Names: every one of the grammar is accepted and round-trips; nothing else is accepted, whatever the text."""

import re

from hypothesis import given
from hypothesis import strategies as st

from directca.direct.errors import BadDirectName
from directca.direct.names import Kind, domain_covers, parse

ALPHANUMERIC = "abcdefghijklmnopqrstuvwxyz0123456789"
ATEXT = ALPHANUMERIC + "!#$%&'+-=?^_`{|}~"

# Written anew, and not as the code has it, so that a slip in the one shows against the other.
GRAMMAR = re.compile(
    r"(?=.{4,64}\Z)"
    r"(?:(?!\.)(?:\.?[a-z0-9!#$%&'+\-=?^_`{|}~]+)+@)?"
    r"(?:(?!..--)(?!-)[a-z0-9-]{1,63}(?<!-)\.)+"
    r"[a-z]{1,63}"
)

atoms = st.text(ATEXT, min_size=1, max_size=8)
labels = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,6}[a-z0-9])?", fullmatch=True).filter(lambda label: label[2:4] != "--")
domains = st.builds(
    lambda below, top: ".".join([*below, top]),
    st.lists(labels, min_size=1, max_size=3),
    st.text("abcdefghijklmnopqrstuvwxyz", min_size=2, max_size=6),
)
addresses = st.builds(lambda atoms, domain: f"{'.'.join(atoms)}@{domain}", st.lists(atoms, min_size=1, max_size=3), domains)
names = (domains | addresses).filter(lambda text: len(text) <= 64)


@given(names)
def test_a_name_of_the_grammar_is_its_own_canonical_form(text: str) -> None:
    name = parse(text)
    assert name.value == text
    assert parse(name.value) == name


@given(names)
def test_letter_case_is_lost_and_nothing_else(text: str) -> None:
    assert parse(text.upper()) == parse(text)


@given(names)
def test_the_parts_are_the_whole(text: str) -> None:
    name = parse(text)
    if name.kind is Kind.ADDRESS:
        assert f"{name.local_part}@{name.domain}" == text
    else:
        assert (name.local_part, name.domain) == (None, text)
    assert domain_covers(name.domain, name)


@given(names, domains)
def test_another_domain_never_covers_a_name(text: str, other: str) -> None:
    name = parse(text)
    assert domain_covers(other, name) == (text.endswith(f"@{other}") or text == other)


@given(
    st.text(max_size=80)
    | st.text(ATEXT + '@.*/ \x00[]:"\\A\u0430\u212a', max_size=70)
    | st.builds(lambda text, at, junk: text[:at] + junk + text[at:], names, st.integers(0, 64), st.text(min_size=1, max_size=2))
)
def test_nothing_outside_the_grammar_is_accepted(text: str) -> None:
    try:
        name = parse(text)
    except BadDirectName:
        assert not (text.isascii() and GRAMMAR.fullmatch(text.lower()))
    else:
        assert GRAMMAR.fullmatch(name.value)
        assert text.isascii()
        assert name.value == text.lower()
