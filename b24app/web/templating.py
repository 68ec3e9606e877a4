"""Templates and texts: one Jinja environment per language, catalogues read from ``locale/*.po`` at start.

Owns language, escaping and the spelling of numbers and dates; what is shown is decided in ``services``.
"""

import io
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from importlib.resources import files

import phonenumbers
from babel import Locale
from babel.dates import format_date, format_datetime, format_timedelta
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from babel.support import Translations
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

LANGUAGES = ("ru", "en")
READERS_OF_RUSSIAN = frozenset(
    {"ru", "kz", "by"}
)  # the platform's own map of virtual languages: main, UserConsent\Intl
MINUTE_S = 60

Translate = Callable[..., Markup]


class UnknownText(Exception):
    """A template asks for a text that no catalogue has: a mistake in the app, never of its user."""


def language_of(code: str | None) -> str:
    """Return the catalogue's language for Bitrix24's LANG: ``kz`` and ``by`` read Russian, others English."""
    return "ru" if (code or "").strip().lower() in READERS_OF_RUSSIAN else "en"


class Pages:
    """All pages of the app in all its languages."""

    def __init__(self, *, static_version: str, bx24_js_url: str) -> None:
        """Read templates and catalogues; ``static_version`` changes whenever a static file does."""
        shared = {"static_version": static_version, "bx24_js_url": bx24_js_url}
        self._environments = {language: _environment(language, shared) for language in LANGUAGES}

    def render(self, template: str, *, language: str, **values: object) -> str:
        """Return the page as HTML; ``language`` is one of ``LANGUAGES``."""
        return self._environments[language].get_template(template).render(**values)


def read_catalogue(language: str) -> Translations:
    """Return the texts of one language, compiled in memory: no generated file has to travel along."""
    source = files("b24app") / "locale" / language / "messages.po"
    catalogue = read_po(io.BytesIO(source.read_bytes()), locale=language, abort_invalid=True)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translations(compiled)


def translator(language: str) -> Translate:
    """Return ``t(key, **values)`` of one language."""
    return partial(_translate, read_catalogue(language), Locale.parse(language))


def _translate(catalogue: Translations, locale: Locale, key: str, /, **values: object) -> Markup:
    """Return the text of ``key`` with its values put in; ``count`` chooses the plural form.

    Values are escaped unless they are Markup; whole numbers get the language's separators.
    """
    count = values.get("count")
    text = catalogue.ungettext(key, key, count) if isinstance(count, int) else catalogue.ugettext(key)
    if text == key:
        raise UnknownText(f"no text {key!r} in {locale.language}")
    return escape(text).format(**{name: _spell(value, locale) for name, value in values.items()})


def teller(language: str) -> Callable[[str, str], Markup]:
    """Return ``tell(family, code)``: the text of a code, or the family's ``other``, which names the code.

    For codes that may come from outside of this app; a page that explains a failure must not fail itself.
    """
    catalogue, t = read_catalogue(language), translator(language)

    def tell(family: str, code: str) -> Markup:
        key = f"{family}.{code}"
        return t(key) if catalogue.ugettext(key) != key else t(f"{family}.other", code=code)

    return tell


def _spell(value: object, locale: Locale) -> object:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return format_decimal(value, locale=locale) if is_number else value  # type: ignore[arg-type]


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


def _moment(locale: Locale, at: float) -> str:
    return f"{format_datetime(_utc(at), format='short', locale=locale)} UTC"


def _duration(locale: Locale, seconds: float) -> str:
    """Return a rough length: never finer than a minute, so that it does not dance."""
    return format_timedelta(max(MINUTE_S, round(seconds)), granularity="minute", threshold=1.5, locale=locale)
