"""The form that makes a product of a design: how it is filled, and read back. Field → list of what was typed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress

from shop.admin import reading_forms as read
from shop.catalog.html import clean_html, one_line
from shop.designing.blanks import Blank, BlankVariant, Position, Printable
from shop.designing.models import Design
from shop.designing.placing import Placement, fit_scale
from shop.errors import InvalidInput
from shop.workflows.create_product import Wish

Typed = Mapping[str, Sequence[str]]
MOST_TAGS, MOST_VARIANTS_SOLD = 50, 100  # Printify sells at most 100 variants of a product
COLOURS_AT_FIRST = 3


def fill(design: Design, blank: Blank, printable: Printable) -> dict[str, list[str]]:
    """A form to begin with: the first colours, every size, the design whole on the first area."""
    values: dict[str, list[str]] = {"title": [f"{design.name} {blank.title}"[:300]], "publish": ["1"]}
    for number, (name, options) in enumerate(printable.axes.items()):
        kept = options if name == printable.priced_axis else options[:COLOURS_AT_FIRST]
        values[f"axis-{number}"] = list(kept)
    if printable.positions:
        area = printable.positions[0]
        values["on-0"] = ["1"]
        values["scale-0"] = [f"{fit_scale(area, design.width, design.height) * 100:.0f}"]
    return values


def placements_of(typed: Typed, printable: Printable) -> list[tuple[Position, Placement]]:
    """The chosen areas with what was typed for them; what cannot be read is as if left alone."""
    found = []
    for number, area in enumerate(printable.positions):
        if first(typed, f"on-{number}"):
            with suppress(InvalidInput):
                found.append((area, _placement(typed, number, area)))
    return found


def read_wish(
    typed: Typed, design: Design, blank: Blank, provider_id: int, printable: Printable, currency: str
) -> Wish:
    """Raises InvalidInput with every wrong field."""
    errors: dict[str, str] = {}
    flat = {name: first(typed, name) for name in typed}
    title = _try(errors, lambda: read.text(flat, "title", "The title", 300))
    price = _try(errors, lambda: _price(flat, "price", "The price", currency))
    chosen = _chosen(typed, printable, errors)
    prices = _prices(flat, printable, currency, price or 0, errors)
    placements = _areas(typed, printable, errors)
    if errors:
        raise InvalidInput(fields=errors)
    axis = printable.priced_axis
    return Wish(
        design_id=design.id,
        blueprint_id=blank.id,
        provider_id=provider_id,
        blank_title=blank.title,
        title=title or "",
        description_html=clean_html(flat.get("description_html", "")) or f"<p>{blank.title}</p>",
        tags=_tags(flat.get("tags", "")),
        variants=[{"id": v.id, "price_minor": prices.get(v.options.get(axis, ""), price or 0)} for v in chosen],
        placements=[placement.as_row() for placement in placements],
        wants_publishing=bool(flat.get("publish")),
    )


def first(typed: Typed, name: str) -> str:
    return (typed.get(name) or [""])[0].replace("\0", "")


def _chosen(typed: Typed, printable: Printable, errors: dict[str, str]) -> list[BlankVariant]:
    wanted = {name: set(typed.get(f"axis-{n}") or ()) for n, name in enumerate(printable.axes)}
    for number, name in enumerate(printable.axes):
        if not wanted[name] & set(printable.axes[name]):
            errors[f"axis-{number}"] = f"Choose at least one: {name}."
    chosen = [v for v in printable.variants if all(v.options.get(name) in values for name, values in wanted.items())]
    if len(chosen) > MOST_VARIANTS_SOLD:
        errors["axis-0"] = f"That makes {len(chosen)} variants; at most {MOST_VARIANTS_SOLD} can be sold. Choose fewer."
    if not chosen and not errors:
        errors["axis-0"] = "Nobody prints this combination. Choose others."
    return chosen


def _prices(
    flat: Mapping[str, str], printable: Printable, currency: str, base: int, errors: dict[str, str]
) -> dict[str, int]:
    """Prices of single sizes; an empty field is the price above."""
    prices = {}
    for number, value in enumerate(printable.axes.get(printable.priced_axis, ())):
        name = f"price-{number}"
        if flat.get(name, "").strip():
            prices[value] = _try(errors, lambda n=name, v=value: _price(flat, n, f"The price of {v}", currency)) or base
    return prices


def _areas(typed: Typed, printable: Printable, errors: dict[str, str]) -> list[Placement]:
    placed = []
    for number, area in enumerate(printable.positions):
        if first(typed, f"on-{number}"):
            found = _try(errors, lambda n=number, a=area: _placement(typed, n, a))
            if found is not None:
                placed.append(found)
    if not placed and not errors:
        errors["on-0"] = "Choose at least one place to print on."
    return placed


def _placement(typed: Typed, number: int, area: Position) -> Placement:
    flat = {name: first(typed, f"{name}-{number}") for name in ("x", "y", "scale", "angle")}

    def share(name: str, label: str, low: int, high: int, usual: int) -> int:
        raw = {f"{name}-{number}": flat[name].strip().removesuffix("%") or str(usual)}
        return read.whole(raw, f"{name}-{number}", f"{area.label}: {label}", low, high)

    return Placement(
        area.name,
        share("x", "from the left", 0, 100, 50) / 100,
        share("y", "from the top", 0, 100, 50) / 100,
        share("scale", "size", 1, 300, 100) / 100,
        share("angle", "turn", 0, 359, 0),
    )


def _price(flat: Mapping[str, str], name: str, label: str, currency: str) -> int:
    minor = read.amount(flat, name, label, currency)
    if minor <= 0:
        raise InvalidInput(fields={name: f"{label} must be more than nothing."})
    return minor


def _tags(raw: str) -> list[str]:
    tags = [one_line(part, 80) for part in raw[:5000].split(",")]
    return list(dict.fromkeys(tag for tag in tags if tag))[:MOST_TAGS]


def _try(errors: dict[str, str], part):  # type: ignore[no-untyped-def]
    try:
        return part()
    except InvalidInput as error:
        errors.update(error.fields)
        return None
