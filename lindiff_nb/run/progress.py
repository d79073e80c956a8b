"""Tell how a build gets on: a bar on a terminal, one line per event elsewhere."""

import threading
import time

from tqdm import tqdm

Row = tuple[str, float | None, str]  # name, seconds, remark

BAR = "{percentage:3.0f}% |{bar:24}| {n_fmt}/{total_fmt} cells, {elapsed}{postfix}"


class Progress:
    """Counts executed cells and says what is running; called from several threads."""

    def __init__(self, cells: int) -> None:
        """`cells` is how many there are to execute in all."""
        hidden = None  # unless this is a terminal
        self.bar = tqdm(
            total=cells, disable=hidden, bar_format=BAR, leave=False, dynamic_ncols=True
        )
        self.running: dict[str, float] = {}
        self.lock = threading.RLock()

    def begin(self, what: str, why: str = "") -> None:
        """Something was started."""
        with self.lock:
            self.running[what] = time.monotonic()
            self._show(f"{what}: running" + (f" ({why})" if why else ""))

    def cell(self) -> None:
        """A cell was executed."""
        with self.lock:
            self.bar.update()

    def end(self, what: str, how: str) -> None:
        """It came to an end."""
        with self.lock:
            took = time.monotonic() - self.running.pop(what)
            self._show(f"{what}: {how} after {seconds(took)}")

    def close(self) -> None:
        """Take the bar away."""
        self.bar.close()

    def _show(self, line: str) -> None:
        if self.bar.disable:
            print(line, flush=True)
        else:
            self.bar.set_postfix_str(", ".join(self.running))


def seconds(value: float) -> str:
    """A time as it is printed."""
    return f"{value:.1f} s"


def table(rows: list[Row]) -> str:
    """Name, time and remark of each row, aligned."""
    width = max(len(name) for name, _, _ in rows)
    times = ["" if took is None else seconds(took) for _, took, _ in rows]
    lines = (
        f"{name:{width}}  {took:>8}  {remark}"
        for (name, _, remark), took in zip(rows, times, strict=True)
    )
    return "\n".join(line.rstrip() for line in lines)
