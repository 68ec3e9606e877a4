"""Writes cassettes/*.yaml: the REST documentation's own answers, one file per method and kind.

    python tests/samples/make_cassettes.py PATH/contract.json

``contract.json`` is the mechanical extract of the documentation (bitrix24/b24restdocs, MIT). Whatever in
its samples might belong to a real person or company is replaced by invented values.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

import yaml

from b24app.bitrix24.catalogue import METHODS

PORTAL = "https://acme.bitrix24.example/rest/"
OAUTH = "https://oauth.bitrix.example/oauth/token/"
FOLDER = Path(__file__).parent / "cassettes"
PARAMETERS = Path(__file__).parent / "parameters.json"

_INVENTED = {
    "NAME": "Vera",
    "LAST_NAME": "Samplova",
    "SECOND_NAME": "Demo",
    "ADDRESS": "1 Sample Street",
    "BANKING_DETAILS": "0000000000",
    "COMPANY_TITLE": "Sample Company",
    "CODE": "sample.app",
    "BIRTHDATE": "2000-01-01T00:00:00+00:00",
    "PERSONAL_BIRTHDAY": "2000-01-01T00:00:00+00:00",
    "access_token": "sample-access-token",
    "refresh_token": "sample-refresh-token",
    "member_id": "0123456789abcdef0123456789abcdef",
}
_PERSONS_METHODS = re.compile(r"crm\.(lead|contact|company)\.|user\.|profile|batch")
_EMAIL = re.compile(r"[\w.+-]+@[\w.-]+")
_PHONE = re.compile(r"\+\d{8,15}")
_HOST = re.compile(r"https?://(?!oauth\.)[\w.-]+")


def main(contract_path: str) -> None:
    contract = json.loads(Path(contract_path).read_text())
    by_name = {method["method"]: method for method in contract["methods"] if method["api"] == "v2"}
    FOLDER.mkdir(exist_ok=True)
    for name in sorted({*METHODS, "batch"}):
        write_method(name, by_name[name])
    good, refused = (example["json"] for example in contract["shared"]["oauth_refresh_response"])
    write("oauth.token", OAUTH, {}, 200, invented(good, "oauth"))
    write("oauth.token.error", OAUTH, {}, 400, refused)  # the status is not documented
    documented = {
        name: sorted(param["name"] for param in by_name[name]["params"]) for name in sorted(METHODS)
    }
    PARAMETERS.write_text(json.dumps(documented, indent=1) + "\n")


def write_method(name: str, method: dict[str, Any]) -> None:
    """Write the good answer, and the error where the page prints one."""
    request = method.get("request_example") or {}
    example = method["response"]["examples"][0]
    body = example.get("json") or example["json_repaired"]
    write(name, PORTAL + name, request, 200, invented(body, name))
    for refused in (method["errors"].get("examples") or [])[:1]:
        # A batch answers 200 whatever happens; other pages print the status of their errors, or "40x".
        statuses = method["errors"].get("http_status") or ["400"]
        status = 200 if name == "batch" else int(statuses[0]) if statuses[0].isdigit() else 400
        write(f"{name}.error", PORTAL + name, request, status, refused["json"])


def write(file: str, uri: str, request: dict[str, Any], status: int, body: dict[str, Any]) -> None:
    interaction = {
        "request": {
            "method": "POST",
            "uri": uri,
            "body": json.dumps(invented(request, "request")),
            "headers": {"Content-Type": ["application/json"]},
        },
        "response": {
            "status": {"code": status, "message": ""},
            "headers": {"Content-Type": ["application/json; charset=utf-8"]},
            "body": {"string": json.dumps(body, ensure_ascii=False)},
        },
    }
    cassette = {"version": 1, "interactions": [interaction]}
    (FOLDER / f"{file}.yaml").write_text(yaml.safe_dump(cassette, allow_unicode=True, width=110))


def invented(value: Any, method: str, key: str = "") -> Any:
    """Return the sample with every value that might be somebody's replaced."""
    if isinstance(value, dict):
        return {name: invented(inner, method, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [invented(inner, method, key) for inner in value]
    if not isinstance(value, str) or not value:
        return value
    if key in _INVENTED and (key.islower() or key == "CODE" or _PERSONS_METHODS.match(method)):
        return _INVENTED[key]
    if key == "TITLE" and method.startswith("crm.company."):
        return _INVENTED["COMPANY_TITLE"]
    text = _EMAIL.sub("vera@mail.example", value)
    text = _PHONE.sub("+79990001122", text)
    return _HOST.sub("https://app.example", text)


if __name__ == "__main__":
    main(sys.argv[1])
