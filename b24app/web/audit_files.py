"""Files of audits: ordered, followed while they are written, opened."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response, StreamingResponse

from b24app.services.audit.export.write_export import write_export
from b24app.services.audit.pages.export import open_export, order_export, show_files
from b24app.services.audit.pages.open_desk import get_run, open_whole_desk
from b24app.services.audit.pages.show_report import show_report
from b24app.services.portal.access import use_page_token
from b24app.services.time_zones import known_zone
from b24app.web.audit import number_of
from b24app.web.background import Background
from b24app.web.calls import FORM_BODY, one, read_act, runtime_of
from b24app.web.pages import page_response

router = APIRouter(prefix="/audit", default_response_class=HTMLResponse)

MEDIA = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
}


@router.post("/export", openapi_extra=FORM_BODY)
async def export(request: Request) -> HTMLResponse:
    """Begin a file; it is written with the viewer's token while this process goes on with its work."""
    token, fields = await read_act(request)
    await use_page_token(runtime_of(request), token)
    desk = await open_whole_desk(runtime_of(request), token)
    run = await get_run(desk, number_of(fields, "run_id"))
    ordered = await order_export(desk, run, one(fields, "kind"))
    background: Background = request.app.state.background
    zone = known_zone("".join(fields.get("time_zone", ())))  # without a script none is told
    background.start(write_export(desk, run, ordered, zone))
    page = await show_report(desk, run, is_opened=False)
    return await page_response(request, "pages/audit_report.html", report=page)


@router.post("/files", openapi_extra=FORM_BODY)
async def files(request: Request) -> HTMLResponse:
    """Show the viewer's own files where they are now; the portal is not asked."""
    token, fields = await read_act(request)
    page = await show_files(runtime_of(request), token, number_of(fields, "run_id"))
    return await page_response(request, "pages/audit_files.html", page=page)


@router.post("/download", openapi_extra=FORM_BODY, response_class=Response)
async def download(request: Request) -> StreamingResponse:
    """Send a file to whoever ordered it, as long as it lives."""
    token, fields = await read_act(request)
    desk = await open_whole_desk(runtime_of(request), token)
    opened, pieces = await open_export(desk, number_of(fields, "export_id"))
    name = f"audit-{opened.run_id}.{opened.kind.value}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Content-Length": str(opened.size)}
    return StreamingResponse(pieces, media_type=MEDIA[opened.kind.value], headers=headers)
