"""Folders of people: one folder a person, with their pictures directly in it."""

from collections.abc import Mapping
from pathlib import Path

from twinface.errors import InputError
from twinface.faces import describe_left_out, list_left_out, list_pictures
from twinface.faces.pictures import is_folder
from twinface.gallery import checked_name


def list_people(folder: Path) -> dict[str, list[Path]]:
    """Each person's name, as their folder is called, and their pictures; folders without pictures are left out.

    Where a person's folder cannot be read it stands for their pictures, so that reading it says why. Raises InputError
    when the folder is missing, cannot be read, or nobody is in it.
    """
    people = {path.name: pictures for path in _folders(folder) if (pictures := _pictures_in(path))}
    if not people:
        hint = "these pictures" if list_pictures(folder) else "pictures"
        raise InputError(f"{folder}: nobody in it; put {hint} into one folder for each person, named after them")
    return people


def named_people(
    folder: Path, people: Mapping[str, list[Path]]
) -> tuple[dict[str, list[Path]], list[tuple[list[Path], InputError]]]:
    """Of the `people` of a folder those whose own folders are called by what may be a person's name, in the form in
    which names are compared, and the pictures in each other one, with why. Two folders of one name are one person's.
    """
    named: dict[str, list[Path]] = {}
    nobodys: list[tuple[list[Path], InputError]] = []
    for name, pictures in people.items():
        try:
            named.setdefault(checked_name(name), []).extend(pictures)
        except InputError as error:
            nobodys.append((pictures, InputError(f"{folder / name}: {error}")))
    return named, nobodys


def _folders(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if is_folder(path) and not path.name.startswith("."))
    except OSError as error:
        gone = isinstance(error, FileNotFoundError | NotADirectoryError)
        reason = "no such folder" if gone else f"cannot be read ({error.strerror})"
        raise InputError(f"{folder}: {reason}; name one that holds a folder of pictures for each person") from error


def _pictures_in(folder: Path) -> list[Path]:
    try:
        return list_pictures(folder)
    except InputError:
        return [folder]


def describe_left_out_of_people(folder: Path) -> list[str]:
    """What `list_people` leaves out without an error, in sentences: files of other kinds, and pictures of nobody."""
    kinds = describe_left_out(path for person in _folders(folder) for path in _left_out_in(person))
    loose = len(list_pictures(folder))
    nobodys = f"{loose} pictures lie beside the folders of people; put them into the folder of whom they show"
    return [f"{folder}: {text}" for text in (kinds, nobodys if loose else None) if text]


def _left_out_in(folder: Path) -> list[Path]:
    try:
        return list_left_out(folder)
    except InputError:
        return []
