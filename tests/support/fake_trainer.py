#!/usr/bin/env python3
"""Stands in for localmamba_trainer: speaks its command line, events and exit codes, and learns nothing.

The folder that run.data.path names tells what happens: `script.json`, an object with
  epochs          number of epochs (default 2)
  result          model folder that becomes the result (default: none is reported)
  exit            end with this status after the first epoch
  message         reported as the failure before that
  garbage         write this text in place of events
  deaf            ignore SIGTERM
and a file `hold`: as long as it exists, every epoch waits.
"""

import argparse
import json
import os
import pathlib
import shutil
import signal
import struct
import sys
import time

PHASE_TRAIN = 2


def varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def field(number: int, value) -> bytes:
    """A field of a protobuf message: an int, a float, a string, or the bytes of a message."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    if isinstance(value, float):
        return varint(number << 3 | 1) + struct.pack("<d", value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def message(fields: dict) -> bytes:
    return b"".join(field(number, value) for number, value in fields.items())


def main() -> int:
    parser = argparse.ArgumentParser()
    for flag in ("--run", "--output", "--events-fd", "--device"):
        parser.add_argument(flag, required=True)
    arguments = parser.parse_args()
    run = json.loads(pathlib.Path(arguments.run).read_text())
    data = pathlib.Path(run["data"]["path"])
    output = pathlib.Path(arguments.output)
    script = json.loads((data / "script.json").read_text())
    events = int(arguments.events_fd)

    def report(number: int, fields: dict) -> None:
        event = field(number, message(fields))
        try:
            os.write(events, varint(len(event)) + event)
        except BrokenPipeError:
            pass  # the server has died; SIGTERM follows

    stop = False

    def on_sigterm(*_):
        nonlocal stop
        stop = not script.get("deaf", False)

    signal.signal(signal.SIGTERM, on_sigterm)
    checkpoint = output / "checkpoint.json"
    first = json.loads(checkpoint.read_text())["epoch"] if checkpoint.exists() else 0
    epochs = script.get("epochs", 2)
    print(f"training on {arguments.device} from epoch {first}", flush=True)
    report(2, {1: PHASE_TRAIN, 2: epochs, 3: 10, 4: 100, 5: 20, 6: 3, 7: first * 10})
    if "garbage" in script:
        os.write(events, script["garbage"].encode())
        time.sleep(60)
    for epoch in range(first + 1, epochs + 1):
        report(3, {1: PHASE_TRAIN, 2: epoch * 10 - 5, 3: epochs * 10, 5: 1.0 / epoch, 7: 50.0})
        while (data / "hold").exists() and not stop:
            time.sleep(0.02)
        if stop:
            checkpoint.write_text(json.dumps({"epoch": epoch - 1}))
            print("stopped", flush=True)
            report(8, {1: str(checkpoint), 2: (epoch - 1) * 10})
            return 4
        if "exit" in script:
            if "message" in script:
                report(9, {1: 3, 2: script["message"]})
            return script["exit"]
        report(4, {1: PHASE_TRAIN, 2: epoch, 3: 1.0 / epoch, 4: 1.5 / epoch, 5: 1.0 - 0.5 / epoch, 7: 0.1})
        checkpoint.write_text(json.dumps({"epoch": epoch}))
        report(5, {1: str(checkpoint), 2: epoch * 10})
    if "result" in script:
        result = output / "result"
        shutil.copytree(script["result"], result, dirs_exist_ok=True)
        report(7, {1: str(result), 2: 0.75})
    print("finished", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
