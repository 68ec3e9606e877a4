"""Loading a seed into a portal: users with their rights, records, links; no events are raised."""

from collections.abc import Mapping, Sequence
from typing import Protocol, TypeAlias

from b24app.sandbox.crm import Crm
from b24app.sandbox.links import Link
from b24app.sandbox.users import Breadth, User, UserBook, UserKind
from b24app.sandbox.wire import Json, as_int, as_list, as_map, as_text, is_true

Rows: TypeAlias = Sequence[Mapping[str, Json]]


class Seed(Protocol):
    """Everything a portal starts with; ``links`` gives each contact its companies, the primary one first."""

    @property
    def leads(self) -> Rows: ...
    @property
    def contacts(self) -> Rows: ...
    @property
    def companies(self) -> Rows: ...
    @property
    def deals(self) -> Rows: ...
    @property
    def users(self) -> Rows: ...
    @property
    def links(self) -> Mapping[int, Sequence[int]]: ...
    @property
    def departments(self) -> Rows: ...


def load_seed(seed: Seed, users: UserBook, crm: Crm, now: float) -> None:
    for row in seed.users:
        users.add(user_from(row))
    for row in seed.departments:
        users.department_names[as_int(row["ID"])] = as_text(row["NAME"])
        users.department_parents[as_int(row["ID"])] = as_int(row["PARENT"] or 0)
    for word, rows in (
        ("company", seed.companies),
        ("contact", seed.contacts),
        ("lead", seed.leads),
        ("deal", seed.deals),
    ):
        for row in rows:
            crm.add(word, row, user_id=1, now=now)
    for contact_id, company_ids in seed.links.items():
        rows_of = [Link(company_id, 10 * (at + 1)) for at, company_id in enumerate(company_ids)]
        crm.links["contact"].set(contact_id, rows_of)
        crm.mirror_primary("contact", contact_id)


def user_from(row: Mapping[str, Json]) -> User:
    """Read a user of a seed: the portal's names, and ADMIN, KIND, LANGUAGE, RIGHTS, WRITE_RIGHTS by type word."""
    return User(
        id=as_int(row.get("ID")),
        name=as_text(row.get("NAME")),
        last_name=as_text(row.get("LAST_NAME")),
        position=as_text(row.get("WORK_POSITION")),
        admin=is_true(row.get("ADMIN")),
        active=is_true(row.get("ACTIVE", True)),
        departments=tuple(as_int(department) for department in as_list(row.get("UF_DEPARTMENT")) or (1,)),
        rights=_rights(row.get("RIGHTS")),
        write_rights=_rights(row.get("WRITE_RIGHTS")) if "WRITE_RIGHTS" in row else None,
        kind=UserKind(as_text(row.get("KIND")) or UserKind.EMPLOYEE),
        email=as_text(row.get("EMAIL")),
        language=as_text(row.get("LANGUAGE")) or "ru",
    )


def _rights(raw: Json) -> dict[str, Breadth]:
    return {word: Breadth(as_text(breadth)) for word, breadth in (as_map(raw) or {}).items()}
