"""Which texts the audit's pages choose by a code."""

from b24app.dedupe.keys import KeyKind
from b24app.dedupe.record import RecordType, ValueKind
from b24app.dedupe.shared import Severity, SharedKind
from b24app.services.audit.pages.show_groups import CHANGES, NAMES, ORDERS
from b24app.services.audit.run.naming import ADVICE
from b24app.services.audit.run.orders import AuditScope
from b24app.store.audit_values import AuditStage, AuditState
from b24app.store.exports import ExportKind

TYPES = {record_type.word for record_type in RecordType}
KINDS = {kind.name.lower() for kind in KeyKind}
FORMS = {
    "name", "responsibles", "departments", "sources", "created_from", "created_to", "stages", "budget", "window",
    "every", "weekday", "monthday", "hour", "told", "people", "named_departments", "hub_limit", "look_back_days",
}  # fmt: skip
SIDES = {"person", "company", "stage", "responsible", "phone", "email", "created", "modified"}
MISTAKES = set(AuditScope.__slots__) | {
    "people",
    "told",
    "budget",
    "window",
    "hour",
    "day",
    "monthday",
    "every",
    "look_back_days",
    "due",
    "due_past",
    "user",
    "hub_limit",
    "other",
}
AUDIT_JOURNAL = {
    "audit.order", "audit.paused", "audit.queued", "audit.cancelled", "audit.hand_over", "audit.schedule",
    "audit.access",
    "audit.export",
}  # fmt: skip
AUDIT_FAMILIES: dict[str, set[str]] = {
    "types.": TYPES,
    "audit_tab.": {"runs", "report", "groups", "mine", "hubs"},
    "audit_run.": {"name", "state", "started", "by", "records", "groups", "rate"},
    "audit_state.": {state.value for state in AuditState},
    "audit_stage.": {stage.value for stage in AuditStage},
    "audit_done.": {
        "started", "paused", "resumed", "cancelled", "schedule", "access", "rejected", "handed", "taken_back",
    },
    "audit_mistake.": MISTAKES,
    "audit_reason.": {"outside_window", "index_incomplete", "rules_changed", "access_denied", "other"},
    "audit_form.": {"start", "schedule", "access", "simulator"},
    "audit_field.": FORMS | SIDES,
    "picker_hint.": {"responsibles", "departments", "sources", "told", "people", "named_departments"},
    "picker_reason.": {"people", "receivers", "departments", "sources"},
    "picker_unnamed.": {"people", "departments", "sources"},
    "picker_note.": {"dismissed", "unknown"},
    "audit_every.": {"never", "day", "week", "month"},
    "audit_weekday.": set(map(str, range(7))),
    "audit_trial_reason.": {"needs_reading", "index_incomplete", "other"},
    "audit_samples.": {"gained", "lost"},
    "audit_changed.": {"new", "grown", "reopened", "solved"},
    "audit_change.": set(CHANGES) | {"solved"},
    "audit_file.": {kind.value for kind in ExportKind},
    "audit_filter.": {"order", "grade", "names", "severity", "pair", "change", "least_size"},
    "audit_order.": set(ORDERS),
    "audit_names.": set(NAMES),
    "audit_names_what.": set(NAMES) - {"unknown"},
    "audit_severity.": {severity.word for severity in Severity},
    "audit_kind.": KINDS,
    "audit_hub.": KINDS,
    "audit_shared.": {kind.value for kind in SharedKind},
    "audit_value.": {kind.value for kind in ValueKind},
    "audit_advice.": {*ADVICE, "other"},
    "audit.merge_": TYPES,
    "audit_step.": {"alarms", "exact", "hubs", "weak", "nothing"},
}  # fmt: skip
