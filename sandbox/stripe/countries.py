"""Countries an address may be in, their names, and which parts their addresses need."""

from __future__ import annotations

from functools import cache

from babel import Locale

_ALL = """
AC AD AE AF AG AI AL AM AO AQ AR AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CD
CF CG CH CI CK CL CM CN CO CR CV CW CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FO FR GA GB GD GE GF GG GH
GI GL GM GN GP GQ GR GS GT GU GW GY HK HN HR HT HU ID IE IL IM IN IO IQ IS IT JE JM JO JP KE KG KH KI KM KN KR KW KY
KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MK ML MM MN MO MQ MR MS MT MU MV MW MX MY MZ NA NC NE NG NI NL
NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO
SR SS ST SV SX SZ TA TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG US UY UZ VA VC VE VG VN VU WF WS XK YE YT
ZA ZM ZW ZZ
"""
COUNTRIES = frozenset(_ALL.split())
# What people type for a state or province → the code; the codes are also the choices the page offers.
_STATES = (
    "Alabama AL,Alaska AK,Arizona AZ,Arkansas AR,California CA,Colorado CO,Connecticut CT,Delaware DE,"
    "District of Columbia DC,Florida FL,Georgia GA,Hawaii HI,Idaho ID,Illinois IL,Indiana IN,Iowa IA,"
    "Kansas KS,Kentucky KY,Louisiana LA,Maine ME,Maryland MD,Massachusetts MA,Michigan MI,Minnesota MN,"
    "Mississippi MS,Missouri MO,Montana MT,Nebraska NE,Nevada NV,New Hampshire NH,New Jersey NJ,"
    "New Mexico NM,New York NY,North Carolina NC,North Dakota ND,Ohio OH,Oklahoma OK,Oregon OR,"
    "Pennsylvania PA,Rhode Island RI,South Carolina SC,South Dakota SD,Tennessee TN,Texas TX,Utah UT,"
    "Vermont VT,Virginia VA,Washington WA,West Virginia WV,Wisconsin WI,Wyoming WY"
)
_PROVINCES = (
    "Alberta AB,British Columbia BC,Manitoba MB,New Brunswick NB,Newfoundland and Labrador NL,"
    "Nova Scotia NS,Northwest Territories NT,Nunavut NU,Ontario ON,Prince Edward Island PE,Quebec QC,"
    "Saskatchewan SK,Yukon YT"
)
STATES = {"US": _STATES, "CA": _PROVINCES}
# Where a state or province must be given, and where no postal code exists.
WITH_STATE = frozenset({"US", "CA", "AU", "BR", "MX", "IN", "JP", "CN", "IT"})
_NO_POSTCODE = """
AE AG AN AO AW BF BI BJ BO BS BW BZ CD CF CG CI CK CM DJ DM ER FJ GD GM GQ GY HK IE JM KI KM KN KP LC ML MO MR MW NR
NU PA QA RW SB SC SL SR ST SY TD TF TG TK TL TO TV TZ UG VU YE ZW
"""
WITHOUT_POSTCODE = frozenset(_NO_POSTCODE.split())


@cache
def country_names() -> dict[str, str]:
    """Code → English name."""
    territories = Locale("en").territories
    return {code: str(territories.get(code, code)) for code in COUNTRIES}


def choices(codes: list[str] | None) -> list[tuple[str, str]]:
    """``(code, name)`` sorted by name; every country when no list is given."""
    names = country_names()
    wanted = [code for code in codes if code in names] if codes else sorted(COUNTRIES - {"ZZ"})
    return sorted(((code, names[code]) for code in wanted), key=lambda pair: pair[1])


@cache
def state_codes(country: str) -> dict[str, str]:
    """Name → code of a country's states; empty where none are listed."""
    pairs = (entry.rpartition(" ") for entry in STATES.get(country, "").split(",") if entry)
    return {name: code for name, _, code in pairs}


def read_state(country: str, typed: str) -> str | None:
    """The code of a state given by name or code; what was typed where none are listed; None for an unknown one."""
    known = state_codes(country)
    if not known:
        return typed
    by_name = {name.lower(): code for name, code in known.items()}
    code = by_name.get(typed.lower(), typed.upper())
    return code if code in known.values() else None
