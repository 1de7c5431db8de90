import pytest

from twinface.errors import InputError
from twinface.faces.sources import find_kind
from twinface.faces.sources.address import CameraAddress


def test_the_parts_of_an_address() -> None:
    address = CameraAddress.parse("rtsp://admin:p%40ss%2F@door.lan/Streaming/Channels/101?a=b")
    assert (address.scheme, address.host, address.port) == ("rtsp", "door.lan", 554)
    assert (address.user, address.password) == ("admin", "p@ss/")
    assert address.bare_url == "rtsp://door.lan/Streaming/Channels/101?a=b"
    assert str(address) == "door.lan port 554"
    assert "p@ss" not in repr(address)
    assert "p%40ss" not in repr(address)


@pytest.mark.parametrize(
    "source", ["rtsp://admin:ge/heim@door/", "http://door:geheim/", "http://[geheim/", "http://door/ geheim"]
)
def test_a_url_that_is_none_is_one_line_without_its_password(source: str) -> None:
    with pytest.raises(InputError, match="%40 for @") as caught:
        find_kind(source)
    assert "heim" not in str(caught.value)
    assert caught.value.__cause__ is None
