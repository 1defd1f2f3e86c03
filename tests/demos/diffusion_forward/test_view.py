"""What the boards hold and what the page says of them."""

import base64

import numpy as np
import pytest

from demos.base.diffusion.checkpoints import POCKET
from demos.diffusion_forward import view
from demos.diffusion_forward.schema import Belief, DenoiseRequest, Drowned, DrownRequest, Frame, Network, Started, Sunk, WalkRequest
from demos.registry import find_demos

ASKED = {"prompt": "a cat", "negative": "", "guidance": 3.0, "seed": 7, "checkpoint": "pocket"}
NETWORK = Network(1000, "CPU", "float32", True, True, "")
PICTURE = np.zeros((4, 4, 3), np.uint8)


@pytest.fixture(scope="module", params=["en", "zh"])
def text(request):
    return next(demo for demo in find_demos() if demo.id == "diffusion_forward").text(request.param)


def flat(*levels: int) -> np.ndarray:
    return np.stack([np.full((4, 4, 3), level, np.uint8) for level in levels])


def drown_board(psnr: float = 30.0, stranger: bool = False, finish: bool = True) -> view.DrownBoard:
    board = view.DrownBoard(DrownRequest(**ASKED, picture=PICTURE), POCKET)
    board.add(Drowned(np.arange(3, dtype=np.float32).reshape(3, 1, 1), np.ones((3, 1, 1), np.float32), np.linspace(0.9, 0.1, 10),
                      np.eye(4, 3, dtype=np.float32), False, PICTURE, PICTURE, psnr, (0, 5, 10), stranger, NETWORK))
    board.add(Sunk(0, flat(0, 1, 2)))
    if finish:
        board.add(Belief(1, flat(20, 100), flat(1, 2), 4, 12.0))
    board.end()
    return board


def test_the_browser_gets_the_numbers_themselves():
    value = drown_board().value()
    assert np.frombuffer(base64.b64decode(value["clean"]), "<f4").tolist() == [0, 1, 2]
    assert np.allclose(np.frombuffer(base64.b64decode(value["alpha_bar"]), "<f8"), np.linspace(0.9, 0.1, 10))
    assert (value["shape"], value["length"], value["state"]) == ([3, 1, 1], 10, "done")
    assert [len(value[row]) for row in ("sunk", "prompted", "unprompted")] == [3, 2, 2]
    assert value["takeover"] == round(5 + 5 * 60 / 160)


def test_a_value_sent_is_not_changed_by_what_follows():
    board = drown_board(finish=False)
    before = board.value()
    board.add(Belief(1, flat(20, 100), None, 4, 12.0))
    assert before["prompted"] == [] and len(board.value()["prompted"]) == 2


def test_facts_and_guess(text):
    board = drown_board()
    assert "30.0" in view.facts_value(board, text)["sentence"]
    assert view.guess_value(board, text)["choice"] == 2          # 6.9 of 10 lies closest to 75 %
    stopped = drown_board(finish=False)
    assert stopped.value()["state"] == "stopped" and view.guess_value(stopped, text) is None
    assert text("result.stopped") in view.facts_value(stopped, text)["sentence"]


def test_a_picture_that_comes_back_badly_is_said_plainly(text):
    assert "18.3" in view.strangeness_note(drown_board(psnr=18.3), True, text)
    assert "30.0" in view.strangeness_note(drown_board(stranger=True), False, text)
    assert view.strangeness_note(drown_board(stranger=True), True, text) == ""
    assert view.strangeness_note(drown_board(), False, text) == ""


def test_the_way_back(text):
    board = view.BackBoard(DenoiseRequest(**ASKED, picture=PICTURE, t=5, steps=2), POCKET)
    board.add(Started((5, 2), flat(9), NETWORK, PICTURE))
    board.add(Frame(0, 0, 5, flat(5), False, 2, 1.0))
    assert board.value()["taken"] == 1 and not board.finished
    board.add(Frame(0, 1, 2, flat(10), True, 4, 2.0))
    board.end()
    assert board.value()["distance"] == 10 and "10.0" in view.facts_value(board, text)["sentence"]


def test_a_walk_is_done_when_all_its_pictures_are(text):
    board = view.WalkBoard(WalkRequest(**ASKED, other=8, count=3, steps=1), POCKET)
    norms = {"slerp": np.array([1, 1.01, 1]), "straight": np.array([1, 0.7, 1])}
    board.add(Started((10,), flat(1, 2, 3), NETWORK, norms=norms))
    board.add(Frame(0, 0, 10, flat(1, 2), True, 4, 1.0))
    assert not board.finished and board.taken == 2
    board.add(Frame(2, 0, 10, flat(3), True, 6, 2.0))
    assert board.finished
    assert "70" in view.facts_value(board, text)["sentence"]
    straight = view.WalkBoard(WalkRequest(**ASKED, other=8, count=3, steps=1, path="straight"), POCKET)
    assert straight.value()["key"] == board.value()["key"]       # so that the two rows may stand together
