"""Whether two sites say the same: python tests/plain_sphinx.py SITE OTHER, after

sphinx-build -c .ci -W -n _build/stage OTHER
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
ARTICLE = re.compile(r'<article class="bd-article[^>]*>(.*?)</article>', re.S)
WITHOUT = """import sys
sys.modules["jupyter_book"] = None  # it cannot be imported
from sphinx.cmd.build import main
sys.exit(main(sys.argv[1:]))"""


def build(stage: Path, target: Path) -> None:
    """Render the stage by plain Sphinx, every warning an error."""
    command = [sys.executable, "-c", WITHOUT, "-c", ROOT / ".ci", "-W", "-n", "-q", stage, target]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def texts(site: Path) -> dict[str, str]:
    """What each page says, without its marks."""
    found = {}
    for path in site.glob("book/*.html"):
        (article,) = ARTICLE.findall(path.read_text("utf-8"))
        found[path.stem] = " ".join(re.sub(r"<[^>]*>", " ", article).split())
    return found


if __name__ == "__main__":
    one, other = (texts(Path(name)) for name in sys.argv[1:])
    differ = sorted(name for name in one | other if one.get(name) != other.get(name))
    sys.exit(f"pages that differ: {', '.join(differ)}" if differ else 0)
