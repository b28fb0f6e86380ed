"""The bodies of the functions about orders and money, as schemas. Amounts are whole cents of US dollars."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from directca.accounts.model import MovementKind
from directca.accounts.statements import MOST
from directca.accounts.top_up_model import PaymentMethod, TopUpState
from directca.accounts.top_ups import Payment
from directca.api.application_models import Strict
from directca.api.certificate_docs import Described
from directca.api.certificate_models import Text
from directca.direct.names import Kind
from directca.issuance.invoice_model import DocumentKind
from directca.issuance.model import Verb
from directca.oauth import scopes

LARGEST_PAGE, PAGE = 1000, 10

Cents = Annotated[int, Field(description="Whole cents of US dollars.")]


class WaitsAnswer(BaseModel):
    """Why an order has not ended."""

    who_must_act: str
    why: str


class OrderAnswer(BaseModel):
    """One purchase, or one free reissue. What is absent is null, never missing."""

    id: str
    verb: Verb
    identifier: str
    kind: Kind
    duration_year: int
    amount_cents: Cents
    currency: str
    state: Literal["authorized", "captured", "released", "refunded"] = Field(
        description="The price is set aside, charged, given back since nothing was issued, or refunded."
    )
    waits: WaitsAnswer | None = Field(description="Why it waits, and who must act; null for one that has ended.")
    record_id: str
    documents: list[str] = Field(description="Numbers of its invoice and credit note.")
    created_ts: str
    updated_ts: str
    refunded_ts: str | None


class PageAnswer(BaseModel):
    """Which page this is."""

    totalCount: int  # noqa: N815  (as the query of the published API spells it)
    returnedCount: int  # noqa: N815  (as above)
    uri: str
    nextPageUri: str | None  # noqa: N815  (as above)


class WaitingIssueAnswer(BaseModel):
    """What was asked for and waits for an officer, so that there is no order yet; or what was decided of it in the last days."""

    proposal: str = Field(description="As the refusal `awaits_approval` named it.")
    verb: Verb
    identifier: str
    duration_year: int
    state: Literal["open", "confirmed", "refused", "expired"]
    reason: str = Field(description="Why it waits, or waited.")
    waits: WaitsAnswer | None = Field(description="Who must act: the authority, or once it is confirmed the applicant.")
    since_ts: str
    until_ts: str = Field(description="When it is over, or once it is confirmed until when the same request succeeds.")
    decided_ts: str | None
    said: str | None = Field(description="The officer's reason.")


class OrdersAnswer(BaseModel):
    """The account's orders, newest first; and what waits for an officer and is no order yet, on the first page."""

    query: PageAnswer
    waiting: list[WaitingIssueAnswer]
    orders: list[OrderAnswer]


class AlarmAnswer(BaseModel):
    """When the account wants to be told."""

    threshold_cents: Cents
    told_ts: str | None = Field(description="Since when the balance is below it.")


class PriceAnswer(BaseModel):
    """What a product costs."""

    kind: Kind
    verb: Literal["issue", "renew"]
    duration_year: int
    price_cents: Cents


class AccountAnswer(BaseModel):
    """The account, its balance and what things cost."""

    id: str
    name: str
    available_cents: Cents
    reserved_cents: Cents
    currency: str
    alarm: AlarmAnswer | None
    payment_methods: list[PaymentMethod]
    refund_days: int
    refunds_per_year: int
    prices: list[PriceAnswer]


class LineAnswer(BaseModel):
    """A movement, and the balances after it."""

    at_ts: str
    movement: MovementKind
    order_id: str | None
    reference: str | None
    available_change_cents: Cents
    reserved_change_cents: Cents
    available_cents: Cents
    reserved_cents: Cents


class StatementAnswer(BaseModel):
    """Every movement of a period, between two balances."""

    since_ts: str
    until_ts: str
    currency: str
    opening_available_cents: Cents
    opening_reserved_cents: Cents
    closing_available_cents: Cents
    closing_reserved_cents: Cents
    lines: list[LineAnswer]


class AlarmBody(Strict):
    """When to tell."""

    threshold_cents: Annotated[int | None, Field(strict=True, description="Tell below so many cents; null: never.")]


class TopUpBody(Strict):
    """A payment that is going to be made."""

    amount_cents: Annotated[int, Field(strict=True)]
    method: PaymentMethod
    purchase_order: Annotated[Text | None, Field(max_length=64, description="The number of your own order.")] = None

    def payment(self) -> Payment:
        """The payment as the verb takes it."""
        return Payment(self.amount_cents, self.method, self.purchase_order)


