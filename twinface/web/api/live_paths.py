"""What the document says of the live paths, which are served beside the operations: OpenAPI 3.1 knows no WebSockets."""

from typing import Any

from twinface.web.live_socket import SUBPROTOCOL

_PROBLEM = {"schema": {"$ref": "#/components/schemas/Problem"}}


def _refused(description: str) -> dict[str, Any]:
    return {"description": description, "content": {"application/problem+json": _PROBLEM}}


LIVE_PATHS: dict[str, Any] = {
    "/live": {
        "get": {
            "tags": ["live"],
            "summary": "Pictures, events and health",
            "description": (
                f"A WebSocket of the subprotocol {SUBPROTOCOL}. Text messages are JSON objects with a `type`: from the "
                "box `recent`, `match`, `health`, `present` and `problem`; from the client `watch`, `taken` and "
                "`present`. A binary message is a picture: the length of its head as uint32, big-endian, its head as "
                "JSON, and a JPEG. docs/http-api.md has the fields and the close codes."
            ),
            "operationId": "live",
            "parameters": [
                {
                    "name": "Sec-WebSocket-Protocol",
                    "in": "header",
                    "required": True,
                    "schema": {"const": SUBPROTOCOL},
                }
            ],
            "responses": {
                "101": {"description": "The socket is open"},
                "400": _refused("The subprotocol is missing"),
                "401": _refused("A token is needed, or another login"),
                "403": _refused("Another site's page asks"),
            },
        }
    },
    "/live/events": {
        "get": {
            "tags": ["live"],
            "summary": "Events and health",
            "description": (
                "Server-sent events, without pictures, until the client ends it: `recent` with the latest news so far, "
                "`match` and `health`, each with JSON as `data`."
            ),
            "operationId": "live_events",
            "responses": {
                "200": {
                    "description": "A stream that does not end",
                    "content": {"text/event-stream": {"schema": {"type": "string"}}},
                },
                "401": _refused("A token is needed, or another login"),
                "403": _refused("Another site's page asks"),
            },
        }
    },
}
