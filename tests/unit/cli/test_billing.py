"""`directca billing`: what an operator does about money has its effect, once, and says so."""

import pytest

from tests.unit.cli.conftest import Shell

TERMS = '[billing]\nseller = ["Example CA Inc."]\nwire = ["Account 4711"]\n'


@pytest.fixture
def funded(shell: Shell, account: str) -> str:
    shell.json("account", "deposit", account, "100", "--reference", "=1+1")
    return account


def test_documents_and_statements_are_shown(shell: Shell, funded: str) -> None:
    (receipt,) = shell.json("billing", "invoices", funded)
    assert (receipt["number"][:4], receipt["total_cents"]) == ("RCP-", 100_00)
    assert shell.json("billing", "invoice", receipt["number"]) == receipt
    assert shell.slug("billing", "invoice", "INV-2026-000001") == "invoice_not_found"
    sheet = shell.run("billing", "statement", funded, "--since", "2020-01-01").stdout
    assert ",'=1+1,100.00," in sheet
    assert shell.json("billing", "statement", funded, "--since", "2020-01-01")["closing_available_cents"] == 100_00
    for none in ("yesterday", "٢٠٢٦-٠١-٠١", "0001-01-01T00:00:00+23:59"):
        assert shell.slug("billing", "statement", funded, "--since", none) == "bad_option"
    assert shell.slug("billing", "statement", "nobody", "--since", "2020-01-01") == "account_not_found"
    assert shell.json("billing", "orders", funded) == []
    assert shell.slug("billing", "refund", "nothing") == "order_not_found"


def test_an_alarm_is_set_and_taken_away(shell: Shell, account: str) -> None:
    assert shell.json("billing", "alarm", account, "50.00") == {"threshold_cents": 50_00}
    assert shell.json("billing", "alarm", account, "0") == {"threshold_cents": None}
    assert shell.slug("billing", "alarm", "nobody", "1") == "account_not_found"


def test_nothing_is_booked_under_a_reference_that_nobody_has(shell: Shell, account: str) -> None:
    assert shell.json("billing", "top-ups") == []
    assert shell.slug("billing", "confirm", "TU-0000-0000") == "top_up_not_found"
    assert shell.slug("billing", "decline", "TU-0000-0000", "--reason", "x") == "top_up_not_found"
    assert shell.json("account", "show", account)["available_cents"] == 0


@pytest.mark.parametrize(
    ("line", "field"),
    [("refund_days = 4000", "refund_days"), ("top_up_days = 0", "top_up_days"), ("refunds_per_year = -1", "refunds_per_year")],
)
def test_terms_that_mean_nothing_keep_the_authority_from_starting(shell: Shell, line: str, field: str) -> None:
    file = shell.data / "directca.toml"
    file.write_text(f"{file.read_text()}\n{TERMS}{line}\n")
    assert field in shell.refused("config", "check")
