"""Distillation (Hinton, Vinyals and Dean 2015): a small network learns from a large one's soft answers."""

from ..base.spec import WEIGHTS, Checkpoint, DemoSpec, Paper

_FOLDER = WEIGHTS / "distilled_digits"


def _pocket(name: str, title: str, parameters: float) -> Checkpoint:
    return Checkpoint(id=f"pocket-{name}", name=title, licence="Apache-2.0", parameters=parameters, folder=_FOLDER / name)


SPEC = DemoSpec(
    id="distilled_digits",
    era="efficiency",
    paper=Paper("Distilling the Knowledge in a Neural Network", "Hinton, Vinyals, Dean", 2015, "1503.02531"),
    # Parameters in millions, the statistics of batch norms counted in, as the files hold them.
    checkpoints=(_pocket("teacher", "Digit teacher", 0.3078), _pocket("distilled", "Digit student, distilled", 0.0092),
                 _pocket("hard", "Digit student, labels only", 0.0092),
                 _pocket("missing", "Digit student, one digit missing", 0.0092)),
    place=1,
)
