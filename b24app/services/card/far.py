"""Paging through records that share only hub values: exact totals, and only the rows that a page shows. Pure."""

from collections.abc import Iterable, Mapping, Sequence

from b24app.dedupe.record import RecordType
from b24app.services.card.reading import ROWS, FarPage, LiveView
from b24app.services.indexing.records import LiveRecord

PAGE_ROWS = 20  # rows of one section on the tab


def page_count(total: int) -> int:
    """Return how many pages a section has; one when it is empty."""
    return max(1, -(-total // PAGE_ROWS))


def page_window(page: int, total: int) -> range:
    """Return the places (from 0) of the rows on a page; a page beyond the last is the last."""
    shown = min(page, page_count(total)) - 1
    return range(shown * PAGE_ROWS, min(total, (shown + 1) * PAGE_ROWS))


def far_total(view: LiveView, pages: Iterable[FarPage], record_type: RecordType) -> int:
    """Return how many of the hub's records of a type the viewer may read, as the portal counted them."""
    return sum(view.far_totals.get(page.key, 0) for page in _slices(pages, record_type))


def missing_pages(
    view: LiveView,
    pages: Sequence[FarPage],
    near_counts: Mapping[RecordType, int],
    wanted: Mapping[str, int],
) -> list[FarPage]:
    """Return the portal's pages that the wanted page of a section needs and that have not been read."""
    missing = []
    for record_type in RecordType:
        near = near_counts.get(record_type, 0)
        window = page_window(wanted.get(record_type.word, 1), near + far_total(view, pages, record_type))
        for place in window:
            needed = _page_of(view, pages, record_type, place - near) if place >= near else None
            if needed and needed.key not in view.far_rows and needed not in missing:
                missing.append(needed)
    return missing


def far_rows(
    view: LiveView, pages: Sequence[FarPage], record_type: RecordType, places: Iterable[int]
) -> list[LiveRecord]:
    """Return the rows at these places; a row that went away since it was counted is left out."""
    found = []
    for place in places:
        page = _page_of(view, pages, record_type, place)
        if page is None:
            continue
        rows = view.far_rows.get(page.key, ())
        offset = _offset(view, pages, record_type, page)
        if 0 <= place - offset < len(rows):
            found.append(rows[place - offset])
    return found


def _slices(pages: Iterable[FarPage], record_type: RecordType) -> list[FarPage]:
    return [page for page in pages if page.type is record_type and page.start == 0]


def _page_of(view: LiveView, pages: Sequence[FarPage], record_type: RecordType, place: int) -> FarPage | None:
    """Return the portal's page on which the record at ``place`` (among readable ones) stands."""
    for part in _slices(pages, record_type):
        total = view.far_totals.get(part.key, 0)
        if place < total:
            return FarPage(record_type, part.ids, place // ROWS * ROWS)
        place -= total
    return None


def _offset(view: LiveView, pages: Sequence[FarPage], record_type: RecordType, page: FarPage) -> int:
    before = 0
    for part in _slices(pages, record_type):
        if part.ids == page.ids:
            break
        before += view.far_totals.get(part.key, 0)
    return before + page.start
