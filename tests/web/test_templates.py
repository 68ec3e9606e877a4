"""Every page with every sample in both languages: complete, escaped, without inline script or style."""

import re
from html.parser import HTMLParser

import pytest

from b24app.texts import LANGUAGES, language_of
from b24app.web.templating import Pages, percent
from tests.web.samples import CARDS, LEAD_ROWS, PORTAL_ORIGIN, SCRIPT, every_page

PAGES = Pages(static_version="7", bx24_js_url="https://api.example/bx24.js")
EVERY = [(language, name) for language in LANGUAGES for name in every_page()]
VOID = {"meta", "link", "input", "path", "img", "br"}


class Outline(HTMLParser):
    """The elements of a page with their attributes, and which were left open."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def rendered(name: str, language: str = "en") -> str:
    template, values = every_page()[name]
    return PAGES.render(template, language=language, portal_origin=PORTAL_ORIGIN, **values)


def outline(name: str, language: str = "en") -> Outline:
    return Outline(rendered(name, language))


@pytest.mark.parametrize(("language", "name"), EVERY)
def test_a_page_is_whole_and_in_its_language(language: str, name: str) -> None:
    page = outline(name, language)

    assert page.open == []
    assert page.all("html") == [{"lang": language}]
    assert len(page.all("h1")) == 1
    assert page.text.strip()


@pytest.mark.parametrize(("language", "name"), EVERY)
def test_a_page_has_no_inline_script_style_or_handler(language: str, name: str) -> None:
    page = outline(name, language)

    assert not page.all("style")
    assert all(script["src"] for script in page.all("script"))
    written = {attribute for _, attributes in page.elements for attribute in attributes}
    assert not {name for name in written if name == "style" or name.startswith("on")}


@pytest.mark.parametrize(("language", "name"), EVERY)
def test_what_a_person_typed_stays_text(language: str, name: str) -> None:
    html = rendered(name, language)

    assert SCRIPT not in html
    assert "onerror=alert(2)>" not in html


@pytest.mark.parametrize(("language", "name"), EVERY)
def test_names_within_a_page_are_unique_and_referred_to(language: str, name: str) -> None:
    page = outline(name, language)
    names = [attributes["id"] for _, attributes in page.elements if "id" in attributes]

    referred = {
        target
        for _, attributes in page.elements
        for attribute in ("aria-labelledby", "aria-describedby", "for")
        for target in (attributes.get(attribute) or "").split()
    }

    assert len(names) == len(set(names))
    assert referred <= set(names)


def test_hostile_titles_are_shown_as_they_were_typed() -> None:
    assert SCRIPT in outline("card_found").text


def test_a_match_is_a_real_link_that_the_slider_can_open() -> None:
    links = outline("card_found").all("a")

    wanted = {
        "class": "row__title",
        "href": "https://portal.example/crm/lead/details/12/",
        "data-open-path": "/crm/lead/details/12/",
        "target": "_blank",
        "rel": "noopener",
    }
    assert wanted in links


def test_a_row_tells_reason_spelling_grade_responsible_stage_and_date() -> None:
    text = re.sub(r"\s+", " ", outline("card_found").text)

    row = text[text.index(LEAD_ROWS[1].title) : text.index("Lead No. 14")]
    assert "Same phone +7 912 345-67-89 written here as “8(912)3456789 доб. 9”, ext. 9 dropped" in row
    assert "different extensions: 5 and 9" in row
    assert "Bitrix24 would miss it" in row
    assert "Responsible: Борис Ким Stage: Качественный лид Won Created: Feb 12, 2026" in row


def test_own_values_show_how_they_are_read() -> None:
    text = re.sub(r"\s+", " ", outline("card_found", "ru").text)

    assert "8 (912) 345-67-89 доб. 5 → +7 912 345-67-89 Добавочный 5 отброшен" in text


def test_only_the_verdict_without_matches_in_a_whole_index_says_that_there_are_none() -> None:
    said = {name: outline(f"card_{name}").text for name in CARDS}

    assert {name for name, text in said.items() if "No duplicates" in text} == {"clear"}
    assert "40% (4,938 of 12,345), more may be found" in said["checking"]


def test_a_hub_shows_its_true_total_and_its_pages() -> None:
    page = outline("card_hub")

    assert "5,000 weak matches found" in page.text
    assert "Page 3 of 250" in page.text
    turned = [field["value"] for field in page.all("input") if field["name"] == "page"]
    assert turned == ["2", "4"]


def test_hidden_matches_show_who_is_responsible_and_nothing_else() -> None:
    page = outline("card_hidden")

    assert "Анна Соколова, Борис Ким." in re.sub(r"\s+", " ", page.text)
    assert not page.all("a")


def test_hidden_matches_may_show_no_more_than_that_they_exist() -> None:
    page = outline("card_hidden_existence")

    assert "There are matches in records you have no access to" in page.text
    assert "Ким" not in page.text
    assert not page.all("a")


def test_an_alarm_names_receiver_storage_and_who_should() -> None:
    text = re.sub(r"\s+", " ", outline("card_alarm").text)

    assert "The next call or letter goes to Петрова Анна Сергеевна · Анна Соколова" in text
    assert "It is stored in ООО «Ромашка»" in text
    assert "It should go to ООО «Ромашка» · Анна Соколова" in text


def test_every_form_carries_the_page_token() -> None:
    for name in ("card_found", "card_hub", "overview_running"):
        page = outline(name)

        tokens = [field for field in page.all("input") if field["name"] == "page_token"]
        assert len(tokens) == len(page.all("form")) > 0
        assert {field["value"] for field in tokens} == {"token-of-the-page"}
        assert {form["method"] for form in page.all("form")} == {"post"}


def test_a_deal_has_no_pair_to_reject() -> None:
    actions = {form["action"] for form in outline("card_deal").all("form")}

    assert actions == {"/widget/check"}


def test_a_manager_sees_the_state_and_no_rules() -> None:
    page = outline("overview_manager")

    assert not page.all("textarea")
    assert "84,120" not in page.text


def test_the_page_refreshes_itself_only_while_indexing_runs() -> None:
    refreshing = {
        name for name in every_page() if any("data-refresh" in form for form in outline(name).all("form"))
    }

    assert refreshing == {
        "overview_running",
        "overview_comparing",
        "audit_running",
        "audit_live",
        "audit_report_full",
    }


def test_a_mistake_is_told_at_its_field() -> None:
    area = next(field for field in outline("overview_mistaken").all("textarea"))

    assert area["aria-invalid"] == "true"
    assert area["aria-describedby"] == "mistake-stop_list hint-stop_list"


def test_only_a_finished_installation_is_reported_to_the_portal() -> None:
    finishing = {
        name for name in every_page() if any("data-install-finish" in it for _, it in outline(name).elements)
    }

    assert finishing == {"installed", "installed_partly"}


def test_the_plain_page_loads_nothing_of_the_portal() -> None:
    assert not outline("about").all("script")


def test_times_are_in_utc_for_readers_without_script() -> None:
    page = outline("card_clear")

    assert page.all("time") == [{"datetime": "2026-02-25T06:13:15Z", "data-ago": None}]
    assert "UTC" in page.text


@pytest.mark.parametrize(
    ("code", "language"),
    [
        ("ru", "ru"),
        ("kz", "ru"),
        ("by", "ru"),
        ("RU", "ru"),
        ("en", "en"),
        ("ua", "en"),
        ("", "en"),
        (None, "en"),
    ],
)
def test_the_portals_language_chooses_ours(code: str | None, language: str) -> None:
    assert language_of(code) == language


@pytest.mark.parametrize(
    ("done", "total", "shown"), [(0, 0, 0), (1, 3, 33), (999, 1000, 99), (5, 5, 100), (7, 5, 100)]
)
def test_hundred_percent_is_said_only_of_everything(done: int, total: int, shown: int) -> None:
    assert percent(done, total) == shown
