"""Forms of the audit's first page: what was typed becomes an order, a schedule, a list of people; or a mistake."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Final

from b24app.dedupe.rules import RuleMistake, RuleSet
from b24app.services.audit.pages.form_values import (
    AccessForm,
    HandForm,
    OrderForm,
    RulesForm,
    ScheduleForm,
    ScopeForm,
)
from b24app.services.audit.run.access import AuditAccess
from b24app.services.audit.run.orders import STAGE_WORDS, AuditScope, AuditTerms, OrderMistake
from b24app.services.audit.run.schedule import AuditSchedule, Every
from b24app.services.time_zones import DEFAULT_ZONE, known_zone, zone_of

Fields = Mapping[str, Sequence[str]]

NEVER: Final = "never"
YEARS: Final = range(1900, 3000)  # a slip of the keyboard is none


def read_order_form(fields: Fields) -> OrderForm:
    """Return the form as typed: a refused one is shown again with it."""
    return OrderForm(_one(fields, "name"), read_scope_form(fields))


def read_scope_form(fields: Fields) -> ScopeForm:
    """Return what the forms of a run and of the schedule have in common."""
    return ScopeForm(
        types=frozenset(fields.get("types", ())),
        stages=frozenset(fields.get("stages", ())),
        responsibles=_joined(fields, "responsibles"),
        responsibles_query=_one(fields, "responsibles_query"),
        departments=_joined(fields, "departments"),
        sources=_joined(fields, "sources"),
        created_from=_one(fields, "created_from"),
        created_to=_one(fields, "created_to"),
        budget=_one(fields, "budget"),
        from_hour=_one(fields, "from_hour"),
        to_hour=_one(fields, "to_hour"),
        time_zone=_zone(fields),
    )


def to_scope(form: ScopeForm) -> AuditScope:
    """Return whom the audit looks at; raises OrderMistake, which names the field."""
    zone = zone_of(form.time_zone)
    dates = ((form.created_from, "created_from"), (form.created_to, "created_to"))
    since, until = (_day(text, name, zone) for text, name in dates)
    return AuditScope.from_dict(
        {
            "types": sorted(form.types),
            "stages": sorted(form.stages),
            "responsibles": _people(form.responsibles, form.responsibles_query, "responsibles"),
            "departments": _ids(form.departments, "departments"),
            "sources": to_list(form.sources),
            "created_from": None if since is None else since.timestamp(),
            "created_to": None if until is None else _end(until),
        }
    )


def to_terms(form: ScopeForm, *, incremental: bool, told: Sequence[int] = ()) -> AuditTerms:
    """Return how the run works; raises OrderMistake."""
    hours = (form.from_hour, form.to_hour)
    window = [_whole(hour, "window") for hour in hours] if any(hours) else None
    return AuditTerms.from_dict(
        {
            "budget": _whole(form.budget, "budget"),
            "window": None if window is None else [*window, known_zone(form.time_zone)],
            "incremental": incremental,
            "told": list(told),
        }
    )


def read_schedule_form(fields: Fields) -> ScheduleForm:
    weekday = _one(fields, "weekday")
    return ScheduleForm(
        every=_one(fields, "every"),
        weekday=int(weekday) if weekday in map(str, range(7)) else 0,
        monthday=_one(fields, "monthday"),
        hour=_one(fields, "hour"),
        told=_joined(fields, "told"),
        told_query=_one(fields, "told_query"),
        scope=read_scope_form(fields),
    )


def to_schedule(form: ScheduleForm) -> AuditSchedule | None:
    """Return the schedule, or none; raises OrderMistake."""
    if form.every == NEVER:
        return None
    if form.every not in set(Every):
        raise OrderMistake("every")
    every = Every(form.every)
    days = {Every.DAY: 0, Every.WEEK: form.weekday}
    return AuditSchedule(
        every=every,
        zone=known_zone(form.scope.time_zone),
        hour=_whole(form.hour, "hour"),
        day=days[every] if every in days else _whole(form.monthday, "monthday"),
        scope=to_scope(form.scope),
        terms=to_terms(form.scope, incremental=True, told=_people(form.told, form.told_query, "told")),
    )


def shown_schedule(schedule: AuditSchedule | None) -> ScheduleForm:
    """Return a kept schedule as its form shows it."""
    if schedule is None:
        return ScheduleForm()
    return ScheduleForm(
        every=schedule.every.value,
        weekday=schedule.day if schedule.every is Every.WEEK else 0,
        monthday=str(schedule.day if schedule.every is Every.MONTH else 1),
        hour=str(schedule.hour),
        told=_typed(schedule.terms.told),
        scope=_shown_scope(schedule.scope, schedule.terms, schedule.zone),
    )


def _shown_scope(scope: AuditScope, terms: AuditTerms, zone: str) -> ScopeForm:
    window = terms.window
    return ScopeForm(
        types=frozenset(each.word for each in scope.types),
        stages=frozenset(word for word, stage in STAGE_WORDS.items() if stage in scope.stages),
        responsibles=_typed(scope.responsibles),
        departments=_typed(scope.departments),
        sources=", ".join(sorted(scope.sources)),
        created_from=to_day(scope.created_from, zone),
        created_to=to_day(scope.created_to, zone),
        budget=str(terms.budget),
        from_hour="" if window is None else str(window.from_hour),
        to_hour="" if window is None else str(window.to_hour),
        time_zone=zone,
    )


def read_access_form(fields: Fields) -> AccessForm:
    return AccessForm(
        _joined(fields, "people"), _joined(fields, "named_departments"), _one(fields, "people_query")
    )


def to_access(form: AccessForm) -> AuditAccess:
    """Return who may see audits; raises OrderMistake."""
    people = _people(form.people, form.people_query, "people")
    departments = _ids(form.departments, "departments")
    return AuditAccess.from_dict({"people": people, "departments": departments})


def shown_access(access: AuditAccess) -> AccessForm:
    return AccessForm(_typed(access.people), _typed(access.departments))


def shown_rules(rules: RuleSet) -> RulesForm:
    """Return the rules that may be tried, as they are."""
    return RulesForm(
        hub_limit=str(rules.hub_limit),
        look_back_days=str(rules.look_back_days),
        types=frozenset(record_type.word for record_type in rules.types),
        include_closed=rules.include_closed,
        email_aliases=rules.email_aliases,
    )


def read_rules_form(fields: Fields) -> RulesForm:
    return RulesForm(
        hub_limit=_one(fields, "hub_limit"),
        look_back_days=_one(fields, "look_back_days"),
        types=frozenset(fields.get("types", ())),
        include_closed=bool(fields.get("include_closed")),
        email_aliases=bool(fields.get("email_aliases")),
    )


def to_rules(form: RulesForm, rules: RuleSet) -> RuleSet:
    """Return the portal's rules with what the form changes; raises OrderMistake."""
    changed = {
        "hub_limit": _whole(form.hub_limit, "hub_limit"),
        "look_back_days": _whole(form.look_back_days, "look_back_days"),
        "types": sorted(form.types),
        "include_closed": form.include_closed,
        "email_aliases": form.email_aliases,
    }
    try:
        return RuleSet.from_dict({**rules.to_dict(), **changed})
    except RuleMistake as mistake:
        raise OrderMistake(mistake.field) from mistake


