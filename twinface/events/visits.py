"""From what is said of tracks to events: one visit makes one `enter`, however often its track breaks.

A track enters, is reported again when its name changes, and exits. A person's visit to a camera begins when
a track there gets their name and ends when nobody there was seen with it for the cool-down. No clock is asked:
durations are differences of the moments that come in, so two runs over the same moments give the same events.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace

from twinface.events.event import Event, Kind, Moment, Opinion, Past, TrackKey
from twinface.events.open_visits import INTERRUPTED, OpenTrack, OpenVisit, give_up, of_track, of_visit, take_up
from twinface.types import State

_UNSEEN_S = 10.0
"""So long a track of a writer before this one may stay out of sight, before it counts as ended meanwhile."""


class Visits:
    """Who is where. Methods return the events that follow from what they are given, in order.

    `cool_down_s` and `unknown_stays_s` are in the time of `Moment.time_s`.
    """

    def __init__(self, *, cool_down_s: float, unknown_stays_s: float, past: Past | None = None) -> None:
        self._cool_down_s = cool_down_s
        self._unknown_stays_s = unknown_stays_s
        self._tracks: dict[TrackKey, OpenTrack] = {}
        self._visits: dict[tuple[str, str], OpenVisit] = {}
        self._now: dict[str, Moment] = {}
        self._live: dict[str, bool] = {}
        self._past = past or Past()
        self._unresolved = dict(self._past.streams)

    def saw(
        self, camera: str, stream: int, tracks: Collection[int], moment: Moment, *, live: bool = True
    ) -> list[Event]:
        """A frame in which the faces of `tracks` are visible. `live`: its time is that of all other live cameras."""
        self._live[camera] = live
        return list(self._saw(camera, stream, tracks, moment))

    def entered(self, key: TrackKey, moment: Moment) -> list[Event]:
        """A track was born."""
        return list(self._entered(key, moment))

    def said(self, key: TrackKey, opinion: Opinion, moment: Moment) -> list[Event]:
        """Somebody has looked at a track and says who it is."""
        return list(self._said(key, opinion, moment))

    def left(self, key: TrackKey, moment: Moment) -> list[Event]:
        """A track has ended."""
        return list(self._left(key, moment))

    def ended(self, camera: str, stream: int, moment: Moment, reason: str, *, goes_on: bool) -> list[Event]:
        """A stream is over. With `goes_on` the camera will be back at once, and visits wait for it."""
        return list(self._ended(camera, stream, moment, reason, goes_on=goes_on))

    def tick(self, time_s: float) -> list[Event]:
        """Time has passed, for live cameras, also for one that gives no frames."""
        return [
            event
            for camera, now in list(self._now.items())
            if self._live.get(camera)
            for event in self._due(camera, self._advance(camera, replace(now, time_s=time_s)))
        ]

    def stop(self, reason: str) -> list[Event]:
        """Nobody looks any more: everything that goes on ends as it was last seen."""
        left = [event for camera in self._unresolved for event in give_up(self._past, camera)]
        self._unresolved.clear()
        return [*left, *self._close(lambda _camera: True, reason)]

    # --- frames and looks -------------------------------------------------------------------------------------------

    def _saw(self, camera: str, stream: int, tracks: Collection[int], moment: Moment) -> Iterator[Event]:
        yield from self._resolve(camera, stream, moment)
        now = self._advance(camera, moment)
        for number in tracks:
            if (track := self._tracks.get(TrackKey(camera, stream, number))) is not None:
                track.seen, track.restored = now, False
                if (visit := self._visit_of(track)) is not None:
                    visit.seen = now
        yield from self._due(camera, now)
        yield from self._at_once(camera)

    def _entered(self, key: TrackKey, moment: Moment) -> Iterator[Event]:
        yield from self._resolve(key.camera, key.stream, moment)
        now = self._advance(key.camera, moment)
        yield from self._due(key.camera, now)
        if key in self._past.ended:
            return
        if key in self._tracks:
            self._tracks[key].restored = False
            return
        track = self._tracks[key] = OpenTrack(key, now, now)
        yield of_track(Kind.ENTER, track, now)

    def _said(self, key: TrackKey, opinion: Opinion, moment: Moment) -> Iterator[Event]:
        now = self._advance(key.camera, moment)
        track = self._tracks.get(key)
        if track is None:
            return
        before, track.opinion = track.opinion, opinion
        if opinion.said != before.said:
            track.since = now
            yield of_track(Kind.UPDATE, track, now)
            if before.name is not None and opinion.name is not None:
                yield from self._corrected(before.name, track, now)
        if opinion.name is not None:
            yield from self._is_there(opinion.name, track, now)

    def _corrected(self, name: str, track: OpenTrack, now: Moment) -> Iterator[Event]:
        """Who was announced as `name` is somebody else."""
        if (visit := self._visits.get((track.key.camera, name))) is not None:
            details = {"track": track.key.track, "is": track.opinion.name}
            yield of_visit(Kind.UPDATE, visit, now, details=details)

    def _is_there(self, name: str, track: OpenTrack, now: Moment) -> Iterator[Event]:
        camera, stream, _ = track.key
        visit = self._visits.get((camera, name))
        if visit is None:
            visit = self._visits[camera, name] = OpenVisit(camera, name, stream, now, now, track.opinion)
            yield of_visit(Kind.ENTER, visit, now, track=track.key.track)
        visit.stream = stream
        if track.seen.time_s > visit.seen.time_s:
            visit.seen = track.seen
        if (track.opinion.score or 0.0) >= (visit.opinion.score or 0.0):
            visit.opinion = track.opinion

    # --- ends -------------------------------------------------------------------------------------------------------

    def _left(self, key: TrackKey, moment: Moment) -> Iterator[Event]:
        now = self._advance(key.camera, moment)
        track = self._tracks.pop(key, None)
        if track is not None:
            yield of_track(Kind.EXIT, track, now)

    def _ended(self, camera: str, stream: int, moment: Moment, reason: str, *, goes_on: bool) -> Iterator[Event]:
        yield from self._resolve(camera, stream, moment)
        self._advance(camera, moment)
        if not goes_on:
            yield from self._close(lambda one: one == camera, reason)
        if not self._live.get(camera):
            del self._now[camera]  # the next recording's time begins again

    def _due(self, camera: str, now: Moment) -> Iterator[Event]:
        """What the time that has passed at a camera brings."""
        for track in [one for one in self._tracks.values() if one.key.camera == camera]:
            if track.restored and now.time_s - track.seen.time_s > _UNSEEN_S:
                del self._tracks[track.key]
                yield of_track(Kind.EXIT, track, track.seen, reason=INTERRUPTED)
            elif self._has_stayed(track):
                track.stay_told = True
                yield of_track(Kind.STAYED, track, track.seen)
        for visit in [one for one in self._visits.values() if one.camera == camera]:
            if not self._bearers(visit) and now.time_s - visit.seen.time_s >= self._cool_down_s:
                yield self._end_visit(visit)

    def _has_stayed(self, track: OpenTrack) -> bool:
        if track.stay_told or track.opinion.state != State.UNKNOWN or track.since is None:
            return False
        return track.seen.time_s - track.since.time_s >= self._unknown_stays_s

    def _end_visit(self, visit: OpenVisit, reason: str | None = None) -> Event:
        del self._visits[visit.camera, visit.name]
        return of_visit(Kind.EXIT, visit, visit.seen, reason=reason)

    def _close(self, concerns: Callable[[str], bool], reason: str) -> Iterator[Event]:
        for track in [one for one in self._tracks.values() if concerns(one.key.camera)]:
            del self._tracks[track.key]
            yield of_track(Kind.EXIT, track, track.seen, reason=reason)
        for visit in [one for one in self._visits.values() if concerns(one.camera)]:
            yield self._end_visit(visit, reason)

    def _resolve(self, camera: str, stream: int, moment: Moment) -> Iterator[Event]:
        """At the first word of a camera: whether it is the start that the writer before this one knew."""
        before = self._unresolved.pop(camera, None)
        if before == stream:
            tracks, visits = take_up(self._past, camera, stream, moment)
            self._tracks.update((track.key, track) for track in tracks)
            self._visits.update(((camera, visit.name), visit) for visit in visits)
        elif before is not None:
            yield from give_up(self._past, camera)

    # --- two cameras ------------------------------------------------------------------------------------------------

    def _at_once(self, camera: str) -> Iterator[Event]:
        """Visits of one person to two live cameras that see them during the same time, reported once."""
        for here in [one for one in self._visits.values() if one.camera == camera and self._live[camera]]:
            for there in list(self._visits.values()):
                if there.name != here.name or there.camera == camera or not self._live.get(there.camera):
                    continue
                reported = camera in there.reported_with and there.camera in here.reported_with
                if not reported and self._overlap(here, there):
                    here.reported_with.add(there.camera)
                    there.reported_with.add(camera)
                    cameras = sorted((camera, there.camera))
                    yield of_visit(Kind.TWO_CAMERAS, here, here.seen, details={"cameras": cameras})

    def _overlap(self, here: OpenVisit, there: OpenVisit) -> bool:
        """Whether both saw the face after both had named it; who walks from one to the other is not at both."""
        named = [one.since.time_s for visit in (here, there) for one in self._bearers(visit)[:1] if one.since]
        seen_s = min(here.seen.time_s, there.seen.time_s)
        return len(named) == 2 and seen_s > max(named)

    def _bearers(self, visit: OpenVisit) -> list[OpenTrack]:
        """Tracks that bear the name of a visit, the longest first."""
        return [
            one for one in self._tracks.values() if one.key.camera == visit.camera and one.opinion.name == visit.name
        ]

    def _visit_of(self, track: OpenTrack) -> OpenVisit | None:
        name = track.opinion.name
        return None if name is None else self._visits.get((track.key.camera, name))

    def _advance(self, camera: str, moment: Moment) -> Moment:
        """The moment, no earlier than the one before it."""
        before = self._now.get(camera)
        now = moment if before is None or moment.time_s >= before.time_s else replace(moment, time_s=before.time_s)
        self._now[camera] = now
        return now
