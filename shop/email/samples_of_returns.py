"""Made-up facts for letters about returns and withdrawals; also the reference of what each is given.

return_received, return_question, return_approved, return_declined, return_settled
    `order` (email/samples.py) and `back` {number, reason, words, wish, lines, answer, question, address, buyer_pays,
    send_back_by, refund_by, outcome (refunded | replaced | credit), amount, url}
withdrawal_receipt
    `withdrawal` {reference, received, name, email, order_number, words, lines, url}
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

LETTERS_OF_RETURNS = (
    "return_received", "return_question", "return_approved", "return_declined", "return_settled", "withdrawal_receipt",
)  # fmt: skip


def sample_returns(
    say: Callable[[str], str], lines: list[dict[str, Any]], day: str, amount: str
) -> dict[str, Any]:
    """`say` turns English into the reader's language; `day` and `amount` are text in it."""
    return {
        "back": {
            "number": "K7QM-4T2X-R1",
            "reason": say("It arrived damaged"),
            "words": say("The mug has a chip at the rim."),
            "wish": say("My money back"),
            "lines": [{**line, "total": ""} for line in lines],
            "answer": say("We are sorry about that."),
            "question": say("A picture of the rim, please?"),
            "address": ["Fern & Fable Studio", "12 Mill Lane", "Portland, OR 97209"],
            "buyer_pays": False,
            "send_back_by": day,
            "refund_by": day,
            "outcome": "refunded",
            "amount": amount,
            "url": "https://shop.example.com/orders/sample/returns/1",
        },
        "withdrawal": {
            "reference": "W-7RKD-M4XQ",
            "received": f"{day}, 14:05:10 UTC",
            "name": "Ada Byron",
            "email": "ada@example.org",
            "order_number": "K7QM-4T2X",
            "words": "",
            "lines": [f"{line['quantity']} × {line['title']}" for line in lines],
            "url": "https://shop.example.com/withdraw/received/sample",
        },
    }
