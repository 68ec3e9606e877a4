"""Who may order and open audits: administrators, and the people and departments they name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from b24app.bitrix24 import answers, methods
from b24app.bitrix24.answers import Viewer
from b24app.bitrix24.calls import JSON
from b24app.services.audit.run.orders import MOST_CHOSEN, OrderMistake
from b24app.services.audit.run.structure import with_those_below
from b24app.services.portal.access import Refused
from b24app.services.portal.context import PortalContext

OPTION = "audit_access"


@dataclass(frozen=True, slots=True)
class AuditAccess:
    """Whom administrators let audit besides themselves; a department stands for those below it, too."""

    people: frozenset[int] = frozenset()
    departments: frozenset[int] = frozenset()

    def to_dict(self) -> dict[str, object]:
        return {"people": sorted(self.people), "departments": sorted(self.departments)}

    @classmethod
    def from_dict(cls, raw: Mapping[str, object]) -> "AuditAccess":
        """Return what JSON values say; raises OrderMistake, which names the field."""
        if unknown := set(raw) - {"people", "departments"}:
            raise OrderMistake(min(unknown))
        return cls(_ids(raw, "people"), _ids(raw, "departments"))


async def read_access(context: PortalContext) -> AuditAccess:
    """Return who is named at present."""
    async with context.read() as tx:
        return AuditAccess.from_dict(await tx.options.get(OPTION) or {})


async def save_access(context: PortalContext, viewer: Viewer, access: AuditAccess) -> None:
    """Keep whom an administrator names; raises Refused for anybody else."""
    if not viewer.is_admin:
        raise Refused("not_admin_settings", 403)
    async with context.begin() as tx:
        before = await tx.options.get(OPTION) or {}
        await tx.options.put(OPTION, access.to_dict())
        await tx.journal.note(viewer.id, "audit.access", before, access.to_dict(), context.now())


async def may_audit(context: PortalContext, viewer: Viewer) -> bool:
    """Tell whether this person may; where he works the portal says, asked only if departments are named."""
    if viewer.is_admin:
        return True
    access = await read_access(context)
    if viewer.id in access.people or not access.departments:
        return viewer.id in access.people
    batch = await context.client.batch({"user": methods.users([viewer.id])})
    users = answers.rows(batch.get("user"))
    own = {department for user in users for department in _departments(user.get("UF_DEPARTMENT"))}
    if own & access.departments:
        return True
    return bool(own) and bool(own & await with_those_below(context.client, access.departments))


def _departments(value: JSON) -> Sequence[int]:
    """Return the ids of a user's departments; portals write them as numbers or as text."""
    ids = value if isinstance(value, list) else []
    return [found for one in ids if (found := answers.to_id(one)) is not None]


def _ids(raw: Mapping[str, object], field: str) -> frozenset[int]:
    values = raw.get(field, [])
    if not isinstance(values, list) or len(values) > MOST_CHOSEN:
        raise OrderMistake(field)
    if not all(isinstance(each, int) and not isinstance(each, bool) and each > 0 for each in values):
        raise OrderMistake(field)
    return frozenset(values)
