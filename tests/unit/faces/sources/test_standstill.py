import numpy as np

from twinface.faces.sources.live import Standstill


def test_it_lasts_as_long_as_every_picture_is_exactly_the_same() -> None:
    still = Standstill()
    picture = np.zeros((4, 4, 3), np.uint8)
    lasted_s = []
    for second in range(5):
        still.look(picture.copy(), float(second))
        lasted_s.append(still.lasts_s)
    assert lasted_s == [0, 1, 2, 3, 4]
    picture[0, 0, 0] = 1
    still.look(picture, 5.0)
    assert still.lasts_s == 0
    still.look(picture, 6.0)
    assert still.lasts_s == 1
    still.look(np.zeros((2, 2, 3), np.uint8), 7.0)
    assert still.lasts_s == 0


def test_one_picture_a_second_is_compared() -> None:
    still = Standstill()
    still.look(np.zeros((4, 4, 3), np.uint8), 0.0)
    still.look(np.ones((4, 4, 3), np.uint8), 0.5)
    still.look(np.zeros((4, 4, 3), np.uint8), 1.0)
    assert still.lasts_s == 1
