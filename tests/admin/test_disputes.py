"""Disputes in the panel: drafted, sent to the bank exactly once, or given up."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from PIL import Image as Drawing
from sqlalchemy import select

from jobs.disputes import drain
from shop.core import clock, durable
from shop.core.transaction import transaction
from shop.email.models import Letter
from shop.extensions import db
from shop.payments.models import Dispute, DisputeAnswer, DisputeFile
from shop.payments.stripe_gateway import StripeGateway
from shop.workflows.answer_dispute import send_answer
from shop.workflows.list_disputes import disputes_near_deadline, remind
from tests.admin import making
from tests.admin.conftest import Staff, counting
from tests.town import Town

PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"


def picture(kind: str = "PNG", size: tuple[int, int] = (40, 40)) -> bytes:
    held = io.BytesIO()
    Drawing.new("RGB", size, "#246").save(held, kind)
    return held.getvalue()


def bomb() -> bytes:
    """A small file that says it is 40,000 pixels a side."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = struct.pack(">IIBBBBB", 40_000, 40_000, 8, 0, 0, 0, 0)
    body = zlib.compress(b"\0" * 5_000_000, 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


class Desk:
    """A dispute at Stripe and here, and somebody who answers it."""

    def __init__(self, town: Town, staff: Staff, reason: str = "product_not_received") -> None:
        self.town, self.staff = town, staff
        town.paid_order()
        charge = town.stripe.v1.charges.list({"limit": 1}).data[0]
        town.control("POST", f"stripe/charges/{charge.id}/dispute", reason=reason)
        town.work()
        self.row = self.dispute()
        self.path = f"/admin/disputes/{self.row.id}"

    def dispute(self) -> Dispute:
        db.session.remove()
        return db.session.execute(select(Dispute)).scalar_one()

    def answer(self) -> DisputeAnswer:
        db.session.remove()
        return db.session.execute(select(DisputeAnswer)).scalar_one()

    @property
    def theirs(self) -> Any:
        return self.town.stripe.v1.disputes.retrieve(self.row.external_id)

    def form(self, **changes: Any) -> dict[str, Any]:
        """What a browser would send back, with changes."""
        page = self.staff.get(self.path).text
        marks = page.split('name="marks" value="')[1].split('"')[0]
        return {"marks": marks, "do": "save", **changes}

    def send(self, **changes: Any) -> Any:
        return self.staff.post(self.path, self.form(do="submit", sure="1", **changes))


@pytest.fixture
def desk(town: Town, staff: Staff) -> Desk:
    return Desk(town, staff)


def file(body: bytes, name: str = "receipt.pdf") -> tuple[io.BytesIO, str]:
    return io.BytesIO(body), name


def test_the_form_is_filled_with_what_the_order_knows(desk: Desk) -> None:
    page = desk.staff.get(desk.path).text
    for known in ("ada@example.com", "Portland", "1 × ", "What I bought never came.", "Letter to ada@example.com"):
        assert known in page
    assert "Give it up" in page


def test_a_draft_stays_here_until_it_is_sent(desk: Desk) -> None:
    answer = desk.staff.post(desk.path, desk.form(shipping_tracking_number="TRACK-1", **{"file-receipt": file(PDF)}))
    assert answer.status_code == 303
    desk.town.work()
    assert desk.theirs.evidence.shipping_tracking_number is None
    page = desk.staff.get(desk.path).text
    assert "TRACK-1" in page and "receipt.pdf" in page
    download = desk.staff.get(f"{desk.path}/files/receipt")
    assert download.data == PDF
    assert download.headers["Content-Disposition"].startswith("attachment")


def test_evidence_and_documents_reach_the_bank_once_however_often_it_is_pressed(desk: Desk) -> None:
    for _ in range(2):
        desk.send(
            shipping_carrier="USPS", **{"file-receipt": file(PDF), "file-uncategorized_file": file(picture(), "x.exe")}
        )
    desk.town.work()
    desk.town.work()
    theirs = desk.theirs
    assert theirs.evidence_details.submission_count == 1
    assert theirs.status == "under_review"
    assert theirs.evidence.shipping_carrier == "USPS"
    kept = desk.town.stripe.v1.files.retrieve(theirs.evidence.receipt)
    assert (kept.size, kept.filename, kept.purpose) == (len(PDF), "receipt.pdf", "dispute_evidence")
    assert desk.town.stripe.v1.files.retrieve(theirs.evidence.uncategorized_file).filename == "uncategorized_file.png"
    assert (desk.answer().step, desk.dispute().status) == ("sent", "under_review")
    assert "can no longer be changed" in desk.staff.get(desk.path).text


def test_without_the_tick_nothing_is_sent_and_nothing_is_lost(desk: Desk) -> None:
    answer = desk.staff.post(desk.path, desk.form(do="submit", shipping_carrier="DHL"))
    assert answer.status_code == 422 and "Tick the box" in answer.text and "DHL" in answer.text
    assert desk.answer().step == "draft"


@pytest.mark.parametrize("kind", ["drop_after", "error_500", "error_500_after"])
def test_a_lost_reply_is_looked_up_before_anything_is_sent_again(desk: Desk, kind: str) -> None:
    desk.town.fault("stripe", kind, r"POST .*/v1/disputes/.*", times=3)
    desk.send(shipping_carrier="USPS")
    drain()
    assert desk.answer().step == "sending"
    desk.town.no_faults()
    desk.town.breathe()
    with transaction() as session:
        row = session.execute(select(DisputeAnswer)).scalar_one()
        row.due_at = clock.now()
    desk.town.work()
    assert desk.theirs.evidence_details.submission_count == 1
    assert desk.answer().step == "sent"


def test_a_worker_that_dies_between_documents_and_answer_is_finished_by_the_next(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.send(**{"file-receipt": file(PDF), "file-customer_communication": file(PDF)})
    sent: list[str] = []
    upload = StripeGateway.upload_evidence

    def die_at_the_second(self: StripeGateway, **how: Any) -> str:
        sent.append(how["name"])
        if len(sent) == 2:
            raise SystemExit
        return upload(self, **how)

    monkeypatch.setattr(StripeGateway, "upload_evidence", die_at_the_second)
    with transaction() as session:
        (held,) = durable.claim(session, DisputeAnswer, lease_seconds=60)
    with pytest.raises(SystemExit):
        send_answer(held)
    clock.advance(timedelta(minutes=5))
    desk.town.work()
    assert sent == ["receipt.pdf", "customer_communication.pdf", "customer_communication.pdf"]
    assert desk.theirs.evidence_details.submission_count == 1
    assert len(desk.town.stripe.v1.files.list({"purpose": "dispute_evidence"}).data) == 2
    clock.fix(None)


def test_giving_up_asks_once_and_is_final(desk: Desk) -> None:
    assert "Tick the box" in desk.staff.press(f"{desk.path}/give-up")
    assert desk.theirs.status == "needs_response"
    for _ in range(2):
        desk.staff.press(f"{desk.path}/give-up", {"sure": "1"})
    desk.town.work()
    assert (desk.theirs.status, desk.answer().step, desk.dispute().status) == ("lost", "closed", "lost")
    assert desk.town.order().payment_status == "refunded"
    page = desk.staff.post(desk.path, {"marks": "", "do": "submit", "sure": "1"})
    assert page.status_code in (303, 422)
    assert desk.answer().step == "closed"


def test_an_answer_that_comes_too_late_says_so(desk: Desk) -> None:
    desk.send(shipping_carrier="USPS")
    desk.town.control("POST", f"stripe/disputes/{desk.row.external_id}/close", result="lost")
    desk.town.work()
    assert desk.dispute().status == "lost"
    assert desk.answer().work_state == "done"


def test_a_refused_answer_can_be_put_right(desk: Desk) -> None:
    desk.send(shipping_carrier="USPS")
    with transaction() as session:
        (held,) = durable.claim(session, DisputeAnswer)
        durable.park(
            session, DisputeAnswer, held, why="stripe: 400 file is broken", kind="merchant", keep_calling=False
        )
    assert "file is broken" in desk.staff.get(desk.path).text
    assert "An answer to a dispute could not be sent" in desk.staff.get("/admin/failures").text
    assert desk.staff.get(f"/admin/failures/dispute_answers/{desk.answer().id}").status_code == 200
    assert "draft again" in desk.staff.press(f"{desk.path}/again", {"do": "edit"})
    desk.send(shipping_carrier="DHL")
    desk.town.work()
    assert desk.theirs.evidence.shipping_carrier == "DHL"


def test_two_people_at_one_draft_lose_nothing(desk: Desk) -> None:
    first, second = desk.form(shipping_carrier="USPS"), desk.form(shipping_carrier="DHL")
    assert desk.staff.post(desk.path, first).status_code == 303
    answer = desk.staff.post(desk.path, second)
    assert answer.status_code == 422
    assert "Somebody else saved this" in answer.text and "USPS" in answer.text and 'value="DHL"' in answer.text
    assert desk.answer().evidence["shipping_carrier"] == "USPS"


@pytest.fixture
def quick(staff: Staff) -> str:
    """A dispute that only the database knows."""
    with transaction() as session:
        row = making.dispute(session, making.paid_order(session))
    return f"/admin/disputes/{row.id}"


def marks(staff: Staff, path: str) -> str:
    return staff.get(path).text.split('name="marks" value="')[1].split('"')[0]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"MZ\x90\x00 a program", "Only PDF, PNG and JPEG"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "Only PDF, PNG and JPEG"),
        (b"<html>%PDF-1.4 %%EOF", "Only PDF, PNG and JPEG"),
        (b"%PDF-1.4\n half of it", "not complete"),
        (b"\x89PNG\r\n\x1a\n garbage", "cannot be read"),
        (b"\xff\xd8\xff garbage", "cannot be read"),
        (picture()[:60], "cannot be read"),
        (bomb(), "too many pixels"),
        (b"", "empty"),
        (PDF + b" " * 4_500_000 + b"%%EOF", "4.5 MB"),
    ],
    ids=["program", "svg", "html", "half a pdf", "no png", "no jpeg", "half a png", "bomb", "empty", "large"],
)
def test_a_file_is_looked_at_by_its_bytes(staff: Staff, quick: str, body: bytes, said: str) -> None:
    form = {"marks": marks(staff, quick), "do": "save", "shipping_carrier": "KEPT"}
    answer = staff.post(quick, {**form, "file-receipt": file(body, "receipt.pdf")})
    assert answer.status_code == 422, answer.status_code
    assert said in answer.text and "KEPT" in answer.text
    assert db.session.execute(select(DisputeFile.id)).first() is None


