"""No secret or key is inherited any more: those from before two persons were asked are all there.

``inherited`` lets a row do without the two persons, so nobody may write such a row.
"""

from __future__ import annotations

from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE FUNCTION vklad_refuse_inherited() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          RAISE EXCEPTION '% on % is refused: nothing is inherited any more', TG_OP, TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation';
        END $$
    """)
    op.execute(
        "CREATE TRIGGER source_credentials_inherited BEFORE INSERT OR UPDATE "
        "ON source_credentials FOR EACH ROW WHEN (NEW.inherited) "
        "EXECUTE FUNCTION vklad_refuse_inherited()"
    )
