"""Image sets in a notebook: whatever is on the machine, a page shows what its cell printed only."""

import pytest
from tiny_book import notebook

from lindiff_nb.data import NAMES
from lindiff_nb.run.execute import execute

pytestmark = pytest.mark.kernel

BARE = "import sys; sys.modules['ipywidgets'] = None  # a machine without Jupyter's widgets"
LOAD = """\
from lindiff_nb import data
for name in data.NAMES:
    try:
        print(data.load(name, 8, limit=4, crops=4, download={download}).record.name)
    except data.DataUnavailable as missing:
        print("not here")
"""


@pytest.mark.parametrize("download", [False, True])
def test_a_load_prints_nothing_of_its_own_in_a_kernel_without_widgets(
    monkeypatch, tmp_path, download
):
    """An absent set and a network that is down included; both say so in what they raise or warn."""
    monkeypatch.setenv("LINDIFF_DATA", str(tmp_path))
    monkeypatch.setenv("LINDIFF_SYSTEM_DATA", str(tmp_path))
    monkeypatch.setenv("LINDIFF_DATA_MIRROR", "http://127.0.0.1:9")
    quiet = "import warnings; warnings.filterwarnings('ignore', 'the embedded')"
    executed = execute(notebook(BARE, quiet, LOAD.format(download=download)), timeout=120)
    outputs = [output for cell in executed.cells for output in cell.outputs]
    assert {output.name for output in outputs} == {"stdout"}, outputs
    lines = "".join(output.text for output in outputs).splitlines()
    assert len(lines) == len(NAMES)
    assert lines.count("not here") == 2  # CIFAR-10 and CelebA