def test_all_files_together_fit_the_banks_limit(staff: Staff, quick: str) -> None:
    big = PDF + b" " * 2_500_000 + b"%%EOF"
    files = {"file-receipt": file(big), "file-uncategorized_file": file(big)}
    answer = staff.post(quick, {"marks": marks(staff, quick), "do": "save", **files})
    assert answer.status_code == 422 and "4.5 MB" in answer.text
    assert db.session.execute(select(DisputeFile.id)).first() is None
    assert staff.post(quick, {"marks": marks(staff, quick), "do": "save", "file-receipt": file(big)}).status_code == 303


def test_a_body_beyond_all_measure_is_refused(staff: Staff, quick: str) -> None:
    form = {"marks": marks(staff, quick), "do": "save", "file-receipt": file(b"x" * 9_000_000)}
    assert staff.post(quick, form).status_code == 413


@pytest.mark.parametrize(
    ("field", "value", "status"),
    [
        ("customer_name", "x" * 301, 422),
        ("uncategorized_text", "x" * 20_001, 422),
        ("shipping_carrier", "\x00\x07", 303),
        ("product_description", "<script>alert(1)</script>", 303),
        ("nobody_knows_this", "x", 303),
    ],
)
def test_texts_are_bounded_and_shown_as_text(staff: Staff, quick: str, field: str, value: str, status: int) -> None:
    answer = staff.post(quick, {"marks": marks(staff, quick), "do": "save", field: value})
    assert answer.status_code == status
    assert "<script>alert" not in staff.get(quick).text