class InstructionsAnswer(BaseModel):
    """How to pay."""

    reference: str
    lines: list[str]
    pay_by_ts: str


class TopUpAnswer(BaseModel):
    """An announced payment. What is absent is null, never missing."""

    id: str
    reference: str
    amount_cents: Cents
    method: PaymentMethod
    purchase_order: str | None
    state: TopUpState
    asked_ts: str
    pay_by_ts: str
    settled_ts: str | None
    received_cents: Cents | None
    instructions: InstructionsAnswer | None = Field(description="As long as it waits.")


class TopUpsAnswer(BaseModel):
    """The account's newest top-ups; how to pay is told of one alone."""

    top_ups: list[TopUpAnswer]


class ItemAnswer(BaseModel):
    """One line of a document."""

    text: str
    amount_cents: Cents


class InvoiceAnswer(BaseModel):
    """An invoice, credit note or receipt. It never changes."""

    number: str
    kind: DocumentKind
    issued_ts: str
    supplied_ts: str
    seller: list[str]
    buyer: str
    items: list[ItemAnswer]
    total_cents: Cents
    currency: str
    order_id: str | None
    refers_to: str | None
    note: str


class InvoicesAnswer(BaseModel):
    """The account's documents, newest first."""

    invoices: list[InvoiceAnswer]
    nextPageUri: str | None  # noqa: N815  (as the query of the published API spells it)


def _in_path(name: str, text: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "description": text, "schema": {"type": "string", "maxLength": 64}}


def _in_query(name: str, text: str, **schema: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": text, "schema": schema}


_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same key and request are one top-up.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}
_LIMIT = _in_query("limit", "On a page.", type="integer", minimum=1, maximum=LARGEST_PAGE, default=PAGE)
_CURSOR = _in_query("cursor", "Taken from a page address.", type="string", maxLength=80)
_ID = _in_path("id", "The identifier that an earlier answer gave.")
_READ, _BUY = scopes.ACCOUNT_READ, scopes.TUSER_ACCOUNT

ORDERS = Described(
    "orders",
    "List orders",
    "The account's orders, newest first, each with its state and why it waits. On the first page also what waits for an officer "
    "and is no order yet, and what was decided of it.",
    OrdersAnswer,
    _READ,
    (_LIMIT, _CURSOR),
)
ORDER = Described("order", "Show an order", "One order.", OrderAnswer, _READ, (_ID,))
REFUND = Described(
    "refund_order",
    "Refund an order",
    "Give the price back, within the authority's refund days, of a pair that was revoked as not wanted. Once, whole, at once; "
    "asked again it answers the same.",
    OrderAnswer,
    _BUY,
    (_ID,),
)
ACCOUNT = Described("account", "Show the account", "The account, its balance, its alarm, and prices.", AccountAnswer, _READ)
STATEMENT = Described(
    "statement",
    "Statement",
    f"Every movement of a period, {MOST} at most, between the balances before and after it; JSON, or CSV with format=csv.",
    StatementAnswer,
    _READ,
    (
        _in_query("since", "From this day or moment on. Default: the beginning of the month.", type="string"),
        _in_query("until", "Before this day or moment. Default: now.", type="string"),
        _in_query("format", "The form of the answer.", type="string", enum=["json", "csv"]),
    ),
    also="text/csv",
)
ALARM = Described(
    "set_alarm",
    "Set the balance alarm",
    "Be told when the available balance falls below an amount: an event, and a letter to the administrators of the account.",
    AccountAnswer,
    scopes.ACCOUNT_MANAGE,
    body=True,
    model=AlarmBody,
)
TOP_UPS = Described("top_ups", "List top-ups", "The account's newest announced payments.", TopUpsAnswer, _READ)
TOP_UP = Described("top_up", "Show a top-up", "One of them, with how to pay.", TopUpAnswer, _READ, (_ID,))
ASK_TOP_UP = Described(
    "ask_top_up",
    "Top up",
    "Announce a payment, and be told how to make it. The balance grows when the authority confirms that it arrived.",
    TopUpAnswer,
    _BUY,
    (_KEY,),
    body=True,
    model=TopUpBody,
)
WITHDRAW_TOP_UP = Described(
    "withdraw_top_up", "Withdraw a top-up", "Say that it will not be paid after all.", TopUpAnswer, _BUY, (_ID,)
)
INVOICES = Described(
    "invoices", "List invoices", "Invoices, credit notes and receipts, newest first.", InvoicesAnswer, _READ, (_LIMIT, _CURSOR)
)
INVOICE = Described(
    "invoice", "Show an invoice", "One document.", InvoiceAnswer, _READ, (_in_path("number", "Such as INV-2026-000001."),)
)
