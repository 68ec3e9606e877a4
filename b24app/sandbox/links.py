"""Links of contacts to companies, and of leads and deals to contacts: rows with order and a primary one.

The primary link is mirrored in COMPANY_ID or CONTACT_ID by whoever calls; here only the rows live.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Link:
    """One end of a link as its owner lists it."""

    target_id: int
    sort: int = 10
    role_id: int = 0
    primary: bool = False


class LinkBook:
    """Ordered links from owners to targets, readable from both sides."""

    def __init__(self) -> None:
        self._of_owner: dict[int, list[Link]] = {}
        self._owners_of: dict[int, list[int]] = {}

    def of(self, owner_id: int) -> list[Link]:
        return list(self._of_owner.get(owner_id, ()))

    def targets(self, owner_id: int) -> list[int]:
        return [link.target_id for link in self._of_owner.get(owner_id, ())]

    def owners(self, target_id: int) -> list[int]:
        """Return who is linked to this target, ascending."""
        return sorted(self._owners_of.get(target_id, ()))

    def primary(self, owner_id: int) -> int | None:
        return next((link.target_id for link in self._of_owner.get(owner_id, ()) if link.primary), None)

    def set(self, owner_id: int, links: Iterable[Link]) -> None:
        """Replace all links of the owner; without a primary one the first becomes it."""
        self._forget(owner_id)
        kept = sorted({link.target_id: link for link in links}.values(), key=lambda link: link.sort)
        chosen = next((link.target_id for link in kept if link.primary), kept[0].target_id if kept else None)
        rows = [Link(link.target_id, link.sort, link.role_id, link.target_id == chosen) for link in kept]
        if rows:
            self._of_owner[owner_id] = rows
        for link in rows:
            self._owners_of.setdefault(link.target_id, []).append(owner_id)

    def add(self, owner_id: int, link: Link) -> bool:
        """Add one link; False when it was there already."""
        rows = self.of(owner_id)
        if any(row.target_id == link.target_id for row in rows):
            return False
        if link.primary:
            rows = [Link(row.target_id, row.sort, row.role_id) for row in rows]
        self.set(owner_id, [*rows, link])
        return True

    def drop(self, owner_id: int, target_id: int) -> bool:
        """Remove one link; False when there was none."""
        rows = self.of(owner_id)
        kept = [row for row in rows if row.target_id != target_id]
        self.set(owner_id, kept)
        return len(kept) < len(rows)

    def forget_target(self, target_id: int) -> list[int]:
        """Remove every link to the target and return whose they were."""
        owners = self.owners(target_id)
        for owner_id in owners:
            self.drop(owner_id, target_id)
        return owners

    def _forget(self, owner_id: int) -> None:
        for row in self._of_owner.pop(owner_id, ()):
            self._owners_of[row.target_id].remove(owner_id)
