"""Client of the LocalMamba model server.

    from localmamba import Client

    with Client("127.0.0.1:8500") as client:
        print(client.classify("photo.jpg").best.name)

`Client` and `AsyncClient` classify and embed images; `AdminClient` runs training jobs and changes
which model versions are served. Failed calls raise a `LocalMambaError`. The messages of the wire
are in `localmamba.v1` and `localmamba.admin.v1`.
"""

from localmamba.admin_client import AdminClient
from localmamba.async_client import AsyncClient
from localmamba.client import Client
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
from localmamba.results import Classification, ClassScore, Embedding, ServedVersion, Task, Timings
from localmamba.retry import RetryPolicy

__version__ = "0.1.0"

__all__ = [
    "AdminClient",
    "AsyncClient",
    "ClassScore",
    "Classification",
    "Client",
    "DeadlineExceededError",
    "Embedding",
    "Epoch",
    "FailedPreconditionError",
    "ImageLike",
    "InvalidArgumentError",
    "Job",
    "JobState",
    "LocalMambaError",
    "NotFoundError",
    "Outcome",
    "Phase",
    "Progress",
    "RepositoryModel",
    "RepositoryVersion",
    "RequestOptions",
    "ResourceExhaustedError",
    "RetryPolicy",
    "ServedVersion",
    "SkippedError",
    "Task",
    "Timings",
    "UnavailableError",
    "VersionState",
]
