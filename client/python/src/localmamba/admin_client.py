"""The client of the admin port."""

from __future__ import annotations

import codecs
import os
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, TypeVar

import grpc
from google.protobuf import empty_pb2

from localmamba import jobs, repository
from localmamba.admin.v1 import jobs_pb2, models_pb2
from localmamba.connection import ChannelOption, Connection, Method, channel_options
from localmamba.jobs import Job, JobState
from localmamba.repository import RepositoryModel, RepositoryVersion
from localmamba.retry import RetryPolicy

Self = TypeVar("Self", bound="AdminClient")

_JOBS = "/localmamba.admin.v1.JobService"
_MODELS = "/localmamba.admin.v1.ModelService"

_CREATE_TRAINING_JOB = Method(
    f"{_JOBS}/CreateTrainingJob", jobs_pb2.CreateTrainingJobRequest, jobs_pb2.Job
)
_CREATE_SCAN_SEARCH_JOB = Method(
    f"{_JOBS}/CreateScanSearchJob", jobs_pb2.CreateScanSearchJobRequest, jobs_pb2.Job
)
_GET_JOB = Method(f"{_JOBS}/GetJob", jobs_pb2.GetJobRequest, jobs_pb2.Job)
_LIST_JOBS = Method(f"{_JOBS}/ListJobs", jobs_pb2.ListJobsRequest, jobs_pb2.ListJobsResponse)
_WATCH_JOB = Method(f"{_JOBS}/WatchJob", jobs_pb2.WatchJobRequest, jobs_pb2.Job)
_GET_JOB_LOGS = Method(
    f"{_JOBS}/GetJobLogs", jobs_pb2.GetJobLogsRequest, jobs_pb2.GetJobLogsResponse
)
_CANCEL_JOB = Method(f"{_JOBS}/CancelJob", jobs_pb2.CancelJobRequest, jobs_pb2.Job)
_RESUME_JOB = Method(f"{_JOBS}/ResumeJob", jobs_pb2.ResumeJobRequest, jobs_pb2.Job)
_DELETE_JOB = Method(f"{_JOBS}/DeleteJob", jobs_pb2.DeleteJobRequest, empty_pb2.Empty)
_LIST_MODELS = Method(
    f"{_MODELS}/ListModels", models_pb2.ListModelsRequest, models_pb2.ListModelsResponse
)
_LOAD_VERSION = Method(
    f"{_MODELS}/LoadVersion", models_pb2.LoadVersionRequest, models_pb2.ModelVersion
)
_UNLOAD_VERSION = Method(
    f"{_MODELS}/UnloadVersion", models_pb2.UnloadVersionRequest, models_pb2.ModelVersion
)
_SET_VERSION_LABEL = Method(
    f"{_MODELS}/SetVersionLabel", models_pb2.SetVersionLabelRequest, models_pb2.Model
)
_DELETE_VERSION = Method(
    f"{_MODELS}/DeleteVersion", models_pb2.DeleteVersionRequest, empty_pb2.Empty
)


