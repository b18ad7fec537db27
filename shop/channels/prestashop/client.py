"""The webservice over HTTP, thin: lists as rows, single rows as XML that can be put back (contracts/prestashop.md §2).

Every call passes tokens.with_token. The key goes as Basic user without a password; where the shop's host drops that
header it goes into the address instead (`ws_key`), and stays hidden in our logs.
"""

from __future__ import annotations

import base64
import re
import uuid
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element

from shop.channels.calling import service_at
from shop.channels.connector import TokenKind
from shop.channels.prestashop import wire
from shop.channels.prestashop.wire import SERVICE
from shop.channels.tokens import with_token
from shop.errors import NeedsReconnect, OutsideError, Refused, Unavailable
from shop.outbound.answers import Answer
from shop.outbound.facts import Budget
from shop.outbound.http import call

T = TypeVar("T")
#: the shop names no limit, and each of its answers is waited for before the next call (§2: at most two at once);
#: this is a fuse for several workers
BUDGETS = (Budget(100, 1),)
_ID = re.compile(r"[0-9]{1,12}")
_TOLD = (400, 401, 403, 404, 405)
MOST_ROWS, MOST_NODES = 2000, 500
MOST_BYTES = 20 * 1024 * 1024


class Client:
    """Raises RateLimited, Unavailable, NeedsReconnect, Refused (facts: status, code) or Misunderstood."""

    def __init__(self, connection_id: int, store_url: str) -> None:
        self.connection_id = connection_id
        self.base_url = store_url.strip().rstrip("/").removesuffix("/api").rstrip("/")
        self._key_in_address = False

    # -- reading

    def list_rows(
        self,
        resource: str,
        filters: Mapping[str, str] | None = None,
        *,
        sort: str = "",
        limit: int = 0,
        language: str = "",
        dates: bool = False,
        display: str = "full",
    ) -> list[dict[str, Any]]:
        """Rows, whole ones but for `display`. Without a `limit` all there are, read in parts of 2,000."""
        params = {"output_format": "JSON", "display": display, **(filters or {})}
        params |= {name: value for name, value in (("sort", sort), ("language", language)) if value}
        if dates:
            params["date"] = "1"
        found: list[dict[str, Any]] = []
        while True:
            count = limit or MOST_ROWS
            rows = self._rows(resource, {**params, "limit": f"{len(found)},{count}"})
            found += rows
            if limit or len(rows) < count:
                return found

    def by_ids(
        self, resource: str, ids: Collection[object], field: str = "id", language: str = ""
    ) -> list[dict[str, Any]]:
        """Those of the rows that are there; two hundred ids in one call."""
        wanted = sorted({str(found) for found in ids if _ID.fullmatch(str(found)) and str(found) != "0"}, key=int)
        rows: list[dict[str, Any]] = []
        for start in range(0, len(wanted), 200):
            some = {f"filter[{field}]": f"[{'|'.join(wanted[start : start + 200])}]"}
            rows += self.list_rows(resource, some, sort="[id_ASC]", language=language)
        return rows

    def find_rows(self, resource: str, field: str, value: str, language: str = "") -> list[dict[str, Any]]:
        """By one exact text; one that holds an operator ([ ] |) is found by nobody (§2)."""
        if not value or any(mark in value for mark in "[]|"):
            return []
        rows = self.list_rows(resource, {f"filter[{field}]": f"[{value}]"}, limit=100, language=language)
        return [row for row in rows if str(row.get(field, "")).casefold() == value.casefold()]

    def list_nodes(self, resource: str, field: str, value: object) -> list[Element]:
        """Whole rows as XML, in all their languages, each to be changed and put back. None for an id that is none."""
        if not _ID.fullmatch(str(value)):
            return []
        params = {"display": "full", f"filter[{field}]": f"[{value}]", "sort": "[id_ASC]"}
        found: list[Element] = []
        while True:
            part = {**params, "limit": f"{len(found)},{MOST_NODES}"}
            nodes = list(wire.entity_of(wire.read_xml(self._send("GET", f"/{resource}", params=part).body)))
            found += nodes
            if len(nodes) < MOST_NODES:
                return found

    def get_node(self, resource: str, row_id: object) -> Element | None:
        """One row as XML, in all its languages, to be changed and put back; None: it is not there."""
        if not _ID.fullmatch(str(row_id)):
            return None
        answer = self._send("GET", f"/{resource}/{row_id}", accept=(404,))
        return None if answer.status == 404 else wire.entity_of(wire.read_xml(answer.body))

    def list_rights(self) -> Element:
        """`/api/`: the resources of this key, with a flag for each method."""
        return wire.entity_of(wire.read_xml(self._send("GET", "/").body))

    # -- writing

    def create(self, resource: str, node: Element, find: Callable[[], str | None]) -> str:
        """The new row's id. `find` is asked after a lost answer, or one that a notice was printed into (§11)."""
        try:
            answer = self._send("POST", f"/{resource}", body=wire.document(node))
            return _id_in(answer)
        except Unavailable as error:
            if not (error.facts.get("may_be_done") or error.facts.get("broken")):
                raise
            found = find()
            if found is None:
                raise
            return found

    def replace(self, resource: str, node: Element) -> None:
        """PUT a whole row. After a lost answer it is read again, and written once more only where it is not so."""
        row_id = wire.whole(node.findtext("id"))
        try:
            self._send("PUT", f"/{resource}/{row_id}", body=wire.document(node))
        except Unavailable as error:
            if not (error.facts.get("may_be_done") or error.facts.get("broken")):
                raise
            there = self.get_node(resource, row_id)
            if there is None or not _says(there, node):
                self._send("PUT", f"/{resource}/{row_id}", body=wire.document(node))

    def upload_picture(self, product_id: int, content: bytes, mime: str) -> str:
        """Multipart (§3); the picture's id."""
        boundary = uuid.uuid4().hex
        kind = mime.rpartition("/")[2]
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="image"; filename="picture.{kind}"\r\n'
        body = f"{head}Content-Type: {mime}\r\n\r\n".encode() + content + f"\r\n--{boundary}--\r\n".encode()
        answer = self._send(
            "POST",
            f"/images/products/{wire.whole(product_id)}",
            body=body,
            headers={"Content-Type": f"multipart/form-data; boundary={boundary}"},
        )
        return _id_in(answer)

    def delete(self, path: str) -> None:
        """Gone already is as good."""
        self._send("DELETE", path, accept=(404,))

    # -- the call

    def _rows(self, resource: str, params: Mapping[str, str]) -> list[dict[str, Any]]:
        for is_last in (False, True):
            answer = self._send("GET", f"/{resource}", params=params)
            try:
                return wire.read_rows(answer.body, resource)
            except Unavailable:
                if is_last:
                    raise
        raise AssertionError("unreachable")

    def _send(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        accept: Collection[int] = (),
    ) -> Answer:
        def operation(key: str) -> Answer:
            answer = self._with_key(key, method, path, params or {}, body, headers or {})
            if answer.status in _TOLD and answer.status not in accept:
                raise refusal_of(answer, path, method, key)
            return answer

        return with_token(self.connection_id, operation, TokenKind.API_KEY)

    def _with_key(
        self,
        key: str,
        method: str,
        path: str,
        params: Mapping[str, str],
        body: bytes | None,
        headers: Mapping[str, str],
    ) -> Answer:
        answer = self._exchange(key, method, path, params, body, headers, in_address=self._key_in_address)
        # no key arrived at all: the host's PHP drops the header (§11)
        if answer.status == 401 and not self._key_in_address and wire.read_error(answer.body)[0] in (0, 17):
            again = self._exchange(key, method, path, params, body, headers, in_address=True)
            if again.status != 401:
                self._key_in_address = True
            return again
        return answer

    def _exchange(
        self, key: str, method: str, path: str, params: Mapping[str, str], body: bytes | None,
        headers: Mapping[str, str], *, in_address: bool,
    ) -> Answer:  # fmt: skip
        basic = base64.b64encode(f"{key}:".encode()).decode()
        sent = {"Accept": "*/*", **({"Content-Type": "text/xml; charset=utf-8"} if body else {}), **headers}
        # as X-Api-Key it says nothing to them, and hides the key of the address in what our door writes down
        sent |= {"X-Api-Key": key} if in_address else {"Authorization": f"Basic {basic}"}
        service = service_at(SERVICE, f"{self.base_url}/api", str(self.connection_id), budgets=BUDGETS)
        try:
            return call(
                service, method, path, params={**params, "ws_key": key} if in_address else params, body=body,
                headers=sent, accept=_TOLD, subject=f"connection:{self.connection_id}", max_wait=30.0,
                max_bytes=MOST_BYTES,
            )  # fmt: skip
        except OutsideError as error:
            error.detail = error.detail.replace(key, "[hidden]")
            if error.facts.get("status") == 503 and "webservice is disabled" in error.detail:
                error.user_message = "The shop's webservice is switched off: Advanced Parameters > Webservice."
                error.args = (error.user_message,)
            if error.facts.get("status") in (301, 302, 303, 307, 308) or "TooManyRedirects" in error.detail:
                told = "The shop sends us on to another address. Type it as your browser shows it there."
                raise Refused(told, service=SERVICE, detail=error.detail, **error.facts) from error
            raise


