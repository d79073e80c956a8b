"""lindiff-nb fid: the Frechet distance of two sets of features, with and without its bias."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lindiff_nb._base import answers
from lindiff_nb._base.errors import UsageError, refusing
from lindiff_nb._base.written import as_json
from lindiff_nb.run.numbers import whole

if TYPE_CHECKING:
    from lindiff_nb.fid.compare import Compared
    from lindiff_nb.fid.features import FeatureSet, Moments

WHAT = """\
Features are an array with a row for each image: .npy, .npz, or an archive of mu, sigma and, if it
is known, n. Nothing is downloaded: take any extractor, the same for both."""


def add(commands: Any) -> None:
    """Add the command to what `add_subparsers` returned."""
    command = commands.add_parser(
        "fid",
        help="a Frechet distance of features, and what of it is there for want of images",
        description="Frechet distance of features (FID), its bias, and the kernel distance (KID).",
        epilog=WHAT,
    )
    command.add_argument("features", metavar="FEATURES_A", type=Path, help="of samples")
    command.add_argument("reference", metavar="FEATURES_B", type=Path, help="of real images")
    command.add_argument(
        "--reference-of", type=whole, metavar="N", help="images behind the mu and sigma of B"
    )
    command.add_argument("--training", action="store_true", help="the model was trained on B")
    command.add_argument("--seed", type=whole, default=0, help="of subsets (default: 0)")
    answers.options(command, json="write the result there too")
    command.set_defaults(command=fid)


def fid(chosen: argparse.Namespace) -> None:
    """Measure, print, write. UsageError for what cannot be compared."""
    answers.check(chosen, chosen.features, chosen.reference)
    import numpy as np

    from lindiff_nb.fid import compare, features

    rng = np.random.default_rng(chosen.seed)
    with refusing(ValueError, ArithmeticError, MemoryError):
        a, b = (features.read(path, rng) for path in (chosen.features, chosen.reference))
        b = _sized(b, chosen.reference_of)
        if a.d != b.d:
            raise UsageError(f"features of {a.d} and of {b.d} numbers: two extractors?")
        found = compare.compare(a, b, rng, training=chosen.training)
    answers.give(chosen, text(found), json=lambda: as_json(contents(found)))


def _sized(b: "FeatureSet | Moments", size: int | None) -> "FeatureSet | Moments":
    """The reference, its moments with the number of images behind them."""
    from lindiff_nb.fid.features import FeatureSet

    if size is None:
        return b
    if isinstance(b, FeatureSet):
        raise UsageError(f"--reference-of {size} is for mu and sigma: FEATURES_B has {b.n} rows")
    if size < 2 or b.n not in (None, size):
        raise UsageError(f"--reference-of {size} must be 2 or more, and not other than its n")
    return b._replace(n=size)


def text(found: "Compared") -> str:
    """The answer in words."""
    lines = [f"Frechet distance     {found.frechet:.6g}"]
    if (full := found.corrected) is None:
        lines.append("its bias cannot be known (below)")
    else:
        ends = full.interval and f"{full.interval[0]:.4g} to {full.interval[1]:.4g}"
        lines.append(f"of it, finite sets   {full.bias:.4g}")
        lines.append(f"corrected            {full.value:.4g} ({ends or 'no interval'})")
    if kernel := found.kernel:
        rows = " and ".join(map(str, kernel.sizes))
        spread = f" +- {kernel.sd:.2g}" if kernel.subsets > 1 else ""
        lines.append(
            f"KID                  {kernel.kid:.6g}{spread} (not times 1,000; "
            f"subsets of {rows} rows, {kernel.subsets} of them)"
        )
    return "\n".join([*lines, *found.said])


def contents(found: "Compared") -> dict[str, Any]:
    """The result for JSON; `n` and `unique` are of A; null is what cannot be known."""
    full, kernel = found.corrected, found.kernel
    return {
        "frechet": found.frechet,
        "bias": full and full.bias,
        "corrected": full and full.value,
        "interval": full and full.interval,
        "factor": full and full.factor,
        "kid": kernel and kernel.kid,
        "kid_sd": kernel and kernel.sd,
        "kid_subsets": kernel and kernel.subsets,
        "kid_rows": kernel and kernel.sizes,
        "d": found.d,
        "n": found.given[0],
        "unique": found.unique[0],
        "reference_n": found.given[1],
        "reference_unique": found.unique[1],
        "warnings": found.said,
    }
