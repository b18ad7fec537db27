"""Currencies as Stripe knows them, and amounts as people read them."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from sandbox.stripe.refusing import Refusal, required

_WHOLE = """
bif clp djf gnf jpy kmf krw mga pyg rwf ugx vnd vuv xaf xof xpf
"""
ZERO_DECIMAL = frozenset(_WHOLE.split())
THREE_DECIMAL = frozenset(["bhd", "jod", "kwd", "omr", "tnd"])
_USUAL = """
aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bmd bnd bob brl bsd btn bwp byn bzd cad cdf chf cny cop crc
cve czk dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gtq gyd hkd hnl htg huf idr ils inr isk jmd kes kgs khr kyd
kzt lak lbp lkr lrd lsl mad mdl mkd mmk mnt mop mur mvr mwk mxn myr mzn nad ngn nio nok npr nzd pab pen pgk php pkr
pln qar ron rsd rub sar sbd scr sek sgd shp sle sos srd std szl thb tjs top try ttd twd tzs uah usd uyu uzs wst xcd
yer zar zmw
"""
CURRENCIES = ZERO_DECIMAL | THREE_DECIMAL | frozenset(_USUAL.split())  # fmt: skip
_SYMBOLS = {"usd": "$", "eur": "€", "gbp": "£", "jpy": "¥", "cad": "CA$", "aud": "A$", "nzd": "NZ$", "chf": "CHF "}

# The least a charge may be, in minor units; 50 where nothing is listed.
_LEAST = {
    "usd": 50, "eur": 50, "gbp": 30, "cad": 50, "aud": 50, "chf": 50, "nzd": 50, "sgd": 50, "brl": 50, "inr": 50,
    "dkk": 250, "nok": 300, "sek": 300, "pln": 200, "czk": 1500, "hkd": 400, "jpy": 50, "mxn": 1000, "huf": 17500,
    "ron": 200, "bgn": 100, "aed": 200, "myr": 200, "thb": 1000, "kwd": 150, "bhd": 190, "jod": 350, "omr": 190,
    "krw": 700, "clp": 500, "vnd": 13000,
}  # fmt: skip
MOST = 99_999_999


def exponent(currency: str) -> int:
    """Digits after the point: JPY 0, KWD 3, most 2."""
    return 0 if currency in ZERO_DECIMAL else 3 if currency in THREE_DECIMAL else 2


def least_charge(currency: str) -> int:
    return _LEAST.get(currency, 50)


def read_currency(value: str | None, param: str) -> str:
    """A lower-case currency code; Refusal for an unknown one."""
    if not value:
        raise required(param)
    code = value.lower()
    if code not in CURRENCIES:
        raise Refusal(
            f"Invalid currency: {value[:20]}. Supported currencies: {', '.join(sorted(CURRENCIES))}",
            param=param,
        )
    return code


def written(amount: int, currency: str) -> str:
    """``1299 usd`` → ``$12.99``; ``1200 sek`` → ``SEK 12.00``."""
    digits = exponent(currency)
    sign = "-" if amount < 0 else ""
    number = f"{Decimal(abs(amount)).scaleb(-digits):,.{digits}f}"
    return f"{sign}{_SYMBOLS.get(currency, currency.upper() + ' ')}{number}"


def rounded(value: Decimal) -> int:
    """Half up, away from zero: the way prices are rounded."""
    return int(value.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def spread(total: int, weights: list[int]) -> list[int]:
    """``total`` shared in proportion to ``weights``, to the unit: the shares always add up."""
    whole = sum(weights)
    if whole <= 0:
        return [0 for _ in weights]
    shares = [total * weight // whole for weight in weights]
    rests = sorted(range(len(weights)), key=lambda i: (-(total * weights[i] % whole), i))
    for i in rests[: total - sum(shares)]:
        shares[i] += 1
    return shares
