"""/v1/catalog and /v2/catalog: blanks, providers, variants, shipping."""

from __future__ import annotations

from flask import Blueprint, Response, request

from sandbox.printify import catalogue
from sandbox.printify.blanks import BLANKS, PROVIDERS, Blank, find_blank
from sandbox.printify.door import answer, not_found
from sandbox.printify.products import stock_of
from sandbox.world import current_world

bp = Blueprint("printify_catalogue", __name__, url_prefix="/printify")
_ONE = "/catalog/blueprints/<int:blueprint_id>/print_providers/<int:provider_id>"


@bp.get("/v1/catalog/blueprints.json")
def list_blueprints() -> Response:
    """All of them at once: this list is not paged."""
    return answer([catalogue.blueprint_json(blank) for blank in BLANKS])


@bp.get("/v1/catalog/blueprints/<int:blueprint_id>.json")
def read_blueprint(blueprint_id: int) -> Response:
    return answer(catalogue.blueprint_json(_blank(blueprint_id), single=True))


@bp.get("/v1/catalog/blueprints/<int:blueprint_id>/print_providers.json")
def list_blueprint_providers(blueprint_id: int) -> Response:
    blank = _blank(blueprint_id)
    title = PROVIDERS[blank.provider_id][0]
    return answer([{"id": blank.provider_id, "title": title, "decoration_methods": [blank.method]}])


@bp.get(f"/v1{_ONE}/variants.json")
def list_variants(blueprint_id: int, provider_id: int) -> Response:
    everything = request.args.get("show-out-of-stock") == "1"
    stock = stock_of(current_world())
    return answer(catalogue.variants_json(_blank(blueprint_id, provider_id), stock, everything))


@bp.get(f"/v1{_ONE}/shipping.json")
def read_shipping(blueprint_id: int, provider_id: int) -> Response:
    return answer(catalogue.shipping_json(_blank(blueprint_id, provider_id)))


@bp.get("/v1/catalog/print_providers.json")
def list_providers() -> Response:
    return answer([catalogue.provider_json(id_) for id_ in PROVIDERS])


@bp.get("/v1/catalog/print_providers/<int:provider_id>.json")
def read_provider(provider_id: int) -> Response:
    if provider_id not in PROVIDERS:
        not_found()
    return answer(catalogue.provider_json(provider_id, single=True))


@bp.get(f"/v2{_ONE}/shipping.json")
def list_methods(blueprint_id: int, provider_id: int) -> Response:
    return answer(catalogue.methods_json(_blank(blueprint_id, provider_id)))


@bp.get(f"/v2{_ONE}/shipping/<any(standard,priority,express,economy):method>.json")
def read_method(blueprint_id: int, provider_id: int, method: str) -> Response:
    return answer(catalogue.method_json(_blank(blueprint_id, provider_id), method))


def _blank(blueprint_id: int, provider_id: int | None = None) -> Blank:
    blank = find_blank(blueprint_id, provider_id)
    if blank is None:
        not_found()
        raise LookupError(blueprint_id)
    return blank
