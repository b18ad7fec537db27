"""The unprinted goods: blueprints, print providers, colours and sizes, as data."""

from __future__ import annotations

from dataclasses import dataclass

# Option value ids are Printify's own kind of number: global, not positions.
SIZE_IDS: dict[str, int] = {
    "XS": 13, "S": 14, "M": 15, "L": 16, "XL": 17, "2XL": 18, "3XL": 19,
    "11oz": 1189, "15oz": 1190, "One size": 1226,
    '11" x 14"': 2001, '12" x 18"': 2002, '16" x 20"': 2003, '18" x 24"': 2004, '24" x 36"': 2005,
}  # fmt: skip

COLOURS: dict[str, tuple[int, str]] = {
    "White": (521, "#f7f6f3"),
    "Natural": (522, "#ece3d0"),
    "Black": (418, "#1f1f21"),
    "Navy": (511, "#1e2a44"),
    "Forest": (442, "#2b4438"),
    "Athletic Heather": (401, "#b9bbbd"),
    "Dusty Blue": (433, "#7f9bb0"),
    "Sage": (540, "#a3b09a"),
    "Autumn": (403, "#b5542f"),
    "Mustard": (504, "#d9a441"),
    "Heather Mauve": (463, "#b98a8f"),
    "Sand": (541, "#d8cbb4"),
    "Maroon": (499, "#5c2430"),
    "Red": (526, "#b3282d"),
    "Pink": (517, "#e3a6b3"),
    "Green": (448, "#3f6b4f"),
    "Blue": (412, "#3a6ea5"),
}


# Compared by identity: each blank exists once.
@dataclass(frozen=True, slots=True, eq=False)
class Blank:
    """One blueprint as one provider prints it. Costs are US cents; ``extra`` is added for the named size."""

    blueprint_id: int
    provider_id: int
    kind: str
    title: str
    brand: str
    model: str
    colours: tuple[str, ...]
    sizes: tuple[str, ...]
    cost: int
    extra: dict[str, int]
    grams: int
    positions: tuple[tuple[str, int, int], ...]
    method: str
    tags: tuple[str, ...]
    intro: str
    details: tuple[str, ...]
    shipping: dict[str, tuple[int, int]]
    handling: tuple[int, int]


PROVIDERS: dict[int, tuple[str, dict[str, str | None]]] = {
    29: ("Monster Digital", {
        "address1": "4100 Carolina Print Way", "address2": None, "city": "Charlotte", "country": "US",
        "region": "NC", "zip": "28217"}),
    39: ("SwiftPOD", {
        "address1": "980 Harbor Park Drive", "address2": "Unit B", "city": "San Jose", "country": "US",
        "region": "CA", "zip": "95112"}),
    26: ("Textildruck Europa", {
        "address1": "Gewerbestrasse 18", "address2": None, "city": "Leipzig", "country": "DE",
        "region": "Sachsen", "zip": "04158"}),
    28: ("District Photo", {
        "address1": "10501 Rhode Island Avenue", "address2": None, "city": "Beltsville", "country": "US",
        "region": "MD", "zip": "20705"}),
    2: ("Sensaria", {
        "address1": "1500 Grand River Drive", "address2": None, "city": "Grand Rapids", "country": "US",
        "region": "MI", "zip": "49503"}),
}  # fmt: skip

_TEE_SHIPPING = {"US": (475, 240), "CA": (939, 439), "EU": (899, 399), "GB": (799, 379), "AU": (1249, 499),
                 "REST_OF_THE_WORLD": (1199, 600)}  # fmt: skip
_HOODIE_SHIPPING = {"US": (849, 209), "CA": (1299, 699), "EU": (1199, 599), "GB": (1149, 569), "AU": (1849, 799),
                    "REST_OF_THE_WORLD": (1699, 999)}  # fmt: skip
_MUG_SHIPPING = {"US": (639, 319), "CA": (1219, 659), "EU": (1199, 649), "GB": (1199, 649), "AU": (1549, 899),
                 "REST_OF_THE_WORLD": (1649, 999)}  # fmt: skip
_POSTER_SHIPPING = {"US": (589, 99), "CA": (999, 199), "EU": (999, 199), "GB": (949, 199), "AU": (1399, 299),
                    "REST_OF_THE_WORLD": (1499, 349)}  # fmt: skip
_TOTE_SHIPPING = {"US": (529, 229), "CA": (979, 449), "EU": (929, 399), "GB": (879, 399), "AU": (1299, 549),
                  "REST_OF_THE_WORLD": (1249, 599)}  # fmt: skip

