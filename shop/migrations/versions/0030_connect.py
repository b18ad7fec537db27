"""keys that a platform hands over

Revision ID: 0030
Revises: 0029

"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("consent_requests", sa.Column("kind", sa.String(length=8), server_default="consent", nullable=False))


def downgrade() -> None:
    op.drop_column("consent_requests", "kind")
