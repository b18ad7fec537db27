"""Customers and addresses: what the shop checks, hashes and gives of its own (§5)."""

from __future__ import annotations

import hashlib
import re
import secrets

from sandbox.prestashop.asking import Wrong
from sandbox.prestashop.tables import Row, Shop

_NOT_A_NAME = re.compile(r'[0-9!<>,;?=+()@#"°{}_$%:¤|]')


def save_customer(shop: Shop, sent: Row, before: Row | None) -> Row:
    """Names hold no digits; an e-mail is unique among those who are no guests; the password is hashed."""
    for name in ("firstname", "lastname"):
        if _NOT_A_NAME.search(sent[name]):
            raise Wrong(400, 85, f"Property Customer->{name} is not valid")
    if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", sent["email"]):
        raise Wrong(400, 85, "Property Customer->email is not valid")
    if sent.get("is_guest", "0") != "1":
        for other in shop["customers"].find("email", sent["email"]):
            if other["is_guest"] != "1" and other["deleted"] != "1" and other["id"] != sent.get("id"):
                raise Wrong(400, 85, "The customer could not be saved: this email is already used.")
    row = {**sent, "secure_key": (before or {}).get("secure_key") or secrets.token_hex(16)}
    if before is None or before["passwd"] != sent["passwd"]:
        row["passwd"] = hashlib.sha256(sent["passwd"].encode()).hexdigest()
    return shop.save("customers", row)


def save_address(shop: Shop, sent: Row, before: Row | None) -> Row:
    for name in ("firstname", "lastname"):
        if _NOT_A_NAME.search(sent[name]):
            raise Wrong(400, 85, f"Property Address->{name} is not valid")
    if shop["countries"].get(sent["id_country"]) is None:
        raise Wrong(400, 85, "Property Address->id_country is not valid")
    return shop.save("addresses", sent)
