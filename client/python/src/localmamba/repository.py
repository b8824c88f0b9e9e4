"""The models in a server's repository, loaded or not."""

from __future__ import annotations

import dataclasses
import enum
import json
from typing import Any

from google.protobuf import json_format

from localmamba.admin.v1 import models_pb2


class VersionState(enum.Enum):
    """The values are those of localmamba.admin.v1.ModelVersion.State."""

    UNSPECIFIED = 0
    UNLOADED = 1
    LOADING = 2
    SERVING = 3
    UNLOADING = 4
    FAILED = 5


@dataclasses.dataclass(frozen=True)
class RepositoryVersion:
    """One version of a model."""

    version: int
    state: VersionState
    message: str  #: why it failed
    labels: tuple[str, ...]  #: that point at it
    metrics: dict[str, Any] | None  #: metrics.json, if a job made the version


@dataclasses.dataclass(frozen=True)
class RepositoryModel:
    """One folder of the repository."""

    name: str
    spec: dict[str, Any]  #: localmamba.v1.ModelSpec, as in model.json
    versions: tuple[RepositoryVersion, ...]  #: ascending
    message: str  #: why the folder cannot be read; then there is no spec and no version


def version(message: models_pb2.ModelVersion) -> RepositoryVersion:
    return RepositoryVersion(
        version=message.version,
        state=VersionState(message.state),
        message=message.message,
        labels=tuple(message.labels),
        metrics=json.loads(message.metrics_json) if message.metrics_json else None,
    )


def model(message: models_pb2.Model) -> RepositoryModel:
    return RepositoryModel(
        name=message.name,
        spec=json_format.MessageToDict(message.spec, preserving_proto_field_name=True),
        versions=tuple(version(each) for each in message.versions),
        message=message.message,
    )
