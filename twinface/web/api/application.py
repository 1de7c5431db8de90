"""The API as one ASGI app, to be mounted where API_PREFIX says."""

import re
from typing import Any

from fastapi import FastAPI

from twinface.box.handed_files import MOST_BYTES
from twinface.web.api.all_boxes import all_boxes_routes
from twinface.web.api.bodies import BoundedBodies
from twinface.web.api.box import box_routes
from twinface.web.api.box_overview import box_overview_routes
from twinface.web.api.changes import changes_routes
from twinface.web.api.context import Context
from twinface.web.api.enrolment_at_once import MOST_FORM_BYTES, enrolment_at_once_routes
from twinface.web.api.enrolments import enrolments_routes
from twinface.web.api.events import events_routes
from twinface.web.api.heads import heads_routes
from twinface.web.api.live_paths import LIVE_PATHS
from twinface.web.api.look_pictures import look_pictures_routes
from twinface.web.api.past_visits import past_visits_routes
from twinface.web.api.people import people_routes
from twinface.web.api.people_pictures import people_pictures_routes
from twinface.web.api.refusals import RESPONSES, answer_with_problems
from twinface.web.api.review import review_routes
from twinface.web.api.review_queue import review_queue_routes
from twinface.web.api.session import session_routes
from twinface.web.api.single_pictures import single_pictures_routes
from twinface.web.authentication import API_PREFIX
from twinface.web.problem_details import MEDIA_TYPE

_VERSION = "1.0"
_MOST_BYTES = 64 * 1024
_MOST_AROUND_A_PICTURE_BYTES = 64 * 1024
_TAKES_A_PICTURE = re.compile(rf"{API_PREFIX}/(pictures/\w+|enrolments/[^/]+/pictures)")

_ROUTES = (
    people_routes,
    review_routes,
    review_queue_routes,
    changes_routes,
    events_routes,
    past_visits_routes,
    box_routes,
    people_pictures_routes,
    heads_routes,
    look_pictures_routes,
    single_pictures_routes,
    enrolments_routes,
    enrolment_at_once_routes,
    session_routes,
    box_overview_routes,
    all_boxes_routes,
)
"""One a line, in the order of the document."""


def create_api(context: Context) -> FastAPI:
    """Every operation, and `openapi.json` which describes them; no page of its own, which would load from elsewhere."""
    app = FastAPI(
        title="twinface",
        version=_VERSION,
        description="Who is known, who came, and what people say of it. Errors are problem details (RFC 9457).",
        servers=[{"url": API_PREFIX}],
        root_path_in_servers=False,
        docs_url=None,
        redoc_url=None,
        responses=RESPONSES,
    )
    app.add_middleware(BoundedBodies, most_bytes=_most_bytes)
    answer_with_problems(app)
    document = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            _call_problems_so(document())
            document()["paths"].update(LIVE_PATHS)
        return document()

    app.openapi = openapi  # type: ignore[method-assign]
    for routes in _ROUTES:
        app.include_router(routes(context))
    return app


def _most_bytes(path: str) -> int:
    """How large the body of a request for `path` may be."""
    if path == f"{API_PREFIX}/people":
        return MOST_FORM_BYTES
    return MOST_BYTES + _MOST_AROUND_A_PICTURE_BYTES if _TAKES_A_PICTURE.fullmatch(path) else _MOST_BYTES


def _call_problems_so(document: dict[str, Any]) -> None:
    """FastAPI describes every answer as application/json."""
    for operations in document["paths"].values():
        for operation in operations.values():
            for code, answer in operation["responses"].items():
                if int(code) >= 400:
                    answer["content"] = {MEDIA_TYPE: answer["content"]["application/json"]}
