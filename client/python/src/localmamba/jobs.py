"""Training jobs, as the admin port tells about them."""

from __future__ import annotations

import dataclasses
import datetime
import enum
import json
import os
import pathlib
from collections.abc import Mapping
from typing import Any

from google.protobuf import json_format
from google.protobuf.timestamp_pb2 import Timestamp

from localmamba.admin.v1 import jobs_pb2
from localmamba.errors import invalid
from localmamba.v1 import trainer_event_pb2, training_pb2


class JobState(enum.Enum):
    """The values are those of localmamba.admin.v1.JobState."""

    UNSPECIFIED = 0
    QUEUED = 1
    RUNNING = 2
    SUCCEEDED = 3
    FAILED = 4
    CANCELLED = 5

    @property
    def ended(self) -> bool:
        return self in (JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED)


class Phase(enum.Enum):
    """The values are those of localmamba.v1.Phase."""

    UNSPECIFIED = 0
    SEARCH = 1  #: for scan directions
    TRAIN = 2


@dataclasses.dataclass(frozen=True)
class Progress:
    """How far a run is, about once a second."""

    phase: Phase
    step: int  #: optimiser steps done
    total_steps: int
    epoch: float
    loss: float  #: mean since the report before
    learning_rate: float
    images_per_second: float
    seconds_left: float


@dataclasses.dataclass(frozen=True)
class Epoch:
    """An epoch that was finished."""

    phase: Phase
    epoch: int  #: counted from 1
    train_loss: float
    validation_loss: float | None  #: None, as top1 and top5, if the epoch was not evaluated
    top1: float | None  #: 0 to 1
    top5: float | None
    seconds: float


@dataclasses.dataclass(frozen=True)
class Job:
    """A training or search job."""

    id: str
    state: JobState
    model: str  #: whose new version the result becomes
    run: dict[str, Any]  #: localmamba.v1.TrainingRun, as in a run.json
    version: int  #: that was published; 0 for none
    message: str  #: why it failed or was cancelled, or succeeded without a version
    device: str  #: that the last attempt ran on, for example "cuda:0"
    attempts: int  #: times that it was started
    cancel_requested: bool
    create_time: datetime.datetime | None
    start_time: datetime.datetime | None  #: of the last attempt
    end_time: datetime.datetime | None
    progress: Progress | None  #: None before the first report
    epochs: tuple[Epoch, ...]  #: over all attempts; left out by list_jobs
    directions: tuple[tuple[str, ...], ...]  #: of each layer, that a search found
    checkpoint: str  #: path on the server


def job(message: jobs_pb2.Job) -> Job:
    return Job(
        id=message.id,
        state=JobState(message.state),
        model=message.model,
        run=json_format.MessageToDict(message.run, preserving_proto_field_name=True),
        version=message.version,
        message=message.message,
        device=message.device,
        attempts=message.attempts,
        cancel_requested=message.cancel_requested,
        create_time=_time(message.create_time) if message.HasField("create_time") else None,
        start_time=_time(message.start_time) if message.HasField("start_time") else None,
        end_time=_time(message.end_time) if message.HasField("end_time") else None,
        progress=_progress(message.progress) if message.HasField("progress") else None,
        epochs=tuple(_epoch(each) for each in message.epochs),
        directions=tuple(tuple(each.directions) for each in message.directions.layers),
        checkpoint=message.checkpoint,
    )


def training_run(run: Mapping[str, Any] | str | os.PathLike[str]) -> training_pb2.TrainingRun:
    """Of the content or the path of a run.json. Raises InvalidArgumentError, OSError."""
    name = "run"
    if not isinstance(run, Mapping):
        name = os.fspath(run)
        run = _read_object(pathlib.Path(name))
    try:
        return json_format.ParseDict(dict(run), training_pb2.TrainingRun())
    except json_format.ParseError as error:
        raise invalid(name, str(error), "a localmamba.v1.TrainingRun") from error


def _read_object(path: pathlib.Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_bytes())
    except ValueError as error:
        raise invalid(str(path), str(error), "a JSON object") from error
    if not isinstance(content, dict):
        raise invalid(str(path), f"JSON of type {type(content).__name__}", "a JSON object")
    return content


def _time(time: Timestamp) -> datetime.datetime:
    return time.ToDatetime(tzinfo=datetime.timezone.utc)


def _progress(message: trainer_event_pb2.TrainingProgress) -> Progress:
    return Progress(
        phase=Phase(message.phase),
        step=message.step,
        total_steps=message.total_steps,
        epoch=message.epoch,
        loss=message.loss,
        learning_rate=message.learning_rate,
        images_per_second=message.images_per_second,
        seconds_left=message.seconds_left,
    )


def _epoch(message: trainer_event_pb2.EpochFinished) -> Epoch:
    return Epoch(
        phase=Phase(message.phase),
        epoch=message.epoch,
        train_loss=message.train_loss,
        validation_loss=message.validation_loss if message.HasField("validation_loss") else None,
        top1=message.top1 if message.HasField("top1") else None,
        top5=message.top5 if message.HasField("top5") else None,
        seconds=message.seconds,
    )
