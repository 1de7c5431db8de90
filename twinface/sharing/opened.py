"""The shared database as commands and pages use it: connected for one question, its schema looked at, not changed."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

from twinface.errors import DatabaseError, InputError
from twinface.postgres.connecting import connect, errors_of
from twinface.postgres.migrations import all_migrations, schema_version
from twinface.postgres.tables import Connection
from twinface.settings import Settings


def shares_events(settings: Settings) -> bool:
    """Whether what this box sees goes to a database of several boxes."""
    return bool(settings.database.url) and settings.database.events


@contextmanager
def shared_events(settings: Settings) -> Iterator[Connection]:
    """A connection to the database that has the events of all boxes.

    Raises InputError where this box shares none, DatabaseError where it cannot be had, within the block too.
    """
    if not shares_events(settings):
        raise InputError("this box shares no events; set [database] url, and leave [database] events on")
    with shared_database(settings) as connection:
        yield connection


@contextmanager
def shared_database(settings: Settings) -> Iterator[Connection]:
    """A connection to the database that boxes share. Raises InputError where this box has none, else as above."""
    url = settings.database.url
    if not url:
        raise InputError("this box shares nothing; set [database] url to a PostgreSQL that others have, too")
    with closing(connect(url, f"twinface {settings.box_name}")) as connection, errors_of(url):
        version, newest = schema_version(connection), all_migrations()[-1].number
        if version != newest:
            mend = "`twinface up` brings it up to date" if version < newest else "update this box"
            raise DatabaseError(f"the database's schema has number {version}, this twinface takes {newest}; {mend}")
        yield connection
