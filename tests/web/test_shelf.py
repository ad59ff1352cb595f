from lowlight_utils.web.shelf import Shelf


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def test_a_file_is_kept_until_some_time_after_its_last_use():
    clock = Clock()
    shelf = Shelf(10, 100, clock)
    token = shelf.put(b"photo")
    clock.now = 9
    assert shelf.get(token) == b"photo"
    clock.now = 18
    assert shelf.get(token) == b"photo"
    clock.now = 29
    assert shelf.get(token) is None
    assert len(shelf) == 0


def test_the_oldest_go_when_there_is_no_room_and_too_large_ones_are_not_kept():
    shelf = Shelf(10, 100)
    first, second = shelf.put(b"a" * 60), shelf.put(b"b" * 40)
    third = shelf.put(b"c" * 30)
    assert shelf.get(first) is None
    assert shelf.get(second) == b"b" * 40
    assert shelf.get(third) == b"c" * 30
    assert shelf.put(b"d" * 101) is None


def test_tokens_cannot_be_guessed_and_what_is_dropped_is_gone():
    shelf = Shelf(10, 100)
    tokens = {shelf.put(b"") for _ in range(50)}
    assert len(tokens) == 50
    assert min(map(len, tokens)) >= 32
    token = shelf.put(b"photo")
    shelf.drop(token)
    shelf.drop("never there")
    assert shelf.get(token) is None


def test_counting_forgets_the_last_photo_too():
    clock = Clock()
    shelf = Shelf(10, 100, clock)
    shelf.put(b"photo")
    clock.now = 11
    assert len(shelf) == 0
