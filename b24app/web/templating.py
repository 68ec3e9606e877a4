"""Templates: one Jinja environment per language, with the spelling of numbers and dates.

Texts come from ``texts.py``; what is shown is decided in ``services``.
"""

from datetime import UTC, datetime
from functools import partial

import phonenumbers
from babel import Locale
from babel.dates import format_date, format_datetime, format_skeleton, format_timedelta
from babel.numbers import format_decimal
from jinja2 import Environment, PackageLoader, StrictUndefined

from b24app.texts import LANGUAGES, teller, translator

MINUTE_S = 60


class Pages:
    """All pages of the app in all its languages."""

    def __init__(self, *, static_version: str, bx24_js_url: str) -> None:
        """Read templates and catalogues; ``static_version`` changes whenever a static file does."""
        shared = {"static_version": static_version, "bx24_js_url": bx24_js_url}
        self._environments = {language: _environment(language, shared) for language in LANGUAGES}

    def render(self, template: str, *, language: str, **values: object) -> str:
        """Return the page as HTML; ``language`` is one of ``LANGUAGES``."""
        return self._environments[language].get_template(template).render(**values)


def _environment(language: str, shared: dict[str, str]) -> Environment:
    locale = Locale.parse(language)
    environment = Environment(
        loader=PackageLoader("b24app", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(shared, language=language, regions=regions(locale))
    environment.globals.update(t=translator(language), tell=teller(language))
    environment.filters.update(
        number=partial(format_decimal, locale=locale),
        iso=iso_moment,
        day=partial(_day, locale),
        moment=partial(_moment, locale),
        duration=partial(_duration, locale),
        percent=percent,
        month=partial(_month, locale),
    )
    return environment


def regions(locale: Locale) -> tuple[tuple[str, str], ...]:
    """Return (country code, name) of every region that has a telephone plan, by name."""
    named = [(code, locale.territories.get(code, code)) for code in phonenumbers.SUPPORTED_REGIONS]
    return tuple(sorted(named, key=lambda region: region[1].casefold()))


def percent(done: int, total: int) -> int:
    """Return whole percents, rounded down: 100 only when all is done, 0 while the total is unknown."""
    return min(100, done * 100 // total) if total > 0 else 0


def iso_moment(at: float) -> str:
    """Return the moment for ``<time datetime>``; the script spells it in the reader's own zone."""
    return _utc(at).strftime("%Y-%m-%dT%H:%M:%SZ")


def _utc(at: float) -> datetime:
    return datetime.fromtimestamp(at, tz=UTC)


def _day(locale: Locale, at: float) -> str:
    return format_date(_utc(at), format="medium", locale=locale)


def _month(locale: Locale, text: str) -> str:
    """Return ``2026-03`` as a person says it."""
    return format_skeleton("yMMM", datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC), locale=locale)


def _moment(locale: Locale, at: float) -> str:
    return f"{format_datetime(_utc(at), format='short', locale=locale)} UTC"


def _duration(locale: Locale, seconds: float) -> str:
    """Return a rough length: never finer than a minute, so that it does not dance."""
    return format_timedelta(max(MINUTE_S, round(seconds)), granularity="minute", threshold=1.5, locale=locale)
