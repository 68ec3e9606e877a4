"""What was last published for each record: refs, codes and a hash. Deciding is left to dedupe."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, select, text, tuple_
from sqlmodel import SQLModel

from b24app.dedupe.grade import Grade
from b24app.dedupe.outcome import Outcome, Status
from b24app.dedupe.record import RecordRef, RecordType
from b24app.dedupe.shared import SharedKind
from b24app.store import tables_outcome
from b24app.store.arrays import from_links, ref_columns, to_links
from b24app.store.scope import AnyRow, Scope

OUTCOME = SQLModel.metadata.tables[tables_outcome.OutcomeRow.__tablename__]

_PUT = text("""
    INSERT INTO outcome (portal_id, type, id, status, matches, best, grade, shared, partners, group_name,
                         version, written_hash, published_at)
    VALUES (:portal_id, :type, :id, :status, :matches, :best, :grade, :shared, :partners, :group_name,
            :version, :written_hash, :published_at)
    ON CONFLICT (portal_id, type, id) DO UPDATE SET
        status = excluded.status, matches = excluded.matches, best = excluded.best, grade = excluded.grade,
        shared = excluded.shared, partners = excluded.partners, group_name = excluded.group_name,
        version = excluded.version, written_hash = excluded.written_hash, published_at = excluded.published_at
""")
_NAMED_BY_OTHERS = text("""
    SELECT o.type, o.id
    FROM unnest(CAST(:types AS smallint[]), CAST(:ids AS bigint[])) AS held(type, id)
    JOIN outcome AS o ON o.portal_id = :portal_id AND o.type = held.type AND o.id = held.id
    WHERE o.matches && CAST(:links AS bigint[]) OR o.partners && CAST(:links AS bigint[])
""")


@dataclass(frozen=True, slots=True)
class StoredOutcome:
    """An outcome as it was published: refs and codes. ``version`` counts its real changes, from 1."""

    ref: RecordRef
    status: Status
    matches: tuple[RecordRef, ...]
    best: RecordRef | None
    grade: Grade | None
    shared: SharedKind | None
    partners: tuple[RecordRef, ...]
    group: str
    version: int
    written_hash: int | None  # of what stands in the record's fields; None: nobody wrote them

    def says(self, outcome: Outcome) -> bool:
        """Tell whether the outcome is the one that was published, whatever it says of times and names."""
        return (
            self.status == outcome.status
            and self.matches == tuple(match.ref for match in outcome.matches)
            and self.grade == outcome.grade
            and self.shared == outcome.shared
            and self.partners == outcome.partners
            and self.group == outcome.group
        )

    @classmethod
    def of(cls, outcome: Outcome, *, version: int, written_hash: int | None) -> "StoredOutcome":
        """Return what is kept of an outcome."""
        return cls(
            ref=outcome.ref,
            status=outcome.status,
            matches=tuple(match.ref for match in outcome.matches),
            best=outcome.best.ref if outcome.best else None,
            grade=outcome.grade,
            shared=outcome.shared,
            partners=outcome.partners,
            group=outcome.group,
            version=version,
            written_hash=written_hash,
        )


class OutcomeRepository:
    """One portal's outcomes."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._own = OUTCOME.c.portal_id == scope.portal_id

    async def get_many(self, refs: Collection[RecordRef]) -> dict[RecordRef, StoredOutcome]:
        """Return what was published for these; records never published are missing."""
        query = select(OUTCOME).where(self._own, _is_among(refs))
        found = map(_to_outcome, await self._scope.connection.execute(query))
        return {outcome.ref: outcome for outcome in found}

    async def neighbours(self, refs: Collection[RecordRef]) -> set[RecordRef]:
        """Return whom the published outcomes of these name, and who was published in the same groups."""
        stored = (await self.get_many(refs)).values()
        groups = {outcome.group for outcome in stored} - {""}
        query = select(OUTCOME.c.type, OUTCOME.c.id).where(self._own, OUTCOME.c.group_name.in_(groups))
        same = {
            RecordRef(RecordType(row.type), row.id) for row in await self._scope.connection.execute(query)
        }
        return same.union(*((*outcome.matches, *outcome.partners) for outcome in stored))

    async def naming_each_other(self, holders: Collection[RecordRef]) -> set[RecordRef]:
        """Return those of a value's holders whose published outcome names another of them."""
        found = await self._scope.connection.execute(
            _NAMED_BY_OTHERS,
            {
                "portal_id": self._scope.portal_id,
                "links": to_links(sorted(holders)),
                **ref_columns(sorted(holders)),
            },
        )
        return {RecordRef(RecordType(row.type), row.id) for row in found}

    async def put(self, stored: Sequence[StoredOutcome], at: float) -> None:
        """Keep these in place of what was published before."""
        if stored:
            await self._scope.connection.execute(
                _PUT, [_to_row(one, self._scope.portal_id, at) for one in stored]
            )

    async def forget(self, refs: Collection[RecordRef]) -> None:
        """Remove what was published for records that are gone."""
        if refs:
            await self._scope.connection.execute(
                delete(OUTCOME).where(
                    self._own,
                    _is_among(refs),
                )
            )


def _is_among(refs: Collection[RecordRef]) -> ColumnElement[bool]:
    return tuple_(OUTCOME.c.type, OUTCOME.c.id).in_([(int(ref.type), ref.id) for ref in refs])


def _to_outcome(row: AnyRow) -> StoredOutcome:
    return StoredOutcome(
        ref=RecordRef(RecordType(row.type), row.id),
        status=Status(row.status),
        matches=from_links(row.matches),
        best=None if row.best is None else from_links([row.best])[0],
        grade=None if row.grade is None else Grade(row.grade),
        shared=None if row.shared is None else SharedKind(row.shared),
        partners=from_links(row.partners),
        group=row.group_name,
        version=row.version,
        written_hash=row.written_hash,
    )


def _to_row(stored: StoredOutcome, portal_id: int, at: float) -> dict[str, object]:
    return {
        "portal_id": portal_id,
        "type": int(stored.ref.type),
        "id": stored.ref.id,
        "status": stored.status.value,
        "matches": to_links(stored.matches),
        "best": to_links([stored.best])[0] if stored.best else None,
        "grade": None if stored.grade is None else int(stored.grade),
        "shared": None if stored.shared is None else stored.shared.value,
        "partners": to_links(stored.partners),
        "group_name": stored.group,
        "version": stored.version,
        "written_hash": stored.written_hash,
        "published_at": at,
    }
