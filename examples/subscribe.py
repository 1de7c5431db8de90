"""Say who is seen, as it happens, until every stream has ended or Ctrl-C. python examples/subscribe.py"""

import sys

import twinface


def main() -> None:
    names: dict[tuple[str, int | None], str | None] = {}
    with twinface.follow() as matches:
        for match in matches:
            track = match.camera, match.track
            if match.type == "match" and names.get(track) != match.name:
                names[track] = match.name
                score = match.score or 0.0
                print(
                    f"{match.camera}: track {match.track} is {match.name or 'nobody known'} ({score:.2f})", flush=True
                )


if __name__ == "__main__":
    try:
        main()
    except twinface.TwinfaceError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        pass
