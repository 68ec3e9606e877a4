"""Which texts pages choose by a code: the prefix of their keys, and every code there is."""

import re
from pathlib import Path

import b24app
from b24app.dedupe.enquiry import BOTH
from b24app.dedupe.enquiry_rules import By, Original
from b24app.dedupe.match import Grade, ReasonCode
from b24app.dedupe.outcome import MatchKind
from b24app.dedupe.record import RecordType, Stage
from b24app.dedupe.rules import MistakeCode, Reveal, RuleSet
from b24app.dedupe.shared import SharedKind
from b24app.services.card.decisions import EXPIRIES_DAYS
from b24app.services.card.shown import Verdict
from b24app.services.notices.options import Happening
from b24app.services.pages.enquiries import ACTIONS
from b24app.services.pages.notice_settings import MEANS
from b24app.services.portal.parts import REASONS, Part
from b24app.services.webhooks.events import EventKind
from b24app.store.decisions import RejectReason
from b24app.store.effects import EffectState
from b24app.web.app import REFUSALS
from tests.web.audit_families import AUDIT_FAMILIES, AUDIT_JOURNAL

ROOT = Path(b24app.__file__).parent
TYPES = {record_type.word for record_type in RecordType}
RULES = set(RuleSet().to_dict())
KINDS = {kind.value for kind in SharedKind}
CODES = {
    code
    for path in sorted(ROOT.rglob("*.py"))
    for code in re.findall(r'Refused\("(\w+)", \d|super\(\).__init__\("(\w+)", \d', path.read_text())
    for code in code
    if code
} | {code for _, _, code in REFUSALS}
NOT_IN_THE_FORM = {MistakeCode.NOT_AN_OBJECT.value, MistakeCode.UNKNOWN_FIELD.value}
FAMILIES: dict[str, set[str]] = {
    **AUDIT_FAMILIES,
    "nav.": {"audit", "automation", "overview", "connections", "enquiries"},
    "type.": TYPES,
    "count.": TYPES,
    "pager.of_": TYPES,
    "row.untitled_": TYPES,
    "values.title_": TYPES | {"deal"},
    "value.": {"hub", "role", "weak"},
    "grade.": {grade.word for grade in Grade},
    "stage.": {stage.name.lower() for stage in Stage if stage is not Stage.NONE},
    "verdict.": {verdict.value for verdict in Verdict},
    "verdict_advice.": {verdict.value for verdict in Verdict} - {"found", "hidden"} | {"clear_but"},
    "reason.": {code.value for code in ReasonCode},
    "why.": {code.value for code in ReasonCode},
    "why_shared.": KINDS,
    "publishing_kind.": {kind.value for kind in MatchKind},
    "reject_reason.": {reason.value for reason in RejectReason},
    "reject_days.": {str(days) for days in EXPIRIES_DAYS},
    "pager.": {"previous", "next"},
    "shared.": KINDS | {"contact", "company", "receiver", "should_receive"},
    "shared_means.": {f"{kind}_{whose}" for kind in KINDS for whose in ("same", "different")},
    "shared_advice.": KINDS,
    "overview.running_": {"first", "full"},
    "key.": {"phone", "email", "weak_phone", "email_alias"},
    "setting.": RULES
    | {
        *AUDIT_JOURNAL,
        "enquiry",
        "enquiry_undone",
        "phone_fix",
        "enquiry_effect_undone",
        "sources",
        "api_key",
        "field.restored",
        "webhook",
        "webhook_secret",
        "notices",
        "publishing",
        "other",
    },
    "setting_hint.": {"region", "look_back_days", "least_grade", "hub_limit", "stop_list"},
    "least_grade.": {grade.word for grade in Grade},
    "reveal.": {reveal.value for reveal in Reveal},
    "changes.": {"when", "who", "what", "old", "new", "true", "false"},
    "keys_column.": {"name", "maker", "made", "used"},
    "keys_mistake.": {"empty", "too_long", "too_many", "other"},
    "notices_kind.": {kind.value for kind in Happening},
    "notices_means.": {f"{means}{part}" for means in MEANS for part in ("", "_what")},
    "notify.": {kind.value for kind in Happening},
    "webhooks_kind.": {kind.value for kind in EventKind},
    "webhooks_act.": {f"{act}{part}" for act in ("secret", "remove") for part in ("", "_what", "_now")},
    "webhooks_result.": {"ok", "http", "gone", "unreachable", "time_out", "inner_address"},
    "webhooks_mistake.": {
        "empty",
        "unreadable",
        "https_only",
        "user",
        "port",
        "inner",
        "too_long",
        "too_many",
        "empty_kinds",
        "other",
    },
    "part.": {part.value for part in Part},
    "part_off.": {*REASONS, "other"},
    "parts_column.": {"part", "state", "since", "advice"},
    "parts_state.": {"works", "off", "waits"},
    "parts_advice.": {"works", "waits"},
    "search.other_": {"contact", "company"},
    "install.part_": {"tabs", "events", "indexing"},
    "mistake.": {code.value for code in MistakeCode} - NOT_IN_THE_FORM | {"other"},
    "failure.": {"portal_busy", "access_denied", "other"},
    "notice.": {"users_unreadable", "deals_unreadable", "other"},
    "install_problem.": {"plan_refused", "other"},
    "refusal.": CODES - {"not_admin"} | {"not_found", "other"},
    "refusal_do.": CODES - {"not_admin"} | {"not_found", "other"},
    "enquiry_by.": {word.value for word in By},
    "enquiry_original.": {word.value for word in Original},
    "enquiry_action.": set(ACTIONS),
    "enquiry_field.": {"by", "originals", "actions", "look_back_days", "task_days", "move_to"},
    "enquiry_hint.": {"look_back_days", "task_days", "move_to"},
    "enquiry_mistake.": {f"{field}_empty" for field in ("by", "originals", "move_to")}
    | {
        f"{field}_{code}"
        for field in ("look_back_days", "task_days")
        for code in ("wrong_type", "out_of_range")
    }
    | {"move_to_unknown_choice", "other"},
    "enquiry_rule.": {*(word.value for word in By), BOTH},
    "effect_state.": {state.value for state in EffectState},
    "effect_reason.": set(REASONS) - {"refused", "field_misfit"}
    | {"gone", "not_accepted", "already_so", "changed_meanwhile", "other"},
}
