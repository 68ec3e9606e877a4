"""The app's texts in all its languages: catalogues read from ``locale/*/*.po``, plurals, placeholders."""

import io
from collections.abc import Callable, Mapping
from functools import cache, partial
from importlib.resources import files
from importlib.resources.abc import Traversable

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from babel.support import Translations
from markupsafe import Markup, escape

LANGUAGES = ("ru", "en")
READERS_OF_RUSSIAN = frozenset(
    {"ru", "kz", "by"}
)  # the platform's own map of virtual languages: main, UserConsent\Intl

Translate = Callable[..., Markup]
Say = Callable[..., str]


class UnknownText(Exception):
    """Somebody asks for a text that no catalogue has: a mistake in the app, never of its user."""


def language_of(code: str | None) -> str:
    """Return the catalogue's language for Bitrix24's LANG: ``kz`` and ``by`` read Russian, others English."""
    return "ru" if (code or "").strip().lower() in READERS_OF_RUSSIAN else "en"


@cache
def read_catalogue(language: str) -> Translations:
    """Return the texts of one language, compiled in memory: no generated file has to travel along.

    ``messages.po`` holds what all pages share and the plural rule; other files hold one topic each.
    """
    folder = files("b24app") / "locale" / language
    sources = sorted((path for path in folder.iterdir() if path.name.endswith(".po")), key=_by_topic)
    texts = _compiled(sources[0], language)
    for source in sources[1:]:
        texts.merge(_compiled(source, language))
    return texts


def _by_topic(source: Traversable) -> tuple[bool, str]:
    return source.name != "messages.po", source.name


def _compiled(source: Traversable, language: str) -> Translations:
    catalogue = read_po(io.BytesIO(source.read_bytes()), locale=language, abort_invalid=True)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translations(compiled)


def translator(language: str) -> Translate:
    """Return ``t(key, **values)`` of one language, for pages.

    Whole numbers get the language's separators; a value ``count`` chooses the plural form.
    """
    return partial(_translate, read_catalogue(language), Locale.parse(language))


def plain_translator(language: str) -> Say:
    """Return ``t(key, **values)`` whose texts are plain: for what is written into a portal, not for a page."""
    return partial(_spoken, read_catalogue(language), Locale.parse(language))


def _translate(catalogue: Translations, locale: Locale, key: str, /, **values: object) -> Markup:
    """Return the text of ``key`` with its values put in, escaped unless they are Markup."""
    text = escape(_text(catalogue, locale, key, values))
    return text.format(**{name: _spell(value, locale) for name, value in values.items()})


def _spoken(catalogue: Translations, locale: Locale, key: str, /, **values: object) -> str:
    text = _text(catalogue, locale, key, values)
    return text.format(**{name: _spell(value, locale) for name, value in values.items()})


def _text(catalogue: Translations, locale: Locale, key: str, values: Mapping[str, object]) -> str:
    """Return the text with its places still empty; ``count`` chooses the plural form."""
    count = values.get("count")
    text: str = catalogue.ungettext(key, key, count) if isinstance(count, int) else catalogue.ugettext(key)
    if text == key:
        raise UnknownText(f"no text {key!r} in {locale.language}")
    return text


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
