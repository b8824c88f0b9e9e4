"""A server with jobs as people run it: the programs, and a trainer that learns nothing.

Usage: jobs_process_test.py SOURCE_DIR SERVER TOOL CLIENT [unittest options]
"""

import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from server_process import ServerProcess

TIMEOUT_S = 60


class JobsProcessTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.repository = self.folder / "models"
        self.repository.mkdir()
        for path in (self.repository / "tiny", self.folder / "result"):
            subprocess.run([TOOL, "init", "--variant", "local_vim_tiny", "--seed", "0", "--out", str(path)],
                           check=True, stdout=subprocess.DEVNULL)
        (self.folder / "script.json").write_text(
            json.dumps({"epochs": 3, "result": str(self.folder / "result")}))
        self.hold = self.folder / "hold"
        self.run_file = self.folder / "run.json"
        model = json.loads((self.folder / "result/model.json").read_text())
        self.run_file.write_text(json.dumps({"model": model, "data": {"path": str(self.folder)}}))
        self.sample = SOURCE / "deploy/samples/cat.jpg"

    def server(self, *flags: str, drain_delay: str = "0s") -> ServerProcess:
        return ServerProcess(SERVER, self.repository, "--trainer",
                             str(SOURCE / "tests/support/fake_trainer.py"), "--drain-delay", drain_delay,
                             *flags)

    def client(self, server: ServerProcess, *arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run([CLIENT, "--server", server.grpc_target, "--admin", server.admin_target,
                               *arguments], capture_output=True, text=True, timeout=TIMEOUT_S)

    def ok(self, server: ServerProcess, *arguments: str) -> str:
        result = self.client(server, *arguments)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        return result.stdout

    def job(self, server: ServerProcess) -> dict:
        return json.loads(self.ok(server, "jobs", "list", "--json"))

    def await_progress(self, server: ServerProcess) -> None:
        deadline = time.monotonic() + TIMEOUT_S
        while "progress" not in self.job(server):
            self.assertLess(time.monotonic(), deadline)

    def submit(self, server: ServerProcess) -> None:
        self.ok(server, "jobs", "submit", str(self.run_file), "--model", "tiny")

    def test_a_job_from_submission_to_a_labelled_version(self):
        with self.server() as server:
            shown = self.ok(server, "jobs", "submit", str(self.run_file), "--model", "tiny", "--watch",
                            "--curve")
            self.assertIn("succeeded", shown)
            self.assertRegex(shown, r"succeeded, train epoch 3\.0/3, loss 0\.3333")
            self.assertIn("version 2 of tiny", shown)
            self.assertIn("* training loss", shown)
            self.assertIn("job-1", self.ok(server, "jobs", "list", "--state", "succeeded"))
            self.assertIn("finished", self.ok(server, "jobs", "logs", "job-1"))
            self.assertIn("serving", self.ok(server, "models", "list"))
            self.ok(server, "models", "label", "tiny", "2", "stable")
            self.assertIn("tiny version 2", self.ok(server, "classify", str(self.sample), "--version", "stable"))
            self.ok(server, "models", "unload", "tiny", "1")
            line = json.loads(self.ok(server, "--json", "models", "delete", "tiny", "1"))
            self.assertEqual(line, {"model": "tiny", "version": 1, "deleted": True})
            texts = [json.loads(line)["text"]
                     for line in self.ok(server, "--json", "jobs", "logs", "job-1").splitlines()]
            self.assertEqual(texts, ["training on cpu from epoch 0", "finished"])
            line = json.loads(self.ok(server, "--json", "jobs", "delete", "job-1"))
            self.assertEqual(line, {"job": "job-1", "deleted": True})
            self.assertEqual(self.ok(server, "jobs", "list", "--json"), "")

    def test_a_killed_server_goes_on_with_its_job(self):
        self.hold.touch()
        with self.server() as server:
            self.submit(server)
            self.await_progress(server)
            self.ok(server, "classify", str(self.sample))
            server.kill()
        with self.server() as server:
            self.await_progress(server)  # the first trainer has stopped, and given its lock away
            self.assertEqual(self.job(server)["state"], "JOB_STATE_RUNNING")
            self.hold.unlink()
            self.assertIn("version 2 of tiny", self.ok(server, "jobs", "watch", "job-1"))
            self.assertEqual(self.job(server)["attempts"], 2)
            log = self.ok(server, "jobs", "logs", "job-1")
            self.assertEqual(log.count("training on cpu"), 2)
            self.assertEqual(log.count("stopped"), 1)

    def test_a_server_that_stops_leaves_its_job_to_the_next(self):
        self.hold.touch()
        with self.server() as server:
            self.submit(server)
            self.await_progress(server)
            server.terminate()
            self.assertEqual(server.wait(), 0)
        self.hold.unlink()
        with self.server() as server:
            self.assertIn("version 2 of tiny", self.ok(server, "jobs", "watch", "job-1"))

    def test_a_signal_to_the_whole_group_is_no_failure_of_the_job(self):
        self.hold.touch()
        with self.server(drain_delay="1s") as server:
            self.submit(server)
            self.await_progress(server)
            server.terminate()
            server.await_log("draining")
            os.kill(int((self.repository / ".jobs/job-1/lock").read_text()), signal.SIGTERM)
            self.assertEqual(server.wait(), 0)
        self.hold.unlink()
        with self.server() as server:
            self.assertIn("version 2 of tiny", self.ok(server, "jobs", "watch", "job-1"))

    def test_devices_and_folder_of_jobs_are_checked_at_the_start(self):
        config = self.folder / "server.json"
        (self.folder / "link").symlink_to(self.repository / "tiny")
        among = [self.repository, f"{self.repository}/jobs/", self.repository / ".other",
                 self.repository / "tiny/jobs", self.repository / "tiny/1", self.folder / "link/jobs",
                 self.repository / ".jobs/../tiny/1/jobs"]
        cases = [({"jobs_folder": str(folder)}, "among the models") for folder in among]
        for admin, message in [({"devices": ["gpu"]}, 'admin.devices: device "gpu"'), *cases]:
            config.write_text(json.dumps({"model_repository": str(self.repository), "admin": admin}))
            result = subprocess.run([SERVER, "--config", str(config)], capture_output=True, text=True,
                                    timeout=TIMEOUT_S)
            self.assertEqual(result.returncode, 2)
            self.assertIn(message, result.stderr)

    def test_failures_are_told(self):
        (self.folder / "script.json").write_text(json.dumps({"exit": 3, "message": "loss is NaN at step 7"}))
        with self.server() as server:
            self.submit(server)
            watched = self.client(server, "jobs", "watch", "job-1")
            self.assertEqual(watched.returncode, 1)
            self.assertIn("loss is NaN at step 7", watched.stdout)
            self.run_file.write_text('{"dat": {}}')
            bad = self.client(server, "jobs", "submit", str(self.run_file), "--model", "tiny")
            self.assertEqual(bad.returncode, 2)
            self.assertIn("dat", bad.stderr)
            self.assertEqual(self.client(server, "jobs", "cancel", "job-1").returncode, 2)
            self.assertEqual(self.client(server, "jobs", "watch", "job-7").returncode, 2)

    def test_the_client_tells_what_is_wrong_with_its_command_line(self):
        with self.server() as server:
            for content in (None, ""):
                if content is not None:
                    self.run_file.write_text(content)
                path = self.folder if content is None else self.run_file
                failed = self.client(server, "jobs", "submit", str(path), "--model", "tiny")
                self.assertEqual(failed.returncode, 2)
                self.assertIn("LOCAL_FILE: cannot be read or is empty", failed.stderr)
            self.run_file.write_text("[{}]")
            failed = self.client(server, "jobs", "submit", str(self.run_file), "--model", "tiny")
            self.assertEqual(failed.returncode, 2)
            self.assertIn("wanted a JSON object", failed.stderr)
            failed = self.client(server, "jobs", "submit", str(self.run_file), "--model", "tiny", "--curve")
            self.assertEqual(failed.returncode, 2)
            self.assertIn("--watch", failed.stderr)
            failed = subprocess.run([CLIENT, "jobs", "list", "--admin", server.grpc_target],
                                    capture_output=True, text=True, timeout=TIMEOUT_S)
            self.assertEqual(failed.returncode, 2)
            self.assertIn(f"{server.grpc_target} has no such service; --admin wants", failed.stderr)

    def test_without_an_admin_port_there_are_no_jobs(self):
        with self.server("--admin", "false") as server:
            self.assertIsNone(server.admin_target)
            self.assertFalse((self.repository / ".jobs").exists())


if __name__ == "__main__":
    SOURCE = pathlib.Path(sys.argv[1])
    SERVER, TOOL, CLIENT = sys.argv[2:5]
    unittest.main(argv=[sys.argv[0], *sys.argv[5:]])
