import pytest

from twinface.text import mask_address, mask_setting


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("0", "0"),
        ("/srv/door.mp4", "/srv/door.mp4"),
        ("rtsp://cam:554/live", "rtsp://cam:554/live"),
        ("rtsp://admin@cam/live", "rtsp://admin@cam/live"),
        ("rtsp://admin:geheim@cam:554/live", "rtsp://admin:***@cam:554/live"),
        ("rtsp://admin:ge@he/im@cam/live", "rtsp://admin:***@cam/live"),
        ("rtsp://:geheim@cam/live", "rtsp://:***@cam/live"),
        ("http://cam/snap.cgi?user=admin&pwd=geheim&channel=1", "http://cam/snap.cgi?user=admin&pwd=***&channel=1"),
        ("http://cam/?loginuse=a&loginpas=geheim#x", "http://cam/?loginuse=a&loginpas=***#x"),
        ("rtsp://cam/user=admin_password=ge_heim_channel=1", "rtsp://cam/user=admin_password=***"),
        ("rtsp://cam/user=admin&password=geheim&channel=1.sdp?real", "rtsp://cam/user=admin&password=***?real"),
        ("rtsp://admin:${DOOR}@cam/x?token=${file:/a/b@c}", "rtsp://admin:${DOOR}@cam/x?token=${file:/a/b@c}"),
        ("rtsp://admin:ge${DOOR}@cam/x?token=${B}", "rtsp://admin:***@cam/x?token=${B}"),
        ("https://cam/jpeg?Access_Token=geheim", "https://cam/jpeg?Access_Token=***"),
    ],
)
def test_an_address_is_shown_without_its_secrets(address: str, shown: str) -> None:
    assert mask_address(address) == shown


def test_a_setting_that_is_a_secret_is_not_shown() -> None:
    assert mask_setting("token", "geheim") == "***"
    assert mask_setting("token", "") == ""
    assert mask_setting("token_file", "/run/token") == "/run/token"
    assert mask_setting("source", "rtsp://a:geheim@cam") == "rtsp://a:***@cam"
    assert mask_setting("port", 8080) == 8080
    assert mask_setting("url", "https://example.org/services/geheim") == "https://***"
    assert mask_setting("url", "${file:/run/url}") == "${file:/run/url}"