BLANKS: tuple[Blank, ...] = (
    Blank(
        12, 29, "tee", "Unisex Jersey Short Sleeve Tee", "Bella+Canvas", "3001",
        ("White", "Black", "Navy", "Natural", "Forest", "Athletic Heather", "Dusty Blue", "Autumn", "Mustard",
         "Heather Mauve"),
        ("XS", "S", "M", "L", "XL", "2XL", "3XL"), 1124, {"2XL": 210, "3XL": 415}, 145,
        (("front", 3852, 4398), ("back", 3852, 4398), ("neck", 1181, 1181)), "dtg",
        ("T-shirts", "Men's Clothing", "Women's Clothing", "Cotton", "Crew neck", "DTG"),
        "Cut from light, combed ring-spun cotton, this is the tee people reach for first: soft from day one, "
        "true to size and quick to become a favourite.",
        ("100% Airlume combed and ring-spun cotton (fibre content varies in heathers)",
         "Light fabric, 142 g/m² (4.2 oz/yd²)", "Retail fit, crew neck, tear-away label",
         "Printed on demand with water-based inks"),
        _TEE_SHIPPING, (2, 5),
    ),
    Blank(
        77, 39, "hoodie", "Unisex Heavy Blend Hooded Sweatshirt", "Gildan", "18500",
        ("Black", "Navy", "Forest", "Sand", "Athletic Heather", "Maroon", "Dusty Blue"),
        ("S", "M", "L", "XL", "2XL", "3XL"), 2369, {"2XL": 260, "3XL": 480}, 540,
        (("front", 3531, 2352), ("back", 3992, 4655)), "dtg",
        ("Hoodies", "Men's Clothing", "Women's Clothing", "Unisex", "DTG"),
        "A heavy hoodie with a kangaroo pocket that keeps its shape, wash after wash: brushed inside, smooth outside, "
        "generous in the hood.",
        ("50% cotton, 50% polyester", "Medium-heavy fabric, 271 g/m² (8.0 oz/yd²)",
         "Double-lined hood with matching drawcord", "Classic fit; size down for a neater look"),
        _HOODIE_SHIPPING, (3, 6),
    ),
    Blank(
        635, 28, "mug", "Accent Coffee Mug", "ORCA Coatings", "Accent Mug",
        ("Black", "Navy", "Red", "Pink", "Green", "Mustard"), ("11oz", "15oz"), 598, {"15oz": 171}, 400,
        (("front", 2475, 1155),), "sublimation",
        ("Home & Living", "Mugs", "Kitchen", "Dishwasher safe", "Sublimation"),
        "White ceramic with a glazed colour inside and along the handle. The print wraps the mug and survives both "
        "the dishwasher and Monday mornings.",
        ("White ceramic with coloured interior and handle", "11 oz (0.33 l) or 15 oz (0.44 l)",
         "Dishwasher and microwave safe", "Lead- and BPA-free"),
        _MUG_SHIPPING, (2, 4),
    ),
    Blank(
        282, 2, "poster", "Matte Vertical Posters", "Generic brand", "Matte poster",
        ("White",), ('11" x 14"', '12" x 18"', '16" x 20"', '18" x 24"', '24" x 36"'), 742,
        {'12" x 18"': 112, '16" x 20"': 248, '18" x 24"': 396, '24" x 36"': 755}, 120,
        (("front", 3600, 4800),), "digital-printing",
        ("Home & Living", "Posters", "Paper", "Wall art", "Matte"),
        "Museum-grade matte paper with a fine tooth and deep, even colour. Shown framed; the print is shipped "
        "rolled, ready for the frame you love.",
        ("Archival matte paper, 230 g/m²", "Fade-resistant pigment inks", "Shipped rolled in a sturdy tube",
         "For indoor use; frame not included"),
        _POSTER_SHIPPING, (2, 3),
    ),
    Blank(
        1313, 26, "tote", "Cotton Canvas Tote Bag", "Liberty Bags", "OAD113",
        ("Natural", "Black", "Navy", "Forest"), ("One size",), 926, {}, 230,
        (("front", 2850, 3150), ("back", 2850, 3150)), "dtf",
        ("Accessories", "Totes", "Bags", "Eco-friendly", "Cotton"),
        "A sturdy canvas tote for markets, books and beaches. Long handles for the shoulder, a flat base so it "
        "stands, and no fuss.",
        ("100% cotton canvas, 407 g/m² (12 oz/yd²)", '38 × 41 cm (15" × 16") with 56 cm handles',
         "Reinforced stitching at the handles", "Spot clean or wash cold"),
        _TOTE_SHIPPING, (3, 5),
    ),
    # Two colours by three sizes: the blank of the generated catalogue (SANDBOX_PRODUCTS), six variants each.
    Blank(
        145, 39, "tee", "Unisex Softstyle T-Shirt", "Gildan", "64000",
        ("White", "Navy"), ("S", "M", "L"), 982, {}, 150,
        (("front", 3951, 4800), ("back", 3951, 4800)), "dtg",
        ("T-shirts", "Men's Clothing", "Women's Clothing", "Crew neck", "DTG"),
        "An easy everyday tee in smooth, fine-gauge cotton with a slightly tapered cut.",
        ("100% ring-spun cotton", "Light fabric, 153 g/m² (4.5 oz/yd²)", "Semi-fitted, crew neck"),
        _TEE_SHIPPING, (2, 5),
    ),
)  # fmt: skip

EU = ("AT", "BE", "BG", "HR", "CY", "CZ", "DK", "EE", "FI", "FR", "DE", "GR", "HU", "IE", "IT", "LV", "LT", "LU",
      "MT", "NL", "PL", "PT", "RO", "SK", "SI", "ES", "SE")  # fmt: skip


def find_blank(blueprint_id: int, provider_id: int | None = None) -> Blank | None:
    """The blank of a blueprint (and provider), or None."""
    for blank in BLANKS:
        if blank.blueprint_id == blueprint_id and provider_id in (None, blank.provider_id):
            return blank
    return None
