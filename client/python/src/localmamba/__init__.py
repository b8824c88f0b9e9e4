"""Client of the LocalMamba model server.

    from localmamba import Client

    with Client("127.0.0.1:8500") as client:
        print(client.classify("photo.jpg").best.name)

`Client` and `AsyncClient` classify, detect, segment and embed images; `AdminClient` runs training
jobs and changes which model versions are served. Failed calls raise a `LocalMambaError`. The
messages of the wire are in `localmamba.v1` and `localmamba.admin.v1`.
"""

from localmamba.admin_client import AdminClient
from localmamba.async_client import AsyncClient
from localmamba.client import Client
from localmamba.dense_results import (
    BoundingBox,
    Detection,
    Detections,
    Segmentation,
    SegmentedClass,
)
from localmamba.errors import (
    DeadlineExceededError,
    FailedPreconditionError,
    InvalidArgumentError,
    LocalMambaError,
    NotFoundError,
    ResourceExhaustedError,
    SkippedError,
    UnavailableError,
)
from localmamba.images import ImageLike
from localmamba.jobs import Epoch, Job, JobState, Phase, Progress
from localmamba.outcomes import Outcome
from localmamba.repository import RepositoryModel, RepositoryVersion, VersionState
from localmamba.requests import RequestOptions
from localmamba.results import (
    Classification,
    ClassScore,
    Embedding,
    ModelClass,
    ServedModel,
    ServedVersion,
    Task,
    Timings,
)
from localmamba.retry import RetryPolicy
from localmamba.run_lengths import RunLengths

__version__ = "0.1.0"

__all__ = [
    "AdminClient",
    "AsyncClient",
    "BoundingBox",
    "ClassScore",
    "Classification",
    "Client",
    "DeadlineExceededError",
    "Detection",
    "Detections",
    "Embedding",
    "Epoch",
    "FailedPreconditionError",
    "ImageLike",
    "InvalidArgumentError",
    "Job",
    "JobState",
    "LocalMambaError",
    "ModelClass",
    "NotFoundError",
    "Outcome",
    "Phase",
    "Progress",
    "RepositoryModel",
    "RepositoryVersion",
    "RequestOptions",
    "ResourceExhaustedError",
    "RetryPolicy",
    "RunLengths",
    "Segmentation",
    "SegmentedClass",
    "ServedModel",
    "ServedVersion",
    "SkippedError",
    "Task",
    "Timings",
    "UnavailableError",
    "VersionState",
]
