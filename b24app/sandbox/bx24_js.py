"""The stand-in for BX24.js, served at ``/bx24.js``: the documented calls the application uses.

The script speaks with the portal's page by messages; the page's side is ``static/sandbox/frames.js``.
"""

from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

PATH = "/bx24.js"


def script_routes() -> list[Route]:
    """Return the routes of the script; the application may load it from any portal."""
    source = (files("b24app") / "static" / "sandbox" / "bx24.js").read_bytes()

    async def script(request: Request) -> Response:
        return Response(source, media_type="text/javascript", headers={"Cache-Control": "no-cache"})

    return [Route(PATH, script), Route(f"{PATH}/", script)]
