"""Robots: one door each, verified, written down, answered at once; the workflow's answer follows by REST."""

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse

from b24app.services.robots.catalogue import ROBOTS
from b24app.services.robots.intake import accept_robot_call
from b24app.web.calls import FORM_BODY, read_robot_call, runtime_of

PREFIX = "/robots/"

router = APIRouter(prefix=PREFIX.rstrip("/"))


def _add_door(robot: str) -> None:
    async def receive(request: Request) -> PlainTextResponse:
        """Take in a robot's call. A portal never repeats one, so this waits for our own database only."""
        await accept_robot_call(runtime_of(request), robot, await read_robot_call(request))
        return PlainTextResponse("ok")

    add = router.post(f"/{robot}", name=robot, openapi_extra=FORM_BODY, response_class=PlainTextResponse)
    add(receive)


for _robot in ROBOTS:
    _add_door(_robot)
