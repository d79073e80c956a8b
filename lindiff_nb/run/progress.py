"""Tell how a build gets on: a bar on a terminal, one line per event elsewhere."""

import threading
import time

from tqdm import tqdm

BAR = "{percentage:3.0f}% |{bar:24}| {n_fmt}/{total_fmt}  {elapsed}  {desc}"


class Progress:
    """Counts steps (executed cells, mostly) and says what is running; several threads use it."""

    def __init__(self, steps: int) -> None:
        """`steps` is how many there will be in all."""
        self.bar = tqdm(
            total=steps,
            disable=None,  # unless this is a terminal
            bar_format=BAR,
            dynamic_ncols=True,
            leave=False,
        )
        self.running: dict[str, float] = {}
        self.lock = threading.RLock()

    def __enter__(self) -> "Progress":
        """The progress itself."""
        return self

    def __exit__(self, *failure: object) -> None:
        """Take the bar away."""
        self.bar.close()

    def begin(self, what: str, why: str = "") -> None:
        """Something was started."""
        with self.lock:
            self.running[what] = time.monotonic()
            self._show(f"{what}: running" + (f" ({why})" if why else ""))

    def step(self) -> None:
        """A cell was executed, or something else that counts was done."""
        with self.lock:
            self.bar.update()

    def end(self, what: str, how: str) -> None:
        """It came to an end."""
        with self.lock:
            took = time.monotonic() - self.running.pop(what)
            self._show(f"{what}: {how} after {seconds(took)}")

    def _show(self, line: str) -> None:
        if self.bar.disable:
            print(line, flush=True)
        else:
            self.bar.set_description_str(", ".join(self.running))


def seconds(value: float) -> str:
    """A time as it is printed."""
    return f"{value:.1f} s"
