"""Once an hour: is the shop near the threshold from which VAT of other EU countries is owed? Told once a year each at
80 % and at 100 %, by letter, and on the panel's first page."""

from __future__ import annotations

from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy.dialects.postgresql import insert

from shop.core import clock
from shop.core.money import format_minor
from shop.core.settings import current_settings
from shop.core.transaction import transaction
from shop.email.requesting import request_letter
from shop.extensions import db
from shop.insights.eu_sales import sold_abroad_minor
from shop.insights.models import ThresholdNotice
from shop.tenancy.eu_rules import EU_VAT, eu_rules_of
from shop.tenancy.profile import current_profile
from shop.workflows.letter_facts import public_url

STEPS = (80, 100)


def run() -> list[int]:
    """Percentages that were told just now. A repeat tells nothing; nor has a shop that charges the rates of the
    countries it sells to anything to be told."""
    profile = current_profile()
    if profile.country not in EU_VAT or eu_rules_of(profile.eu).oss != "home":
        return []
    year = clock.now().year
    with_tests = not current_settings().stripe_secret_key.startswith(("sk_live_", "rk_live_"))
    sold = sold_abroad_minor(db.session(), year, profile.country, with_tests=with_tests)
    threshold = eu_rules_of(profile.eu).threshold(profile.currency)
    db.session.rollback()
    return [step for step in STEPS if sold * 100 >= step * threshold and _tell(year, step, sold, threshold)]


def _tell(year: int, percent: int, sold: int, threshold: int) -> bool:
    profile = current_profile()
    with transaction() as session:
        new = session.execute(
            insert(ThresholdNotice)
            .values(year=year, percent=percent, sum_minor=sold, currency=profile.currency)
            .on_conflict_do_nothing(index_elements=["year", "percent"])
            .returning(ThresholdNotice.id)
        ).first()
        if new is None:
            return False
        with force_locale(profile.locale):
            amounts = {
                "sold": format_minor(sold, profile.currency, profile.locale),
                "threshold": format_minor(threshold, profile.currency, profile.locale),
            }
            title = _("Sales to other EU countries reached %(percent)s%% of the threshold", percent=percent)
            text = _(
                "%(sold)s this year, of %(threshold)s. Above the threshold you owe the VAT of the country you sell to: "
                "register for the one-stop shop (OSS) and switch the rates in the panel.",
                **amounts,
            )
        request_letter(
            session,
            letter="merchant_notice",
            subject_key=f"threshold:{year}:{percent}",
            to_email=profile.merchant_email,
            facts={"title": title, "text": text, "url": public_url("/admin/vat")},
            locale=profile.locale,
        )
    return True
