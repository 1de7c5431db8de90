"""Folders of pictures: one folder a person, with their pictures directly in it, or with sub-folders of any names."""

import os
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from pathlib import Path

from twinface.errors import InputError
from twinface.faces.formats import describe_left_out, is_of_no_interest
from twinface.faces.picture_files import is_folder, list_left_out, list_pictures
from twinface.gallery.names import checked_name
from twinface.outputs import REASONS_FILE
from twinface.text import plural

SET_ASIDE = "set_aside"
"""Name of the folder in a person's folder; what reads people takes the pictures directly in theirs only."""


_MOST_NAMED = 3

OnPicture = Callable[[Path, InputError | None], None]
"""Called for each picture when it is done, with the error when it was skipped."""


def list_people(folder: Path) -> dict[str, list[Path]]:
    """Each person's name, as their folder is called, and their pictures; folders without pictures are left out.

    Where a person's folder cannot be read it stands for their pictures, so that reading it says why. Raises InputError
    when the folder is missing, cannot be read, or nobody is in it.
    """
    people = {path.name: pictures for path in _folders(folder) if (pictures := _pictures_in(path))}
    if not people:
        nested = describe_nested(folder, _folders(folder))
        hint = "these pictures" if nested or list_pictures(folder) else "pictures"
        found = ", ".join(filter(None, ("nobody in it", nested, _describe_kinds(_folders(folder)))))
        raise InputError(f"{folder}: {found}; put {hint} into one folder for each person, named after them")
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
    """What `list_people` leaves out without an error, in sentences: files of other kinds, pictures of nobody, those in
    sub-folders of people's folders.
    """
    people = _folders(folder)
    kinds = _describe_kinds(people)
    loose = len(list_pictures(folder))
    nobodys = f"{plural(loose, 'picture')} beside the folders of people; put each into the folder of whom it shows"
    nested = describe_nested(folder, people)
    deeper = f"{nested} left out; put each directly into the folder of whom it shows"
    texts = (kinds, nobodys if loose else None, deeper if nested else None)
    return [f"{folder}: {text}" for text in texts if text]


def describe_empty_people(folder: Path, people: Container[str]) -> list[str]:
    """A sentence of the people of whom there is nothing in their folders, if there are any; those that `list_people`
    found are not looked at again.
    """
    without = [path for path in _folders(folder) if path.name not in people]
    empty = [path.name for path in without if not (_left_out_in(path) or _count_below(path))]
    return [f"{folder}: no pictures of {_some_of(empty)}; put some into the folder, or remove it"] if empty else []


def _describe_kinds(people: Iterable[Path]) -> str | None:
    return describe_left_out(path for person in people for path in _left_out_in(person))


def describe_nested(folder: Path, taken: Iterable[Path]) -> str | None:
    """How many pictures lie in the folders below a folder, and in which; None where there are none.

    Not those of folders that are `taken`, hidden, made by desktops, or hold what `selfies` or `gallery add` has set
    aside, nor what lies below a link. As: 3 pictures in sub-folders (ada/2019, ada/2020)
    """
    done = {one.resolve() for one in taken}
    counts = {place: count for place, count in _count_below(folder).items() if place.resolve() not in done}
    if not counts:
        return None
    places = _some_of([str(place.relative_to(folder)) for place in counts])
    return f"{plural(sum(counts.values()), 'picture')} in sub-folders ({places})"


def _some_of(names: list[str]) -> str:
    more = [f"{len(names) - _MOST_NAMED} more"] if len(names) > _MOST_NAMED else []
    return ", ".join([*names[:_MOST_NAMED], *more])


def _count_below(folder: Path) -> dict[Path, int]:
    """How many pictures there are in each folder below a folder that has any."""
    counts: dict[Path, int] = {}
    for place, names, _ in os.walk(folder):
        names[:] = sorted(name for name in names if not _is_passed_over(Path(place, name)))
        for below in (Path(place, name) for name in names):
            try:
                count = len(list_pictures(below))
            except InputError:  # Nobody can tell what is in it.
                continue
            if count:
                counts[below] = count
    return counts


def _is_passed_over(folder: Path) -> bool:
    try:
        return is_of_no_interest(folder) or folder.name == SET_ASIDE or (folder / REASONS_FILE).is_file()
    except OSError:  # Nobody can tell what is in it.
        return True


def _left_out_in(folder: Path) -> list[Path]:
    try:
        return list_left_out(folder)
    except InputError:
        return []


def pictures_below(folder: Path) -> Iterator[Path]:
    """The pictures of a folder, then those of its sub-folders, in byte order of their names, each folder once.

    A sub-folder that cannot be read stands for its pictures, so that reading it says why. Raises InputError when the
    folder is missing or cannot be read.
    """
    yield from list_pictures(folder)
    yield from _below(folder, {_identity(folder)})


def _below(folder: Path, seen: set[tuple[int, int]]) -> Iterator[Path]:
    for below in sorted(path for path in folder.iterdir() if is_folder(path)):
        if (identity := _identity(below)) in seen:
            continue
        seen.add(identity)
        try:
            yield from list_pictures(below)
        except InputError:
            yield below
        else:
            yield from _below(below, seen)


def _identity(folder: Path) -> tuple[int, int]:
    status = folder.stat()
    return status.st_dev, status.st_ino
