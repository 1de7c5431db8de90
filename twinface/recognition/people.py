"""Folders of people: one folder a person, with their pictures directly in it."""

from pathlib import Path

from twinface.errors import InputError
from twinface.faces import describe_left_out, list_left_out, list_pictures


def list_people(folder: Path) -> dict[str, list[Path]]:
    """Each person's name, as their folder is called, and their pictures; folders without pictures are left out.

    Raises InputError when the folder is missing or nobody is in it.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; name one that holds a folder of pictures for each person")
    people = {
        path.name: pictures
        for path in sorted(folder.iterdir())
        if path.is_dir() and not path.name.startswith(".") and (pictures := list_pictures(path))
    }
    if not people:
        hint = "these pictures" if list_pictures(folder) else "pictures"
        raise InputError(f"{folder}: nobody in it; put {hint} into one folder for each person, named after them")
    return people


def describe_left_out_of_people(folder: Path) -> list[str]:
    """What `list_people` leaves out without an error, in sentences: files of other kinds, and pictures of nobody."""
    below = [path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")]
    kinds = describe_left_out(path for person in below for path in list_left_out(person))
    loose = len(list_pictures(folder))
    nobodys = f"{loose} pictures lie beside the folders of people; put them into the folder of whom they show"
    return [f"{folder}: {text}" for text in (kinds, nobodys if loose else None) if text]
