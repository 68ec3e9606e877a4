"""What the portal's page POSTs into a frame of the application: part in the address, part in the form.

Names and casing: documentation, widgets/_includes/widget_data. PLACEMENT_OPTIONS is JSON text and absent
when empty.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from secrets import token_hex
from urllib.parse import urlencode

import orjson

from b24app.sandbox.wire import Json


@dataclass(frozen=True, slots=True)
class FramePost:
    """One opening of a frame: the address with its query, and the form's fields."""

    url: str
    form: Mapping[str, str]


def frame_post(
    handler: str,
    *,
    domain: str,
    scheme: str,
    language: str,
    form: Mapping[str, str],
    options: Mapping[str, Json],
) -> FramePost:
    """Put the parts together; a handler's own query is kept."""
    query = urlencode(
        {
            "DOMAIN": domain,
            "PROTOCOL": "1" if scheme == "https" else "0",
            "LANG": language,
            "APP_SID": token_hex(16),
        }
    )
    fields = dict(form)
    if options:
        fields["PLACEMENT_OPTIONS"] = orjson.dumps(options).decode()
    return FramePost(f"{handler}{'&' if '?' in handler else '?'}{query}", fields)
