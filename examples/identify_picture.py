"""Who is in these pictures? python examples/identify_picture.py PICTURE..."""

import sys

import twinface


def main() -> None:
    identifier = twinface.open_identifier()
    for path in sys.argv[1:]:
        for face in identifier.identify(path).faces:
            left, top, right, bottom = face.box_xyxy.round().astype(int)
            print(f"{path}: {face.name or face.decision.state} {face.score:.2f} at {left},{top} to {right},{bottom}")


if __name__ == "__main__":
    try:
        main()
    except twinface.TwinfaceError as error:
        sys.exit(str(error))
