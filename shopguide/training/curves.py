"""Learning curves as event files that TensorBoard reads."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tensorboardX.proto.event_pb2 import Event
    from tensorboardX.record_writer import RecordWriter

FILE = "events.out.tfevents.0"
"""TensorBoard knows event files by `tfevents` in their names."""

Curves = Mapping[str, Mapping[str, Sequence[float]]]
"""Family → name of the curve → its value after each epoch."""


class CurveWriter:
    """Adds points to curves, as tensorboardX's `SummaryWriter` does.

    That one writes the time and the machine's name into its files; here the same curves always make the same file: the
    step is the time too, in seconds.
    """

    def __init__(self, records: "RecordWriter") -> None:
        from tensorboardX.proto.event_pb2 import Event

        self._records = records
        self._write(Event(wall_time=0.0, file_version="brain.Event:2"))

    def add_scalar(self, tag: str, scalar_value: float, global_step: int) -> None:
        """Add a point to the curve `tag`."""
        from tensorboardX.proto.event_pb2 import Event
        from tensorboardX.proto.summary_pb2 import Summary

        summary = Summary(value=[Summary.Value(tag=tag, simple_value=float(scalar_value))])
        self._write(Event(wall_time=float(global_step), step=global_step, summary=summary))

    def _write(self, event: "Event") -> None:
        self._records.write(event.SerializeToString(deterministic=True))


@contextmanager
def curve_writer(folder: Path, family: str) -> Iterator[CurveWriter]:
    """Open the event file of a family: a run of its own in TensorBoard.

    Args:
        folder: for `tensorboard --logdir`; made if it is not there.
        family: name of the run.
    """
    from tensorboardX.record_writer import RecordWriter

    run = folder / family
    run.mkdir(parents=True, exist_ok=True)
    records: Any = RecordWriter(str(run / FILE))
    try:
        yield CurveWriter(records)
    finally:
        records.close()


def write_curves(folder: Path, curves: Curves) -> None:
    """Write the learning curves of all families; epochs count from 1."""
    for family, named in curves.items():
        with curve_writer(folder, family) as writer:
            for name, values in named.items():
                for epoch, value in enumerate(values, 1):
                    writer.add_scalar(name, value, epoch)
