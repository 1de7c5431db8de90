"""A webhook: each event as a CloudEvent in a POST, signed as Standard Webhooks asks for.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import datetime
import http.client
import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from standardwebhooks import Webhook

from twinface.delivery.cloud_events import CONTENT_TYPE, cloud_event, trial_event
from twinface.delivery.http_post import Address, post
from twinface.delivery.target import Filter, Outcome
from twinface.errors import InputError, SettingsError
from twinface.events.event import Event
from twinface.placeholders import fill_in
from twinface.settings import WebhookSettings

DELAYS_S = (5.0, 30.0, 120.0, 600.0, 1800.0, 3600.0, 7200.0, 14_400.0, 28_800.0, 28_800.0)
"""A day in all, as Standard Webhooks recommends."""

_TIMEOUT_S = 15.0
_MOST_WAIT_S = 3600.0
_GONE = 410
_SECRET_PREFIX = "whsec_"  # noqa: S105  no secret
_SECRET_BYTES = range(24, 65)
_MOST_REASON = 80


class WebhookTarget:
    """One table `[[webhook]]` of a `box`. Raises SettingsError where its URL or its secret cannot be used."""

    delays_s: Sequence[float] = DELAYS_S
    remembers = False

    def __init__(self, settings: WebhookSettings, box: str, timeout_s: float = _TIMEOUT_S) -> None:
        self.name = f"webhook:{settings.name}"
        self._box = box
        self._allow_local = settings.allow_local
        self._timeout_s = timeout_s
        self._filter = Filter.of(settings, tracks=settings.tracks)
        try:
            self._address = Address.of(fill_in(settings.url))
            self._signer = _signer(fill_in(settings.secret)) if settings.secret else None
        except InputError as error:
            raise SettingsError(f"webhook {settings.name!r}: {error}") from error

    def wants(self, event: Event) -> bool:
        """Whether an event is for this webhook."""
        return self._filter.takes(event)

    def send(self, event: Event) -> Outcome:
        """POST an event; what answers 200 to 299 has taken it."""
        return self._post(cloud_event(event, self._box))

    def test(self) -> Outcome:
        """POST what is no event, of the type `twinface.test`."""
        return self._post(trial_event(self.name, self._box, time.time_ns()))

    def _post(self, event: Mapping[str, Any]) -> Outcome:
        body = json.dumps(event, ensure_ascii=False)
        headers = {"Content-Type": CONTENT_TYPE, "User-Agent": "twinface", **self._signed(event["id"], body)}
        try:
            answer = post(
                self._address, body.encode(), headers, allow_local=self._allow_local, timeout_s=self._timeout_s
            )
        except InputError as error:
            return Outcome(str(error))
        except (OSError, http.client.HTTPException) as error:
            return Outcome(_in_words(error))
        said = f"it answered {answer.status} {answer.reason}"[:_MOST_REASON].strip()
        if answer.status // 100 == 2:
            return Outcome()
        if answer.status == _GONE:
            return Outcome(f"{said}: it wants no more", is_gone=True)
        if answer.status // 100 == 3:
            return Outcome(f"{said}, a redirect, which is not followed; write the new address into `url`")
        return Outcome(said, wait_s=min(answer.retry_after_s, _MOST_WAIT_S))

    def _signed(self, number: str, body: str) -> dict[str, str]:
        """The headers of Standard Webhooks, the signature only where there is a secret."""
        now = datetime.datetime.now(datetime.UTC)
        headers = {"webhook-id": number, "webhook-timestamp": str(int(now.timestamp()))}
        if self._signer is not None:
            headers["webhook-signature"] = self._signer.sign(number, now, body)
        return headers


def _signer(secret: str) -> Webhook:
    """Raises InputError for what is no secret; the library would take any text, and leave out what is not base64."""
    try:
        key = base64.b64decode(secret.strip().removeprefix(_SECRET_PREFIX), validate=True)
    except ValueError:
        key = b""
    if len(key) not in _SECRET_BYTES:
        raise InputError("secret: expected base64 of 24 to 64 bytes; `openssl rand -base64 32` makes one")
    return Webhook(key)


def _in_words(error: OSError | http.client.HTTPException) -> str:
    """Why there was no answer, without the address."""
    if isinstance(error, TimeoutError):
        return str(error) or "no answer in time"
    said = error.strerror if isinstance(error, OSError) and error.strerror else ""
    return said or "it broke off, or answered what is no HTTP"
