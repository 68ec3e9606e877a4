"""The portal's people and what each may read and change in the CRM."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Breadth(StrEnum):
    """How far a right reaches."""

    NONE = "NONE"
    OWN = "OWN"
    DEPARTMENT = "DEPARTMENT"
    ALL = "ALL"


class UserKind(StrEnum):
    """What sort of account it is; only employees and extranet users come out of ``user.get``."""

    EMPLOYEE = "employee"
    EXTRANET = "extranet"
    BOT = "bot"
    SYSTEM = "rest_system"
    MAIL = "email"


@dataclass(slots=True)
class User:
    """One account. ``rights`` are for reading and, unless ``write_rights`` says otherwise, for changing."""

    id: int
    name: str = ""
    last_name: str = ""
    position: str = ""
    admin: bool = False
    departments: tuple[int, ...] = (1,)
    rights: Mapping[str, Breadth] = field(default_factory=dict)
    write_rights: Mapping[str, Breadth] | None = None
    kind: UserKind = UserKind.EMPLOYEE
    active: bool = True
    may_use_app: bool = True
    email: str = ""
    language: str = "ru"

    def may_read(self, type_word: str) -> Breadth:
        return Breadth.ALL if self.admin else self.rights.get(type_word, Breadth.NONE)

    def may_write(self, type_word: str) -> Breadth:
        if self.admin or self.write_rights is None:
            return self.may_read(type_word)
        return self.write_rights.get(type_word, Breadth.NONE)


class UserBook:
    """All accounts of a portal, and what its departments are called."""

    def __init__(self, users: Iterable[User] = ()) -> None:
        self._users = {user.id: user for user in users}
        self.department_names: dict[int, str] = {}
        self.department_parents: dict[int, int] = {}  # 0: none; those not named stand below the first

    def add(self, user: User) -> None:
        self._users[user.id] = user

    def get(self, user_id: int) -> User | None:
        return self._users.get(user_id)

    def all(self) -> list[User]:
        return sorted(self._users.values(), key=lambda user: user.id)

    def within(self, viewer: User, breadth: Breadth) -> frozenset[int] | None:
        """Return whose records that breadth covers; None means everybody's."""
        if breadth is Breadth.ALL:
            return None
        if breadth is Breadth.NONE:
            return frozenset()
        if breadth is Breadth.OWN:
            return frozenset({viewer.id})
        mine = set(viewer.departments)
        return frozenset(user.id for user in self._users.values() if mine & set(user.departments)) | {
            viewer.id
        }
