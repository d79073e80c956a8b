"""One training run as the command line asks for it: data, training, record."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from lindiff_nb import _validate
from lindiff_nb.data import ImageSet, load
from lindiff_nb.exact import schedule as schedules
from lindiff_nb.measure import network_training, networks
from lindiff_nb.measure.network_training import Settings, State
from lindiff_nb.run.files import write_text
from lindiff_nb.run.provenance import cores, versions

ORDER = 0  # the seed of the order in which a set's training images are taken
TESTED = 10_000  # pairs of image and step that the final loss is measured on


class Task:
    """What was asked for, checked; `run` does it."""

    def __init__(self, chosen: argparse.Namespace, path: Path) -> None:
        """Raises ValueError or DataUnavailable for what cannot be done."""
        self.path, self.steps, self.saved = path, chosen.steps, 0
        self.schedule = schedules.linear(chosen.noise_steps, beta_end=chosen.beta_end)
        self.images = load(chosen.data, chosen.size, download=chosen.download)
        x = selection(self.images, chosen.n, chosen.skip)
        settings = Settings(chosen.width, chosen.batch, chosen.rate, chosen.seed)
        self.record = {**vars(chosen), "source": str(self.images.record), "order": ORDER}
        self.record = {k: v for k, v in self.record.items() if k not in ("command", "out")}
        self.states = network_training.train(
            x,
            self.schedule,
            settings,
            steps=chosen.steps,
            every=chosen.every,
            path=path,
            record=self.record,
        )
        self.state = next(self.states)

    def introduction(self) -> list[str]:
        """What will be done, in lines."""
        count = sum(parameter.numel() for parameter in self.state.network.parameters())
        device = next(self.state.network.parameters()).device
        start = f"from step {self.state.step}" if self.state.step else "from the start"
        return [
            str(self.images.record),
            f"A network of {count:,} parameters, on {device}, {start} to step {self.steps}.",
        ]

    def run(self) -> None:
        """Train; without a terminal to draw a bar on, print a line now and then."""
        for state in self.states:
            self.state, self.saved = state, state.step
            write_text(self.path.with_suffix(".json"), self.report() + "\n")
            if not sys.stderr.isatty():
                print(f"step {state.step}: loss {state.losses[-1][1]:.5f}", flush=True)

    def report(self) -> str:
        """The record as JSON."""
        facts: dict[str, Any] = {
            **self.record,
            **network_training.describe(self.state),
            "versions": versions(),
            "cores": cores(),
        }
        return json.dumps(facts, indent=1)

    def outcome(self) -> str:
        """The loss of the averaged network on images it was trained on and on others."""