def test_what_is_not_there_is_not_found(staff: Staff, quick: str) -> None:
    assert staff.get("/admin/disputes/999").status_code == 404
    assert staff.post("/admin/disputes/999", {"do": "save"}).status_code == 404
    assert staff.get(f"{quick}/files/receipt").status_code == 404
    assert staff.get(f"{quick}/files/%00").status_code == 404


def test_who_may_not_refund_may_only_look(staff_as: Callable[[str], Staff], quick: str) -> None:
    viewer = staff_as("viewer")
    assert "Send to the bank" not in viewer.get(quick).text
    assert viewer.post(quick, {"do": "save"}).status_code == 403
    assert viewer.post(f"{quick}/give-up", {"sure": "1"}).status_code == 403


def test_open_disputes_come_first_by_their_deadline(staff: Staff) -> None:
    with transaction() as session:
        rows = [making.dispute(session, making.paid_order(session), days) for days in (9, 1, 5)]
        over = making.dispute(session, making.paid_order(session), 2)
        over.status = "won"
    page = staff.get("/admin/disputes?tab=all").text
    places = [page.index(f'/admin/disputes/{row.id}"') for row in (rows[1], rows[2], rows[0], over)]
    assert places == sorted(places)
    assert f'/admin/disputes/{over.id}"' not in staff.get("/admin/disputes").text


def test_the_list_costs_the_same_however_long(staff: Staff) -> None:
    def cost(n: int) -> int:
        with transaction() as session:
            for _ in range(n):
                making.dispute(session, making.paid_order(session))
        staff.get("/admin/disputes")
        with counting() as seen:
            staff.get("/admin/disputes")
        return len(seen)

    assert cost(3) == cost(9)


def test_two_days_before_the_end_there_is_one_letter(staff: Staff) -> None:
    with transaction() as session:
        soon = making.dispute(session, making.paid_order(session), 1)
        making.dispute(session, making.paid_order(session), 3)
        answered = making.dispute(session, making.paid_order(session), 1)
        session.add(
            DisputeAnswer(dispute_id=answered.id, order_id=answered.order_id, step="sending", work_state="done")
        )
    assert [row.id for row in disputes_near_deadline(db.session())][:1] == [soon.id]
    assert len(disputes_near_deadline(db.session())) == 2
    db.session.remove()
    assert (remind(), remind()) == (1, 0)
    (letter,) = db.session.execute(select(Letter)).scalars()
    assert "ends on" in letter.facts["what"] and "never came" in letter.facts["why"]
