"""A desk to look from: a portal page that frames our sample pages under their real policy, and a visitor before it."""

import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

from playwright.sync_api import Browser, Frame, Page

import b24app
from b24app.web.templating import Pages
from tests.web.samples import every_page

STATIC = Path(b24app.__file__).parent / "static"
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
BX24 = """
window.calls = [];
window.BX24 = {
  init(done) { setTimeout(done, 0); },
  fitWindow() { window.calls.push(["fitWindow"]); },
  openPath(path) { window.calls.push(["openPath", path]); },
  installFinish() { window.calls.push(["installFinish"]); },
  placement: {
    call(command, params) { window.calls.push([command, params]); },
    bindEvent(name, handler) { window.choose = (data) => handler({ event: name, data }); },
  },
};
"""


class Desk:
    """A portal page that frames a sample, and the app's host with its real policy and static files."""

    def __init__(self) -> None:
        self.posts: list[tuple[str, dict[str, list[str]]]] = []
        self.answers: dict[str, tuple[int, str]] = {}
        self.portal = self._serve(self._portal_page)
        self.api = self._serve(lambda path: ("text/javascript", BX24, {}))
        self.pages = Pages(static_version="1", bx24_js_url=f"{self.api}/bx24.js")
        self.app = self._serve(self._app_page)

    def _serve(self, answer: object) -> str:
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, self, answer))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.__dict__.setdefault("servers", []).append(server)
        return f"http://127.0.0.1:{server.server_port}"

    def close(self) -> None:
        for server in self.__dict__["servers"]:
            server.shutdown()
            server.server_close()

    def render(self, language: str, name: str) -> str:
        template, values = every_page()[name]
        return self.pages.render(template, language=language, portal_origin=self.portal, **values)

    def _portal_page(self, path: str) -> tuple[str, str, dict[str, str]]:
        frame = f'<iframe src="{self.app}{path}" style="width:100%;height:2000px;border:0"></iframe>'
        html = f"<!doctype html><title>Portal</title><body style='margin:0'>{frame}"
        return "text/html; charset=utf-8", html, {}

    def _app_page(self, path: str) -> tuple[str, str, dict[str, str]]:
        if path.startswith("/static/"):
            file = STATIC / path.removeprefix("/static/")
            return TYPES[file.suffix], file.read_text(), {}
        policy = (
            f"default-src 'none'; script-src 'self' {self.api}; style-src 'self'; img-src 'self' data:; "
            f"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors {self.portal}"
        )
        _, language, name = path.split("/")
        return "text/html; charset=utf-8", self.render(language, name), {"Content-Security-Policy": policy}


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, desk: Desk, answer: object, *args: object) -> None:
        self.desk, self.answer = desk, answer
        super().__init__(*args)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        kind, body, headers = self.answer(self.path.partition("?")[0])  # type: ignore[operator]
        self._send(200, kind, body, headers)

    def do_POST(self) -> None:
        size = int(self.headers["Content-Length"])
        self.desk.posts.append((self.path, parse_qs(self.rfile.read(size).decode())))
        status, body = self.desk.answers[self.path]
        self._send(status, "text/html; charset=utf-8", body, {})

    def _send(self, status: int, kind: str, body: str, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *args: object) -> None:
        """Stay silent."""


class Visitor:
    """A person in front of the framed page, with everything the console complained about."""

    def __init__(self, browser: Browser, desk: Desk, *, width: int = 1280, scheme: str = "light") -> None:
        self.context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
        self.page: Page = self.context.new_page()
        self.desk = desk
        self.complaints: list[str] = []
        self.page.on(
            "console", lambda said: self.complaints.append(said.text) if said.type == "error" else None
        )
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def open(self, name: str, language: str = "en") -> Frame:
        self.page.goto(f"{self.desk.portal}/{language}/{name}")
        frame = self.page.frames[1]
        wait_until(frame, "window.calls !== undefined && window.calls.length > 0")
        return frame


def wait_until(frame: Frame, condition: str, seconds: float = 30) -> None:
    """Ask from outside: the page's policy forbids the evaluation that Playwright's own waiting needs."""
    for _ in range(int(seconds / 0.05)):
        if frame.evaluate(condition):
            return
        frame.page.wait_for_timeout(50)
    raise AssertionError(f"never came true: {condition}")


def calls(frame: Frame) -> list[list[str]]:
    return frame.evaluate("window.calls")