def to_moment(text: str, field: str) -> float | None:
    """Return the end of a day, ``2026-03-31``, in UTC; None for an empty one; raises OrderMistake."""
    day = _day(text, field, UTC)
    return None if day is None else _end(day)


def to_day(at: float | None, zone: str = DEFAULT_ZONE) -> str:
    """Return a moment's day, ``2026-03-31``; "" for none."""
    return "" if at is None else datetime.fromtimestamp(at, zone_of(zone)).strftime("%Y-%m-%d")


def read_hand_form(fields: Fields) -> HandForm:
    return HandForm(_one(fields, "user"), _one(fields, "due"), _one(fields, "user_query"))


def _one(fields: Fields, name: str) -> str:
    values = fields.get(name, ())
    return values[0].strip() if values else ""


def _joined(fields: Fields, name: str) -> str:
    """Return the values of boxes that are ticked, or of a text in their place, as one text."""
    return ", ".join(part for value in fields.get(name, ()) for part in to_list(value))


def to_list(text: str) -> list[str]:
    """Return what stands between commas, each once."""
    parts = (part.strip() for part in text.replace(";", ",").split(","))
    return list(dict.fromkeys(part for part in parts if part))


def _people(text: str, query: str, field: str) -> list[int]:
    """Return who is chosen; raises OrderMistake when somebody was looked for and nobody chosen."""
    if query and not to_list(text):
        raise OrderMistake(field)
    return _ids(text, field)


def _ids(text: str, field: str) -> list[int]:
    return [_whole(part, field) for part in to_list(text)]


def _whole(text: str, field: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 15:
        raise OrderMistake(field)
    return int(text)


def _day(text: str, field: str, zone: tzinfo) -> datetime | None:
    if not text:
        return None
    try:
        day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=zone)
    except ValueError as error:
        raise OrderMistake(field) from error
    if day.year not in YEARS:
        raise OrderMistake(field)
    return day


def _end(day: datetime) -> float:
    """Return the last second of a day, which may have 23 or 25 hours."""
    return day.replace(hour=23, minute=59, second=59).timestamp()


def _zone(fields: Fields) -> str:
    """Return the time zone a form was filled in, as far as it is known here."""
    name = _one(fields, "time_zone")
    return name and known_zone(name)


def _typed(ids: Iterable[int]) -> str:
    return ", ".join(map(str, sorted(ids)))
