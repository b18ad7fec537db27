"""Every table, imported once so that migrations and tests see them all."""

from __future__ import annotations

from shop.accounts import models as accounts
from shop.cart import models as cart
from shop.catalog import models as catalog
from shop.checkout import models as checkout
from shop.core import schedules
from shop.email import models as email
from shop.fulfilment import models as fulfilment
from shop.inbound import models as inbound
from shop.orders import models as orders
from shop.outbound import models as outbound
from shop.payments import models as payments
from shop.tenancy import models as tenancy

ALL = (
    accounts,
    cart,
    catalog,
    checkout,
    schedules,
    email,
    fulfilment,
    inbound,
    orders,
    outbound,
    payments,
    tenancy,
)
