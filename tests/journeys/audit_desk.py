"""What a person does on the audit's pages of a town."""

import httpx

from tests.journeys.town import ADMIN, Town, token_of


async def post(acme: Town, path: str, who: int = ADMIN, **fields: object) -> httpx.Response:
    """Post a form of the audit's pages as this person, with the token of the page he saw last."""
    tokens = acme.page_tokens
    if who not in tokens:
        tokens[who] = token_of((await acme.open(who, "DEFAULT")).text)
    address = f"{acme.address}audit/{path}".rstrip("/")
    answer = await acme.browser.post(address, data={"page_token": tokens.pop(who), **fields})
    if answer.headers["content-type"].startswith("text/html") and 'name="page_token"' in answer.text:
        tokens[who] = token_of(answer.text)
    return answer


async def run_id(acme: Town) -> str:
    """Return the last audit that is done."""
    return str((await acme.rows("SELECT max(run_id) AS run FROM audit_run WHERE state = 'done'"))[0]["run"])


async def group_of(acme: Town, word: str, record_id: int, run: str = "0") -> str:
    """Return the number of a record's group, in this audit or, if none is named, in the first."""
    number = {"lead": 1, "contact": 3, "company": 4}[word]
    found = await acme.rows(
        "SELECT group_no FROM audit_member WHERE type = $1 AND id = $2 AND run_id >= $3 ORDER BY run_id",
        number,
        record_id,
        int(run),
    )
    return str(found[0]["group_no"])


async def journal(acme: Town, what: str) -> int:
    return len(await acme.rows("SELECT 1 FROM journal WHERE what = $1", what))
