"""Enrol everybody of a folder with a folder of pictures for each. python examples/enrol_folder.py PEOPLE"""

import sys
from pathlib import Path

import twinface


def main(people: Path) -> None:
    for folder in sorted(path for path in people.iterdir() if path.is_dir()):
        try:
            enrolled = twinface.enrol(folder.name, folder)
        except twinface.InputError as error:
            print(f"{folder.name}: {error}")
            continue
        print(f"{enrolled.name}: {enrolled.added} added, {enrolled.known} known already")
        for refused in enrolled.refused:
            print(f"  {refused.picture.name}: {refused.objection}")


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]))
    except twinface.TwinfaceError as error:
        sys.exit(str(error))
