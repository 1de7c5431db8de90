"""The HTTP API of version 1, `/api/v1`: what the commands do, for programs and the page; described by openapi.json."""
