"""AdminClient against a real server whose trainer learns nothing (tests/support/fake_trainer.py)."""

import itertools
import json

import numpy as np
import pytest
from server_process import ServerProcess

import localmamba
from localmamba import AdminClient, Client, JobState, Phase, VersionState

TIMEOUT = 60


class Jobs:
    """A server with jobs, and the run that they are made of."""

    def __init__(self, programs, source, folder):
        repository = folder / "models"
        repository.mkdir()
        for path in (repository / "tiny", folder / "result"):
            programs.init_tiny(path)
        self.script({"epochs": 3, "result": str(folder / "result")}, folder)
        self.hold = folder / "hold"  # as long as this file is there, the trainer waits
        self.run = {
            "model": json.loads((folder / "result/model.json").read_text()),
            "data": {"path": str(folder)},
        }
        self.run_file = folder / "run.json"
        self.run_file.write_text(json.dumps(self.run))
        self.server = ServerProcess(
            programs.server,
            repository,
            "--drain-delay",
            "0s",
            "--trainer",
            str(source / "tests/support/fake_trainer.py"),
        )
        self.admin = AdminClient(self.server.admin_target, timeout=TIMEOUT)

    @staticmethod
    def script(content, folder):
        (folder / "script.json").write_text(json.dumps(content))

    def submit(self):
        return self.admin.submit_job(self.run, model="tiny")

    def end(self, job):
        """The job once it has ended."""
        return list(self.admin.watch_job(job.id, timeout=TIMEOUT))[-1]


@pytest.fixture
def jobs(programs, source, tmp_path):
    jobs = Jobs(programs, source, tmp_path)
    with jobs.server, jobs.admin:
        yield jobs


def test_a_job_from_submission_to_a_labelled_version(jobs):
    submitted = jobs.admin.submit_job(jobs.run_file, model="tiny")
    assert submitted.state in (JobState.QUEUED, JobState.RUNNING)
    assert submitted.model == "tiny"
    job = jobs.end(submitted)
    assert job.state is JobState.SUCCEEDED
    assert job.state.ended
    assert (job.id, job.version, job.attempts, job.device) == (submitted.id, 2, 1, "cpu")
    assert job.create_time <= job.start_time <= job.end_time
    assert [(epoch.phase, epoch.epoch) for epoch in job.epochs] == [
        (Phase.TRAIN, n) for n in (1, 2, 3)
    ]
    assert job.run["data"] == jobs.run["data"]
    assert jobs.admin.get_job(job.id) == job
    assert "".join(jobs.admin.job_logs(job.id, follow=True)).endswith("finished\n")
    assert list(jobs.admin.job_logs(job.id, offset=10**6)) == []

    [model] = jobs.admin.list_models()
    assert (model.name, [version.version for version in model.versions]) == ("tiny", [1, 2])
    assert model.spec["local_vim"]["embed_dim"] == 16
    assert model.versions[1].state is VersionState.SERVING
    assert jobs.admin.set_label("tiny", "stable", 2).versions[1].labels == ("stable",)
    with Client(jobs.server.grpc_target, timeout=TIMEOUT) as client:
        assert client.classify(np.zeros((9, 9, 3), np.uint8), version="stable").version == 2
    assert jobs.admin.unload_version("tiny", 1).state is VersionState.UNLOADED
    assert jobs.admin.load_version("tiny", 1).state is VersionState.SERVING
    jobs.admin.unload_version("tiny", 1)
    jobs.admin.delete_version("tiny", 1)
    jobs.admin.set_label("tiny", "stable", 0)
    assert [version.labels for version in jobs.admin.list_models()[0].versions] == [()]

    jobs.admin.delete_job(job.id)
    assert list(jobs.admin.list_jobs()) == []


def test_a_job_is_cancelled_and_resumed(jobs):
    jobs.hold.touch()
    job = jobs.submit()
    running = next(each for each in jobs.admin.watch_job(job.id, timeout=TIMEOUT) if each.progress)
    assert running.state is JobState.RUNNING
    assert running.progress.phase is Phase.TRAIN
    assert [each.id for each in jobs.admin.list_jobs([JobState.RUNNING])] == [job.id]
    assert list(jobs.admin.list_jobs([JobState.FAILED])) == []
    jobs.admin.cancel_job(job.id)
    assert jobs.end(job).state is JobState.CANCELLED
    with pytest.raises(localmamba.FailedPreconditionError):
        jobs.admin.cancel_job(job.id)
    jobs.hold.unlink()
    jobs.admin.resume_job(job.id)
    assert jobs.end(job).state is JobState.SUCCEEDED


def test_failures_are_told(jobs, tmp_path):
    jobs.script({"exit": 3, "message": "loss is NaN at step 7"}, tmp_path)
    job = jobs.end(jobs.submit())
    assert job.state is JobState.FAILED
    assert "loss is NaN at step 7" in job.message
    with pytest.raises(localmamba.NotFoundError):
        jobs.admin.get_job("job-77")
    with pytest.raises(localmamba.NotFoundError):
        list(jobs.admin.watch_job("job-77"))
    with pytest.raises(localmamba.NotFoundError):
        jobs.admin.load_version("tiny", 77)


def test_keys_and_pages(jobs):
    jobs.hold.touch()
    first = jobs.admin.submit_job(jobs.run, model="tiny", idempotency_key="key")
    assert jobs.admin.submit_job(jobs.run, model="tiny", idempotency_key="key").id == first.id
    others = [jobs.submit().id for _ in range(2)]
    listed = [job.id for job in itertools.islice(jobs.admin.list_jobs(), 9)]
    assert listed == [*reversed(others), first.id]


@pytest.mark.parametrize(
    "content, message",
    [
        ('{"dat": {}}', 'no field named "dat"'),
        ("[{}]", "found JSON of type list, wanted a JSON object"),
        ("{", "wanted a JSON object"),
    ],
)
def test_a_run_that_is_none_is_refused_before_the_wire(tmp_path, content, message):
    path = tmp_path / "run.json"
    path.write_text(content)
    with AdminClient("127.0.0.1:1") as admin:
        with pytest.raises(localmamba.InvalidArgumentError, match=message) as refused:
            admin.submit_job(path, model="tiny")
        assert str(path) in refused.value.message
        with pytest.raises(FileNotFoundError):
            admin.submit_job(tmp_path / "nothing.json", model="tiny")
