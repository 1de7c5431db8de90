"""`twinface token`: lets somebody in from another machine."""

from contextlib import suppress
from typing import Annotated

import typer

from twinface.cli.configuration import chosen_settings
from twinface.cli.console import note, say
from twinface.errors import InputError, UserError


def token(
    role: Annotated[
        str, typer.Option("--role", help="look: see everything; change: also enrol, correct, rename and forget.")
    ] = "look",
    replace: Annotated[
        bool, typer.Option("--replace", help="Make another one of this role; the one before ends at once.")
    ] = False,
) -> None:
    """Make the token that other machines have to bring where the page lets them in, and print it, once.

    There is one for each role. Whoever asks the page or its API sends it along:
    curl -H "Authorization: Bearer TOKEN" http://box:8080/api/v1/people
    """
    from twinface.corrections.audit_file import note as note_change
    from twinface.web.tokens import Role, make_token, token_path

    if role not in list(Role):
        raise InputError(f"--role {role}: expected {' or '.join(Role)}")
    path = token_path()
    made = make_token(path, Role(role), replace=replace)
    with suppress(UserError):  # without a configuration there is no box yet that could keep a record of it
        note_change(chosen_settings().gallery, "token", f"another token that may {role}")
    note(f"{path} has its hash, and nothing shows it again; keep it as you keep a password")
    say(made)