class AdminClient:
    """Runs training jobs on a server and changes which versions it serves. Safe to use from several
    threads.

    The arguments are those of Client. Calls raise LocalMambaError. Those that a lost answer would
    make unclear (cancel, resume, unload and delete) are not repeated after a failure.
    """

    def __init__(
        self,
        target: str = "127.0.0.1:8502",
        *,
        timeout: float = 30.0,
        retry: RetryPolicy = RetryPolicy(),
        credentials: grpc.ChannelCredentials | None = None,
        max_message_bytes: int | None = None,
        options: Sequence[ChannelOption] = (),
    ) -> None:
        self._connection = Connection.open(
            target,
            timeout=timeout,
            retry=retry,
            credentials=credentials,
            options=channel_options("pick_first", max_message_bytes, options),
        )

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the connection; calls under way are cancelled."""
        self._connection.close()

    # Jobs

    def submit_job(
        self,
        run: Mapping[str, Any] | str | os.PathLike[str],
        *,
        model: str,
        idempotency_key: str = "",
        timeout: float | None = None,
    ) -> Job:
        """Queues a job whose result becomes a new version of `model`.

        run: the content or the path of a run.json (localmamba.v1.TrainingRun); with `search` in it
            the job searches scan directions first.
        idempotency_key: a second submission with the same key gives the job of the first. By
            default each call is a job of its own, even if it is repeated after a failure.
        """
        message = jobs.training_run(run)
        key = idempotency_key or str(uuid.uuid4())
        if message.HasField("search"):
            search = jobs_pb2.CreateScanSearchJobRequest(
                run=message, model=model, idempotency_key=key
            )
            return jobs.job(self._connection.call(_CREATE_SCAN_SEARCH_JOB, search, timeout))
        train = jobs_pb2.CreateTrainingJobRequest(run=message, model=model, idempotency_key=key)
        return jobs.job(self._connection.call(_CREATE_TRAINING_JOB, train, timeout))

    def get_job(self, id: str, *, timeout: float | None = None) -> Job:
        return jobs.job(self._connection.call(_GET_JOB, jobs_pb2.GetJobRequest(id=id), timeout))

    def list_jobs(
        self, states: Iterable[JobState] = (), *, timeout: float | None = None
    ) -> Iterator[Job]:
        """Jobs in one of `states`, by default all; the newest first. `timeout` is that of each page
        of answers.
        """
        request = jobs_pb2.ListJobsRequest(
            states=[jobs_pb2.JobState.Name(state.value) for state in states]
        )
        while True:
            page = self._connection.call(_LIST_JOBS, request, timeout)
            yield from map(jobs.job, page.jobs)
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    def watch_job(self, id: str, *, timeout: float | None = None) -> Iterator[Job]:
        """The job as it is now, then after each change, until it has ended; by default without a
        deadline.
        """
        request = jobs_pb2.WatchJobRequest(id=id)
        yield from map(jobs.job, self._connection.stream(_WATCH_JOB, request, timeout))

    def job_logs(
        self, id: str, *, follow: bool = False, offset: int = 0, timeout: float | None = None
    ) -> Iterator[str]:
        """What the trainer wrote, in pieces, from byte `offset` on; with `follow` until the job has
        ended; by default without a deadline.
        """
        request = jobs_pb2.GetJobLogsRequest(id=id, follow=follow, offset=offset)
        pieces = self._connection.stream(_GET_JOB_LOGS, request, timeout)
        yield from codecs.iterdecode((piece.text for piece in pieces), "utf-8", errors="replace")

    def cancel_job(self, id: str, *, timeout: float | None = None) -> Job:
        """A job that runs writes a checkpoint first: watch_job tells when it has ended."""
        request = jobs_pb2.CancelJobRequest(id=id)
        return jobs.job(self._connection.call(_CANCEL_JOB, request, timeout, repeatable=False))

    def resume_job(self, id: str, *, timeout: float | None = None) -> Job:
        """Queues a job that failed or was cancelled, to go on from its last checkpoint."""
        request = jobs_pb2.ResumeJobRequest(id=id)
        return jobs.job(self._connection.call(_RESUME_JOB, request, timeout, repeatable=False))

    def delete_job(self, id: str, *, timeout: float | None = None) -> None:
        """Removes a job that has ended, and its files; versions it published stay."""
        request = jobs_pb2.DeleteJobRequest(id=id)
        self._connection.call(_DELETE_JOB, request, timeout, repeatable=False)

    # Models

    def list_models(self, *, timeout: float | None = None) -> tuple[RepositoryModel, ...]:
        """What is in the repository, loaded or not, by name."""
        response = self._connection.call(_LIST_MODELS, models_pb2.ListModelsRequest(), timeout)
        return tuple(map(repository.model, response.models))

    def load_version(
        self, model: str, version: int, *, timeout: float | None = None
    ) -> RepositoryVersion:
        """Lets a version serve, once it is warm; that may take longer than other calls."""
        request = models_pb2.LoadVersionRequest(model=model, version=version)
        return repository.version(self._connection.call(_LOAD_VERSION, request, timeout))

    def unload_version(
        self, model: str, version: int, *, timeout: float | None = None
    ) -> RepositoryVersion:
        """Frees a version once requests in flight are answered."""
        request = models_pb2.UnloadVersionRequest(model=model, version=version)
        return repository.version(
            self._connection.call(_UNLOAD_VERSION, request, timeout, repeatable=False)
        )

    def set_label(
        self, model: str, label: str, version: int, *, timeout: float | None = None
    ) -> RepositoryModel:
        """Points a label, such as "stable", at a version that serves; version 0 removes it."""
        request = models_pb2.SetVersionLabelRequest(model=model, label=label, version=version)
        return repository.model(self._connection.call(_SET_VERSION_LABEL, request, timeout))

    def delete_version(self, model: str, version: int, *, timeout: float | None = None) -> None:
        """Removes the folder of a version that is not loaded and has no label."""
        request = models_pb2.DeleteVersionRequest(model=model, version=version)
        self._connection.call(_DELETE_VERSION, request, timeout, repeatable=False)
