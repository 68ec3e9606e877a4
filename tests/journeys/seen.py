"""What a person sees on our pages: the HTML of an answer, read as data. Knows class names, no product code."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from html.parser import HTMLParser
from xml.etree.ElementTree import Element, TreeBuilder

VOID = frozenset({"meta", "link", "input", "br", "img", "hr"})
PATH = re.compile(r"/crm/(lead|contact|company|deal)/details/(\d+)/")

Ref = tuple[str, int]  # ("lead", 101)


class _Reader(HTMLParser):
    """Builds a tree of a page; a page that is not well nested is a mistake."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._builder = TreeBuilder()
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._builder.start(tag, {name: value or "" for name, value in attrs})
        if tag in VOID:
            self._builder.end(tag)
        else:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._builder.start(tag, {name: value or "" for name, value in attrs})
        self._builder.end(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag, f"</{tag}> closes something else"
        self._builder.end(tag)

    def handle_data(self, data: str) -> None:
        self._builder.data(data)

    def tree(self, html: str) -> Element:
        self.feed(html.strip())
        return self._builder.close()


@dataclass(frozen=True)
class SeenRow:
    """One record as a row of a section tells it."""

    ref: Ref
    title: str
    grade: str  # the badge's modifier: exact, likely, possible, weak; empty for relatives
    text: str


class SeenPage:
    """One answer of the app."""

    def __init__(self, html: str) -> None:
        self.html = html
        self.root = _Reader().tree(html)

    @cached_property
    def text(self) -> str:
        """Everything that can be read, with single spaces."""
        return spoken(self.root)

    @property
    def verdict(self) -> str:
        return spoken(self._first("h1", "verdict__title"))

    @property
    def refusal(self) -> str:
        """The code of a refusal; empty on any other page."""
        codes = list(self._all("notice__code"))
        return spoken(codes[0]).split(": ")[1] if codes else ""

    @property
    def token(self) -> str:
        return next(
            node.attrib["value"] for node in self.root.iter("input") if node.get("name") == "page_token"
        )

    @property
    def refs(self) -> set[Ref]:
        """Every record named anywhere: links, forms, text."""
        return {(word, int(number)) for word, number in PATH.findall(self.html)} | {
            parse_ref(node.attrib["value"]) for node in self.root.iter("input") if node.get("name") == "ref"
        }

    def section(self, word: str) -> Element | None:
        """Return the section of matches of one type."""
        return self._labelled(f"section-{word}")

    def total(self, word: str) -> int:
        """Return the total a section claims; 0 without a section."""
        section = self.section(word)
        if section is None:
            return 0
        return int(re.sub(r"\D", "", spoken(next(_with_class(section, "count")))))

    def rows(self, word: str) -> list[SeenRow]:
        section = self.section(word)
        return [] if section is None else [_row(node) for node in _with_class(section, "row")]

    def matches(self) -> dict[Ref, SeenRow]:
        """Return the rows of all three sections on this page."""
        return {row.ref: row for word in ("lead", "contact", "company") for row in self.rows(word)}

    def relatives(self) -> list[Ref]:
        place = self._labelled("relatives-title")
        return [] if place is None else [_row(node).ref for node in _with_class(place, "row")]

    def rejected(self) -> list[Ref]:
        boxes = [node for node in self.root.iter("details") if node.get("data-keep") == "rejected"]
        return [_row(node).ref for box in boxes for node in _with_class(box, "row")]

    def page_count(self, word: str) -> int:
        section = self.section(word)
        texts = [] if section is None else [spoken(node) for node in _with_class(section, "pager__text")]
        return int(re.sub(r"\D", "", texts[0].split()[-1])) if texts else 1

    def alerts(self) -> list[Element]:
        return list(self._all("alert__body"))

    def form(self, action: str) -> dict[str, list[str]]:
        """Return what a browser would send when the first form with this action is submitted untouched."""
        forms = [node for node in self.root.iter("form") if node.get("action") == action]
        sent: dict[str, list[str]] = {}
        for node in forms[0].iter() if forms else ():
            if (name := node.get("name")) and (value := _entered(node)) is not None:
                sent.setdefault(name, []).append(value)
        return sent

    def field(self, name: str) -> str:
        """Return the value a field of the settings has now; empty when it is not there."""
        return "\n".join(self.form("/settings").get(name, []))

    def _labelled(self, name: str) -> Element | None:
        return next((node for node in self.root.iter("section") if node.get("aria-labelledby") == name), None)

    def _first(self, tag: str, class_name: str) -> Element:
        return next(node for node in self._all(class_name) if node.tag == tag)

    def _all(self, class_name: str) -> Iterator[Element]:
        return _with_class(self.root, class_name)


def _entered(field: Element) -> str | None:
    """Return the value of a field, or None when it would not be sent."""
    if field.tag == "select":
        return next(option.attrib["value"] for option in field.iter("option") if "selected" in option.attrib)
    if field.tag == "textarea":
        return "".join(field.itertext())
    is_box = field.get("type") in ("checkbox", "radio")
    return None if is_box and "checked" not in field.attrib else field.get("value", "")


def spoken(node: Element) -> str:
    """Return a node's text with single spaces."""
    return " ".join("".join(node.itertext()).split())


def parse_ref(text: str) -> Ref:
    word, _, number = text.partition(":")
    return word, int(number)


def _with_class(node: Element, class_name: str) -> Iterator[Element]:
    return (each for each in node.iter() if class_name in each.get("class", "").split())


def _row(node: Element) -> SeenRow:
    link = next(_with_class(node, "row__title"))
    found = PATH.search(link.attrib["href"])
    assert found is not None
    badges = [each.attrib["class"] for each in _with_class(node, "badge")]
    return SeenRow(
        ref=(found[1], int(found[2])),
        title=spoken(link),
        grade=badges[0].rpartition("_")[2] if badges else "",
        text=spoken(node),
    )
