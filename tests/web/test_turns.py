"""The line before the worker."""

import threading

from waiting import wait_for

from lowlight_utils.web.turns import Turns


def test_turns_come_in_the_order_in_which_they_were_asked_for():
    turns, order = Turns(), []

    def ask(number):
        with turns:
            order.append(number)

    turns.acquire()
    threads = []
    for number in range(20):
        threads.append(threading.Thread(target=ask, args=(number,)))
        threads[-1].start()
        wait_for(lambda: len(turns._line) == len(threads) + 1)
    turns.release()
    for thread in threads:
        thread.join()
    assert order == list(range(20))


def test_who_comes_back_at_once_stands_at_the_end_of_the_line():
    turns, order = Turns(), []

    def ask():
        with turns:
            order.append("the one who waited")

    turns.acquire()
    other = threading.Thread(target=ask)
    other.start()
    wait_for(lambda: len(turns._line) == 2)
    turns.release()
    turns.acquire()
    order.append("the one who came back")
    turns.release()
    other.join()
    assert order == ["the one who waited", "the one who came back"]


def test_only_one_has_its_turn_at_a_time():
    turns, inside, most = Turns(), [], []

    def ask():
        for _ in range(50):
            with turns:
                inside.append(None)
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(most) == 400 and max(most) == 1


def test_who_loses_patience_leaves_the_line_and_holds_up_nobody():
    turns = Turns()
    assert turns.acquire()
    assert not turns.acquire(timeout=0.01)
    turns.release()
    assert turns.acquire(timeout=0.01)
    turns.release()
