"""`twinface token`: lets somebody in from another machine."""

from typing import Annotated

import typer

from twinface.cli.console import note, say


def token(
    replace: Annotated[bool, typer.Option("--replace", help="Make another one; the one before ends at once.")] = False,
) -> None:
    """Make the token that other machines have to bring where the page lets them in, and print it, once.

    Whoever asks the page or its API sends it along: curl -H "Authorization: Bearer TOKEN" http://box:8080/api/health
    """
    from twinface.web.tokens import make_token, token_path

    path = token_path()
    made = make_token(path, replace=replace)
    note(f"{path} has its hash, and nothing shows it again; keep it as you keep a password")
    say(made)
