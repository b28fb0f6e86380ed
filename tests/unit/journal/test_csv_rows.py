"""What a cell of a CSV file is: text, to every table that opens it."""

import csv
import io

import pytest

from directca.csv_cells import text_cell

_BEGINS = tuple("=+-@＝＋－＠")


@pytest.mark.parametrize("before", ["", " ", "\t", "\r", "\n", "\u00a0", "\u200b", "\ufeff", "\u3000 "])
@pytest.mark.parametrize("sign", _BEGINS)
def test_what_a_table_skips_hides_no_formula(before: str, sign: str) -> None:
    assert text_cell(f"{before}{sign}1+1") == f"'{before}{sign}1+1"


@pytest.mark.parametrize("text", ["a;=1+1", "a; =1+1", "a;b;\t@SUM(A1)", 'x";=1', "a\n=1", "a\t-1"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_no_separator_of_any_table_begins_a_formula(text: str, separator: str) -> None:
    file = io.StringIO()
    csv.writer(file).writerow(["x", text_cell(text), "y"])
    for line in file.getvalue().splitlines():
        for cell in line.split(separator):
            assert not cell.strip(' "').startswith(_BEGINS), line


@pytest.mark.parametrize(
    "text",
    [
        "12345678901234567890",
        "0012",
        "12e45",
        "1E5",
        "1.5",
        "1,000",
        "1/2",
        "2026-11-24",
        "08:00",
        "12:34:56",
        "1 234",
        "$5",
        "50%",
        "(3)",
    ],
)
def test_what_a_table_would_count_is_text(text: str) -> None:
    assert text_cell(text) == f"'{text}"


@pytest.mark.parametrize(
    "text",
    ["", "Sandbox Clinic", "19ef29624d73766f7e7ca0af3f2853e", "alice@x.example", "a-b; c", "4 Clinics", '{"a": -1}', "Smith, J."],
)
def test_what_is_text_stays_as_it_is(text: str) -> None:
    assert text_cell(text) == text
