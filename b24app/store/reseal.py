"""Moving a portal's sealed values to the current secret while an old one is being replaced."""

from dataclasses import dataclass

from sqlalchemy import RowMapping, Table, and_, select, update

from b24app.store.scope import Scope
from b24app.store.tables import API_KEY, JOURNAL, PORTAL
from b24app.store.tables_audit import AUDIT_RUN
from b24app.store.tables_export import EXPORT
from b24app.store.tables_robot import PHONE_FIX, ROBOT_CALL
from b24app.store.webhooks import SECRET, URL, WEBHOOK


@dataclass(frozen=True, slots=True)
class _Sealed:
    """A column of sealed values and the name they are bound to."""

    table: Table
    column: str
    bound_to: str


_SEALED = (
    _Sealed(PORTAL, "access_token_sealed", "portal.access_token"),
    _Sealed(PORTAL, "refresh_token_sealed", "portal.refresh_token"),
    _Sealed(PORTAL, "application_token_sealed", "portal.application_token"),
    _Sealed(PORTAL, "hashing_key_sealed", "portal.hashing_key"),
    _Sealed(PORTAL, "rules_sealed", "portal.rules"),
    _Sealed(JOURNAL, "old_sealed", "journal.old"),
    _Sealed(JOURNAL, "new_sealed", "journal.new"),
    _Sealed(API_KEY, "name_sealed", "api_key.name"),
    _Sealed(ROBOT_CALL, "token_sealed", "robot_call.token"),
    _Sealed(PHONE_FIX, "values_sealed", "phone_fix.values"),
    _Sealed(AUDIT_RUN, "name_sealed", "audit_run.name"),
    _Sealed(AUDIT_RUN, "rules_sealed", "audit_run.rules"),
    _Sealed(EXPORT, "key_sealed", "export.key"),
    _Sealed(WEBHOOK, "url_sealed", URL),
    _Sealed(WEBHOOK, "secret_sealed", SECRET),
)


async def reseal(scope: Scope) -> int:
    """Seal with the current secret what was sealed with the one before; return how many values."""
    moved = 0
    for sealed in _SEALED:
        column = sealed.table.c[sealed.column]
        query = select(*sealed.table.primary_key, column.label("content")).where(
            sealed.table.c.portal_id == scope.portal_id, column.is_not(None)
        )
        for row in (await scope.connection.execute(query)).mappings().all():
            moved += await _reseal_one(scope, sealed, row)
    return moved


async def _reseal_one(scope: Scope, sealed: _Sealed, row: RowMapping) -> int:
    vault, portal_id = scope.vault, scope.portal_id
    if not vault.needs_reseal(row["content"]):
        return 0
    content = vault.open_bytes(portal_id, sealed.bound_to, row["content"])
    own_row = [column == row[column.name] for column in sealed.table.primary_key]
    await scope.connection.execute(
        update(sealed.table)
        .where(and_(*own_row))
        .values({sealed.column: vault.seal_bytes(portal_id, sealed.bound_to, content)})
    )
    return 1
