"""The journal of a matcher with all that rests on it: the store, unknown visitors, and what cameras teach."""

from twinface.enrolment.fit_looks import FitLooks
from twinface.events import EventWriter, Upkeep
from twinface.live.journal import Journal
from twinface.live.live_averages import LiveAverages
from twinface.networks.recipe import NetworkRecipe
from twinface.private_files import keep_private
from twinface.settings import Settings
from twinface.types import Clock
from twinface.unknowns import Unknowns


def open_journal(settings: Settings, recipe: NetworkRecipe, clock: Clock) -> tuple[Journal, LiveAverages]:
    """What happens is written down by the one and teaches the other; both are to be closed, in this order."""
    events, path = settings.events, settings.events_path
    if path.exists():
        keep_private(path)
    upkeep = Upkeep(events.keep_days, events.max_mb, keep_pictures_days=settings.review.keep_pictures_days)
    averages = LiveAverages(settings, recipe, upkeep)
    is_fit = FitLooks(settings.gallery, recipe.fingerprint).is_fit
    unknowns = Unknowns(path, settings.unknowns, is_fit, averages.centre)
    then = (unknowns.take, averages.take)
    writer = EventWriter(path, upkeep, looks_per_track=events.kept_looks, then=then)
    return Journal(writer, events, clock), averages
