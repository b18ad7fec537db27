"""Many orders in the tables, made by the database itself: what lists and exports are measured on."""

from __future__ import annotations

from sqlalchemy import text

from benchmarks.stage import Shop, Stage, analyse
from shop.extensions import db

FEW, MANY, MANY_QUICKLY = 1_000, 100_000, 20_000
_ORDERS = """
INSERT INTO orders (number, token, source_key, channel, status, payment_status, fulfilment_status, email, customer_name,
  phone, ship_to, bill_to, locale, note, currency, subtotal_minor, shipping_minor, tax_minor, discount_minor,
  total_minor, tax_included, shipping_method, shipping_label, is_test, placed_at, archived_at, tags)
SELECT substr(upper(md5(n::text)), 1, 4) || '-' || lpad(n::text, 6, '0'), 'T' || n, 'bench:' || n,
  CASE WHEN n % 10 = 0 THEN 'etsy' ELSE 'storefront' END, 'placed', 'paid',
  (ARRAY['requested', 'in_production', 'shipped', 'delivered'])[1 + n % 4], 'buyer' || n || '@example.com',
  (ARRAY['Ada', 'Bea', 'Cleo', 'Dora', 'Elif'])[1 + n % 5] || ' Buyer ' || n, '+1 503 555 0100',
  jsonb_build_object('name', 'Buyer ' || n, 'line1', n || ' Mill Lane', 'line2', '', 'city', 'Portland', 'state', 'OR',
    'postal_code', '97209', 'country', (ARRAY['US', 'DE', 'FR', 'GB'])[1 + n % 4]), '{}', 'en', '', 'USD',
  2800, 499, 0, 0, 3299 + n * 37 % 5000, true, 'standard', 'Standard', true, now() - n * interval '7 minutes',
  CASE WHEN n % 3 = 0 THEN now() END, CASE WHEN n % 50 = 0 THEN ARRAY['Gift'] ELSE '{}' END
FROM generate_series(1, :count) n
"""
_LINES = """
INSERT INTO order_lines (order_id, title, variant_title, sku, printable, image, quantity, unit_minor, unit_cost_minor,
  total_minor, tax_minor)
SELECT o.id, 'Fern Study tee', 'Moss / M', 'FERN-' || o.id, '{}', '{}', 1, 1400, 900, 1400, 0
FROM orders o, generate_series(1, 2)
"""


def shop_with_orders(stage: Stage, count: int) -> Shop:
    """A database of its own with `count` orders of two lines each."""
    shop = stage.empty_shop(f"orders_{count}")
    with shop.app.app_context():
        with db.engine.begin() as connection:
            connection.execute(text(_ORDERS), {"count": count})
            connection.execute(text(_LINES))
        analyse()
    return shop


def many(stage: Stage) -> int:
    return MANY_QUICKLY if stage.quick else MANY
