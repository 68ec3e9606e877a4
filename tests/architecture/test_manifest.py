"""What is registered in a portal and what the app answers are the same list."""

import re
from pathlib import Path

import b24app
from b24app.bootstrap import read_manifest
from b24app.web import pages, portal_calls, robots, search, widget

SOURCE = Path(b24app.__file__).parent
PORTAL_ROUTERS = (widget.router, portal_calls.router, robots.router, search.router)
OWN_PAGES = frozenset({"/widget/check", "/widget/page", "/widget/reject", "/widget/undo"})


def _paths(*routers: object) -> set[str]:
    return {route.path for router in routers for route in router.routes}  # type: ignore[attr-defined]


def test_every_handler_in_the_manifest_is_a_route():
    assert read_manifest().handlers() <= _paths(*PORTAL_ROUTERS)


def test_every_route_a_portal_may_call_is_in_the_manifest():
    assert _paths(*PORTAL_ROUTERS) - OWN_PAGES == read_manifest().handlers()


def test_the_portal_can_open_the_app_and_its_installer():
    assert {"/", "/install"} <= _paths(pages.router)


def test_rest_methods_are_named_in_one_place():
    named = re.compile(r"[\"'](?:crm|user|event|placement|bizproc|im|profile)\.[a-z.]+[\"']")
    allowed = {SOURCE / "bitrix24" / f"{name}.py" for name in ("methods", "acting", "registering", "calls")}

    elsewhere = [
        str(path.relative_to(SOURCE))
        for path in SOURCE.rglob("*.py")
        if path not in allowed
        and "sandbox" not in path.parts
        and named.search(path.read_text(encoding="utf-8"))
    ]

    assert elsewhere == []
