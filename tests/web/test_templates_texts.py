"""The catalogues: complete in both languages, nothing unused, plurals, loud about unknown keys."""

import re
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.pofile import read_po

from b24app.dedupe.shared import Severity
from b24app.services.card.shown import Verdict
from b24app.texts import LANGUAGES, UnknownText, teller, translator
from tests.web.samples import CARDS
from tests.web.text_families import FAMILIES, ROOT

TEMPLATES = [path for path in sorted((ROOT / "templates").rglob("*.html")) if "sandbox" not in path.parts]
SOURCE = "\n".join(path.read_text() for path in TEMPLATES)
SPOKEN = "\n".join(path.read_text() for path in sorted((ROOT / "services").rglob("*.py")))


def messages(language: str) -> dict[str, list[str]]:
    return {
        key: text
        for source in sorted((ROOT / "locale" / language).glob("*.po"))
        for key, text in _texts_of(source, language).items()
    }


def _texts_of(source: Path, language: str) -> dict[str, list[str]]:
    with source.open("rb") as file:
        catalogue = read_po(file, locale=language, abort_invalid=True)
    return {
        message.id if isinstance(message.id, str) else message.id[0]: (
            [message.string] if isinstance(message.string, str) else list(message.string)
        )
        for message in catalogue
        if message.id
    }


def used_keys() -> set[str]:
    literal = set(re.findall(r'\bt\(\s*"([\w.]+)"[,)]', SOURCE + SPOKEN))
    return literal | {prefix + member for prefix, members in FAMILIES.items() for member in members}


def placeholders(texts: list[str]) -> set[str]:
    return {name for text in texts for _, name, _, _ in Formatter().parse(text) if name}


def test_every_family_of_texts_is_known_here() -> None:
    asked = set(re.findall(r'\bt\("([\w.]+)" ~', SOURCE))
    told = {f"{family}." for family in re.findall(r'\btell\("(\w+)"', SOURCE)}
    spoken = set(re.findall(r'\bt\(\s*f"([\w.]+)\{', SPOKEN))

    assert asked | told | spoken == set(FAMILIES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalogue_has_every_text_that_is_used_and_no_other(language: str) -> None:
    assert set(messages(language)) == used_keys()


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_empty(language: str) -> None:
    assert not [key for key, texts in messages(language).items() if not all(text.strip() for text in texts)]


def test_both_languages_say_the_same_values() -> None:
    russian, english = messages("ru"), messages("en")

    assert not [key for key in russian if placeholders(russian[key]) != placeholders(english[key])]


def test_both_languages_have_plurals_of_the_same_texts() -> None:
    russian, english = messages("ru"), messages("en")

    assert {key for key in russian if len(russian[key]) == 3} == {
        key for key in english if len(english[key]) == 2
    }


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (1, "Найдено 1 совпадение"),
        (2, "Найдено 2 совпадения"),
        (5, "Найдено 5 совпадений"),
        (11, "Найдено 11 совпадений"),
        (21, "Найдено 21 совпадение"),
        (5000, "Найдено 5\xa0000 совпадений"),
    ],
)
def test_russian_counts_as_russian_does(count: int, text: str) -> None:
    assert translator("ru")("verdict.found", count=count) == text


@pytest.mark.parametrize(
    ("count", "text"), [(1, "1 match found"), (2, "2 matches found"), (5000, "5,000 matches found")]
)
def test_english_counts_as_english_does(count: int, text: str) -> None:
    assert translator("en")("verdict.found", count=count) == text


def test_an_unknown_text_is_an_error() -> None:
    with pytest.raises(UnknownText, match=r"card\.nonsense"):
        translator("en")("card.nonsense")


def test_a_missing_value_is_an_error() -> None:
    with pytest.raises(KeyError):
        translator("en")("pager.page", page=1)


def test_values_are_escaped_within_a_text() -> None:
    assert translator("en")("reason.written", raw="<b>") == "written here as “&lt;b&gt;”"


def test_a_code_from_outside_is_told_by_its_name() -> None:
    tell = teller("en")

    assert tell("mistake", "empty") == "Choose at least one type."
    assert tell("mistake", "brand_new") == "This value can’t be used (brand_new). Change it."


def test_the_samples_show_every_verdict_and_severity() -> None:
    assert {card.verdict for card in CARDS.values()} == set(Verdict)
    assert {note.severity for card in CARDS.values() for note in card.shared} == set(Severity)
