"""passkeys, second step, wishlist, saved carts

Revision ID: 0024
Revises: 0023

"""

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing to do."""


def downgrade() -> None:
    """Nothing to do."""