def _id_in(answer: Answer) -> str:
    """Of the row that was made. Raises Unavailable ("broken"): then it is looked for."""
    found = (wire.entity_of(wire.read_xml(answer.body)).findtext("id") or "").strip()
    if not _ID.fullmatch(found):
        raise wire.no_answer("an answer without the new row's id")
    return found


def refusal_of(answer: Answer, path: str, method: str, key: str) -> OutsideError:
    """Who must act (§2, table of codes)."""
    code, message = wire.read_error(answer.body)
    message = message.replace(key, "[hidden]")
    resource = urlsplit(path).path.strip("/").split("/")[0] or "the shop"
    facts: dict[str, Any] = {"status": answer.status, "code": code}
    detail = f"{method} {resource}: {answer.status} code {code} {message}"
    if code == 26 or code == 25 or (answer.status == 405 and code in (0, 23, 101)):
        told = f"The webservice key may not do this ({method} {resource}): tick it in Advanced Parameters > Webservice."
        return Refused(told, service=SERVICE, detail=detail, **facts)
    if answer.status == 401:
        told = "PrestaShop does not accept the webservice key. Check it, and that it is switched on."
        return NeedsReconnect(told, service=SERVICE, detail=detail, **facts)
    if answer.status == 403 and not code:
        return Unavailable(f"{SERVICE}'s host turns our calls away for now.", service=SERVICE, detail=detail, **facts)
    if code == 132:
        told = "The webservice key is not for this shop of a multishop."
        return Refused(told, service=SERVICE, detail=detail, **facts)
    if answer.status == 404 and not code:
        told = "There is no PrestaShop webservice at this address. Check the address, and that the webservice is on."
        return Refused(told, service=SERVICE, detail=detail, **facts)
    return Refused(f"{SERVICE} refused: {message or answer.status}", service=SERVICE, detail=detail, **facts)


def _says(there: Element, wanted: Element) -> bool:
    """Whether every text that we sent stands there; numbers as numbers."""
    return all(_same(there.find(node.tag), node) for node in wanted if node.tag not in ("date_upd", "date_add"))


def _same(there: Element | None, wanted: Element) -> bool:
    if there is None:
        return not "".join(wanted.itertext()).strip()
    if wanted.tag == "associations":
        return all(len(part) == len(there.find(part.tag) or ()) for part in wanted)
    mine, theirs = ["".join(node.itertext()).split() for node in (wanted, there)]
    if mine == theirs:
        return True
    try:
        return float("".join(mine) or 0) == float("".join(theirs) or 0)
    except ValueError:
        return False
