"""Every table of the app in one list: what an uninstallation has to empty, and what it may keep."""

from sqlmodel import SQLModel

from b24app.store import (
    tables,
    tables_audit,
    tables_effect,
    tables_export,
    tables_note,
    tables_option,
    tables_outcome,
    tables_robot,
    tables_webhook,
)

_MODULES = (
    tables,
    tables_audit,
    tables_effect,
    tables_export,
    tables_note,
    tables_option,
    tables_outcome,
    tables_robot,
    tables_webhook,
)  # importing a module declares its tables

TENANT_TABLES = tuple(SQLModel.metadata.sorted_tables)
OUTLIVE_UNINSTALLATION = frozenset(
    {"portal", "rejection", "journal", "option", "outcome", "timeline_note"}
)  # with CLEAN=0
