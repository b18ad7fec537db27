"""Answer a dispute: a draft here, then sent to the bank exactly once, or given up.

    draft ──submit──► sending ──► sent          the bank takes one answer and never a second
      └─────close───► closing ──► closed

The documents go first, each under its own key and remembered as soon as it is there. Where the bank's reply was lost
the dispute is read before anything is sent again.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session, undefer

from shop.core import clock, durable
from shop.core.durable import Claim
from shop.core.queue import JobName, enqueue_after_commit
from shop.core.transaction import release_connection, run_in_transaction, transaction
from shop.errors import Conflict, InvalidInput, NotFound, Refused
from shop.extensions import db
from shop.orders.models import Order
from shop.orders.statuses import lock_order, tell
from shop.payments.evidence import MOST_BYTES, MOST_CHARACTERS
from shop.payments.evidence_files import Checked
from shop.payments.gateway import DisputeFacts
from shop.payments.models import Dispute, DisputeAnswer, DisputeFile
from shop.payments.stripe_gateway import gateway
from shop.workflows.record_dispute import FINAL, merge_dispute

ANSWERABLE = ("needs_response", "warning_needs_response")
#: the gateway forgets keys after a day
KEY_LIVES = timedelta(hours=20)
DONE = {"sending": "sent", "closing": "closed"}


def lock_answer(session: Session, dispute_id: int) -> DisputeAnswer:
    """The answer's row, made on first sight, held (with its order) until the commit. Raises NotFound."""
    order_id = session.execute(select(Dispute.order_id).where(Dispute.id == dispute_id)).scalar()
    if order_id is None:
        raise NotFound("There is no such dispute.")
    lock_order(session, order_id)
    answer = session.execute(
        select(DisputeAnswer)
        .where(DisputeAnswer.dispute_id == dispute_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if answer is None:
        answer = DisputeAnswer(dispute_id=dispute_id, order_id=order_id, step="draft", work_state="done")
        session.add(answer)
        session.flush()
    return answer


def keep_draft(session: Session, answer: DisputeAnswer, evidence: dict[str, str]) -> None:
    """Raises Conflict once it was sent, InvalidInput when it is too long. The caller holds the row, and commits."""
    _must_be_draft(answer)
    if sum(len(text) for text in evidence.values()) > MOST_CHARACTERS:
        raise InvalidInput(fields={"uncategorized_text": "All texts together may have at most 150,000 characters."})
    answer.evidence = {name: text for name, text in evidence.items() if text}
    answer.updated_at = clock.now()


def room_for(session: Session, dispute_id: int, field: str) -> int:
    """Bytes that the other files leave for `field`."""
    sizes = session.execute(
        select(DisputeFile.size).where(DisputeFile.dispute_id == dispute_id, DisputeFile.field != field)
    ).scalars()
    return MOST_BYTES - sum(sizes)


def keep_file(session: Session, answer: DisputeAnswer, field: str, file: Checked) -> None:
    """In place of an earlier one. The caller holds the answer's row, and commits."""
    _must_be_draft(answer)
    row = session.execute(_file(answer, field)).scalar_one_or_none()
    if row is None:
        row = DisputeFile(dispute_id=answer.dispute_id, field=field)
        session.add(row)
    row.name, row.content_type, row.size, row.content = file.name, file.content_type, len(file.body), file.body
    row.external_id, row.created_at = None, clock.now()
    session.flush()


def drop_file(session: Session, answer: DisputeAnswer, field: str) -> None:
    """A repeat does nothing."""
    _must_be_draft(answer)
    found = session.execute(_file(answer, field)).scalar_one_or_none()
    if found is not None:
        session.delete(found)
        session.flush()


def _file(answer: DisputeAnswer, field: str) -> Select[DisputeFile]:
    return select(DisputeFile).where(DisputeFile.dispute_id == answer.dispute_id, DisputeFile.field == field)


def request_answer(dispute_id: int, *, who: str, give_up: bool = False) -> bool:
    """Ask for the draft to be sent, or for the dispute to be given up. False when that was asked for already.

    Raises Conflict when the other was asked for, when the bank takes no answer any more, or when nothing is written.
    """

    def work(session: Session) -> bool:
        answer = lock_answer(session, dispute_id)
        dispute = session.get_one(Dispute, dispute_id)
        wanted = "closing" if give_up else "sending"
        if answer.step in (wanted, DONE[wanted]):
            return False
        _must_be_draft(answer)
        if dispute.status not in ANSWERABLE:
            raise Conflict("The bank takes no answer to this dispute any more.")
        has_files = session.execute(select(DisputeFile.id).where(DisputeFile.dispute_id == dispute_id).limit(1)).first()
        if not give_up and not answer.evidence and not has_files:
            raise Conflict("Write something or add a document before you send it.")
        answer.step, answer.asked_by, answer.asked_at = wanted, who, clock.now()
        answer.work_state, answer.due_at, answer.attempts = "due", clock.now(), 0
        answer.calling_since = answer.error_text = answer.error_kind = None
        order = session.get_one(Order, dispute.order_id)
        why = "Dispute given up" if give_up else "Evidence for the bank: on its way"
        tell(session, order, "dispute", who=who, why=why)
        enqueue_after_commit(session, JobName.DRAIN_DISPUTES)
        return True

    return run_in_transaction(work)


def reopen_draft(dispute_id: int) -> bool:
    """The bank refused what was sent: a draft again, to be put right. False when it is not stopped."""
    with transaction() as session:
        answer = lock_answer(session, dispute_id)
        if answer.work_state != "parked":
            return False
        if answer.calling_since is not None:
            raise Conflict("Whether the bank has it is not known. “Try again” asks the bank before anything is sent.")
        answer.step, answer.work_state, answer.fence = "draft", "done", answer.fence + 1
    return True


def send_answer(held: Claim) -> None:
    """The work of one row. Raises OutsideError kinds for the drain loop."""
    answer = db.session.execute(select(DisputeAnswer).where(DisputeAnswer.id == held.id)).scalar_one()
    dispute = db.session.execute(select(Dispute).where(Dispute.id == answer.dispute_id)).scalar_one()
    step, dispute_id, external_id = answer.step, dispute.id, dispute.external_id
    evidence, started = dict(answer.evidence), answer.calling_since
    if step not in DONE:
        with transaction() as session:
            durable.finish(session, DisputeAnswer, held)
        return
    facts = None
    if started is not None:
        facts = _read_if_settled(external_id, step)
        started = None if clock.now() - started > KEY_LIVES else started
    if facts is None:
        if step == "sending":
            evidence |= _upload_files(held, dispute_id)
        facts = _ask(held, step, started or _begin(held), external_id, evidence)
    told = facts
    run_in_transaction(lambda session: _write_down(session, held, step, told))


def _read_if_settled(external_id: str, step: str) -> DisputeFacts | None:
    """What the gateway has, when it shows that the step was taken."""
    release_connection()
    facts = gateway().read_dispute(external_id)
    settled = facts.status in FINAL or (step == "sending" and facts.is_answered)
    return facts if settled else None


def _upload_files(held: Claim, dispute_id: int) -> dict[str, str]:
    """{field: the gateway's id}; one that is there already is not sent again."""
    files = db.session.execute(
        select(DisputeFile.id, DisputeFile.field, DisputeFile.external_id)
        .where(DisputeFile.dispute_id == dispute_id)
        .order_by(DisputeFile.id)
    ).all()
    ids = {}
    for row in files:
        ids[row.field] = row.external_id or _upload(held, row.id)
    return ids


def _upload(held: Claim, file_id: int) -> str:
    file = db.session.execute(
        select(DisputeFile).where(DisputeFile.id == file_id).options(undefer(DisputeFile.content))
    ).scalar_one()
    key = f"evidence-file-{file.id}-{int(file.created_at.timestamp() * 1000)}"
    name, kind, body = file.name, file.content_type, file.content
    release_connection()
    external_id = gateway().upload_evidence(key=key, name=name, content_type=kind, body=body)
    with transaction() as session:
        durable.hold(session, DisputeAnswer, held)
        session.execute(update(DisputeFile).where(DisputeFile.id == file_id).values(external_id=external_id))
    return external_id


def _begin(held: Claim) -> datetime:
    """Mark the call; the moment names the key, which stays while the outcome is unknown."""
    with transaction() as session:
        durable.begin_call(session, DisputeAnswer, held)
        moment = session.execute(select(DisputeAnswer.calling_since).where(DisputeAnswer.id == held.id)).scalar_one()
    if moment is None:
        raise durable.LostLease(f"answer {held.id} was taken over")
    return moment


def _ask(held: Claim, step: str, started: datetime, external_id: str, evidence: dict[str, str]) -> DisputeFacts:
    release_connection()
    key = f"dispute-{step}-{held.id}-{int(started.timestamp() * 1000)}"
    try:
        if step == "closing":
            return gateway().accept_dispute(key=key, dispute_id=external_id)
        return gateway().answer_dispute(key=key, dispute_id=external_id, evidence=evidence)
    except Refused as error:
        settled = _read_if_settled(external_id, step)
        if settled is not None:  # refused because it is there already, or over
            return settled
        error.facts["final"] = True
        raise


def _write_down(session: Session, held: Claim, step: str, facts: DisputeFacts) -> None:
    dispute = session.execute(select(Dispute).where(Dispute.external_id == facts.dispute_id)).scalar_one()
    order = lock_order(session, dispute.order_id)
    durable.hold(session, DisputeAnswer, held)
    merge_dispute(session, facts)
    if step == "sending" and not facts.is_answered:
        why, now = "The dispute was over before the evidence could be sent", "closed"
    else:
        why = "Evidence sent to the bank" if step == "sending" else "Dispute given up: the buyer keeps the money"
        now = DONE[step]
    tell(session, order, "dispute", why=why)
    durable.finish(session, DisputeAnswer, held, step=now)


def _must_be_draft(answer: DisputeAnswer) -> None:
    if answer.step == "draft":
        return
    if answer.step in ("closing", "closed"):
        raise Conflict("This dispute was given up; nothing can be sent any more.")
    raise Conflict("The answer was sent already and can no longer be changed.")
