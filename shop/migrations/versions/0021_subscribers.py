"""newsletter, stock and price letters, cart reminders

Revision ID: 0021
Revises: 0020

"""

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing to do."""


def downgrade() -> None:
    """Nothing to do."""
