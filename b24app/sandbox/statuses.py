"""The portal's directories: stages of leads and deals, sources, as ``crm.status.list`` prints them.

Semantics: None in work, ``S`` success, ``F`` failure (documentation, crm.status.list).
"""

from dataclasses import dataclass

from b24app.sandbox.wire import Json

_STAGES = {"lead": "STATUS", "deal": "DEAL_STAGE"}
_EXTRA = {None: "process", "S": "success", "F": "failure"}


@dataclass(frozen=True, slots=True)
class Status:
    """One row of a directory."""

    id: int
    entity_id: str
    code: str
    name: str
    sort: int
    semantics: str | None = None
    is_system: bool = False

    def to_json(self) -> dict[str, Json]:
        row: dict[str, Json] = {
            "ID": str(self.id),
            "ENTITY_ID": self.entity_id,
            "STATUS_ID": self.code,
            "NAME": self.name,
            "NAME_INIT": self.name if self.is_system else "",
            "SORT": str(self.sort),
            "SYSTEM": "Y" if self.is_system else "N",
            "CATEGORY_ID": None,
            "COLOR": "#39A8EF",
            "SEMANTICS": self.semantics,
        }
        if self.entity_id in ("STATUS", "DEAL_STAGE"):
            row["EXTRA"] = {"SEMANTICS": _EXTRA[self.semantics], "COLOR": "#39A8EF"}
        return row


_ROWS = (
    ("STATUS", "NEW", "Не обработан", 10, None, True),
    ("STATUS", "IN_PROCESS", "В работе", 20, None, False),
    ("STATUS", "UC_MEASURE", "Замер назначен", 30, None, False),
    ("STATUS", "PROCESSED", "Обработан", 40, None, False),
    ("STATUS", "CONVERTED", "Качественный лид", 50, "S", True),
    ("STATUS", "JUNK", "Некачественный лид", 60, "F", True),
    ("DEAL_STAGE", "NEW", "Новая", 10, None, True),
    ("DEAL_STAGE", "PREPARATION", "Подготовка документов", 20, None, False),
    ("DEAL_STAGE", "EXECUTING", "В работе", 30, None, False),
    ("DEAL_STAGE", "WON", "Сделка успешна", 60, "S", True),
    ("DEAL_STAGE", "LOSE", "Сделка провалена", 70, "F", True),
    ("SOURCE", "CALL", "Звонок", 10, None, False),
    ("SOURCE", "EMAIL", "Электронная почта", 20, None, False),
    ("SOURCE", "WEB", "Веб-сайт", 30, None, False),
    ("SOURCE", "RECOMMENDATION", "По рекомендации", 40, None, False),
    ("SOURCE", "TRADE_SHOW", "Выставка", 50, None, False),
    ("SOURCE", "WEBFORM", "CRM-форма", 60, None, False),
)


class StatusBook:
    """All directories of a portal; stages may be added."""

    def __init__(self) -> None:
        self.rows = [Status(101 + 2 * at, *row) for at, row in enumerate(_ROWS)]

    def add(self, entity_id: str, code: str, name: str, semantics: str | None = None) -> None:
        """Add a portal's own stage or source at the end."""
        last = self.rows[-1]
        self.rows.append(Status(last.id + 2, entity_id, code, name, last.sort + 10, semantics))

    def stages(self, word: str) -> list[str]:
        """Return the codes of a type's stages in order; contacts and companies have none."""
        return [row.code for row in self.stage_rows(word)]

    def stage_rows(self, word: str) -> list[Status]:
        """Return a type's stages in order."""
        rows = (row for row in self.rows if row.entity_id == _STAGES.get(word))
        return sorted(rows, key=lambda row: (row.sort, row.id))

    def semantics(self, entity_id: str, code: str) -> str:
        """Return P, S or F for a stage; an unknown stage counts as in work."""
        for row in self.rows:
            if row.entity_id == entity_id and row.code == code:
                return row.semantics or "P"
        return "P"
