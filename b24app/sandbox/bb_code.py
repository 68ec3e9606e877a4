"""BB codes of comments, tasks and notifications, taken apart for a page: links, bold pieces, plain text.

Only ``[b]`` and ``[url]`` mean something here; other tags disappear and their text stays. A page prints the pieces
itself, so nothing a person typed becomes markup.
"""

import re
from dataclasses import dataclass

_TOKEN = re.compile(
    r"\[url=(?P<href>[^\]]+)\](?P<text>.*?)\[/url\]|\[b\](?P<bold>.*?)\[/b\]|\[/?[a-z*]+(?:=[^\]]*)?\]",
    re.IGNORECASE | re.DOTALL,
)
_SAFE = re.compile(r"^(?:https?://|/(?!/))", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text; ``href`` is empty unless it is a link to a page."""

    text: str
    href: str = ""
    is_bold: bool = False


def pieces_of(text: str) -> tuple[Piece, ...]:
    """Take a text apart, in order."""
    found: list[Piece] = []
    end = 0
    for token in _TOKEN.finditer(text):
        found.append(Piece(text[end : token.start()]))
        end = token.end()
        if token["href"] is not None:
            href = token["href"].strip()
            found.append(Piece(_bare(token["text"]), href if _SAFE.match(href) else ""))
        elif token["bold"] is not None:
            found.append(Piece(_bare(token["bold"]), is_bold=True))
    return tuple(piece for piece in (*found, Piece(text[end:])) if piece.text)


def _bare(text: str) -> str:
    return re.sub(r"\[/?[a-z*]+(?:=[^\]]*)?\]", "", text, flags=re.IGNORECASE)
