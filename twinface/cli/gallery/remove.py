"""`twinface gallery remove`: a person is known no more."""

from twinface.cli.configuration import chosen_settings
from twinface.cli.console import say
from twinface.cli.shared_options import GalleryOption, NameArgument, open_gallery


def remove(name: NameArgument, gallery: GalleryOption = None) -> None:
    """Remove a person's vectors and crops; `twinface undo` brings them back.

    `twinface forget` erases them for good, and what is known of them elsewhere.
    """
    from twinface.review.rename import remove as remove_person

    settings = chosen_settings(gallery=gallery)
    open_gallery(settings.gallery)
    remove_person(settings, name)
    say(f"{name} removed: {settings.gallery}")
