"""lindiff-nb predict, as a process: what it prints and writes, and its exit status."""

import importlib.metadata
import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lindiff_nb._base.outputs import PICTURES
from lindiff_nb.calculator import figure
from lindiff_nb.cli import main
from lindiff_nb.data import DataUnavailable
from lindiff_nb.exact import sampler_error, spacing, spectra
from lindiff_nb.predict import divergence, losses

SMALL = ["-n", "5", "--steps", "20", "--rows", "2"]
W2 = ["--for", "w2", "--steps-json", "s.json"]


def run(*arguments: str, cwd: Path, **more) -> subprocess.CompletedProcess:
    line = [sys.executable, "-m", "lindiff_nb", *arguments]
    return subprocess.run(line, cwd=cwd, capture_output=True, text=True, **more)


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    folder = tmp_path / "a folder {with} a name"
    folder.mkdir()
    monkeypatch.chdir(folder)
    (folder / "mine.txt").write_text("2\n1\n0.5\n")
    (folder / "four.txt").write_text("4\n3\n2\n1\n")
    (folder / "zero.txt").write_text("4\n3\n2\n1\n0\n")
    return folder


@pytest.mark.long
def test_a_file_becomes_a_table_three_files_and_nothing_else(here):
    outputs = ["--json", "out.json", "--csv", "out.csv", "--figure", "out.svg"]
    done = run("predict", "--spectrum", "mine.txt", *SMALL, *outputs, cwd=here)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("mine.txt: d = 3 eigenvalues, mean 1.167,")
    assert "n = 5 images, 1.667 per dimension; ridge c = 0\nthe mean is fitted" in done.stdout
    assert "same n images\n20 noise levels" in done.stdout
    assert "a list of 3 numbers, taken as complete" in done.stdout
    assert sorted(path.name for path in here.iterdir()) == [
        *("four.txt", "mine.txt", "out.csv", "out.json", "out.svg", "zero.txt")
    ]
    told = json.loads((here / "out.json").read_text())
    assert (told["source"], told["d"], told["n"]) == ("mine.txt", 3, 5)
    assert (told["schema"], told["mean"], told["understood"][1]) == (1, "fitted", "lines 1 to 3")
    assert (here / "out.csv").read_text().startswith("step,alpha_bar,residual,test,")
    assert "<svg" in (here / "out.svg").read_text()


@pytest.mark.long
def test_standard_input_is_a_file_like_any_other(here):
    done = run("predict", "--spectrum", "/dev/stdin", *SMALL, cwd=here, input="1\n2\n")
    assert done.returncode == 0
    assert "d = 2 eigenvalues" in done.stdout


@pytest.mark.long
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "bad.txt: no numbers in it"),
        (b"1\nx\n", "bad.txt, line 2: 'x' is not a number"),
        (b"1\nnan\n", "bad.txt, line 2: nan is not a finite number"),
        (b"1\n-1\n", "bad.txt, line 2: -1.0 is negative; a variance is not"),
        (b"1 2\n3 4\n", "bad.txt: a 2 x 2 matrix that is not symmetric"),
        (b"1\n2 3\n4 5\n", "bad.txt: 1, and then 2 lines of 2 numbers"),
        (b"0,5;0,25\n", "bad.txt, line 1: commas and semicolons: a decimal comma?"),
        (b"\x00\x01", "bad.txt, line 1: a zero byte: not a text but a binary file"),
    ],
)
def test_a_file_that_is_no_spectrum_is_named_with_its_line(here, content, words):
    (here / "bad.txt").write_bytes(content)
    done = run("predict", "--spectrum", "bad.txt", *SMALL, cwd=here)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith(f"lindiff-nb: {words}")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("--spectrum none.txt -n 5", "none.txt: No such file or directory"),
        ("--spectrum . -n 5", ".: Is a directory"),
        ("--spectrum mine.txt -n 0", "n must be an integer >= 1, got 0"),
        ("--spectrum mine.txt -n -3", "n must be an integer >= 1, got -3"),
        ("--spectrum mine.txt -n 5 -c -1", "c must be non-negative"),
        ("--spectrum mine.txt -n 5 -c 1.7e308", "c must be zero or within a factor"),
        ("--spectrum mine.txt -n 1", "n must be an integer >= 2 where the mean is fitted, got 1"),
        ("--spectrum mine.txt -n 1e30", "n must be an integer >= 1"),
        ("--spectrum mine.txt -n 5 --size 8", "--size 8 goes with --images alone"),
        ("--power-law 3 1 -n 5 --size 16", "--size 16 goes with --images alone"),
        ("--power-law 3 1 -n 5 --dimension 9", "--dimension 9 goes with --spectrum alone"),
        ("--spectrum mine.txt -n 5 --dimension 9", "number of eigenvalues must be an integer >= 4"),
        ("--spectrum four.txt -n 5 --dimension 3", "must be from 4, as many as are listed, to"),
        ("--spectrum four.txt -n 5 --dimension 1e7", "as are listed, to 1000000, got 10000000"),
        ("--spectrum zero.txt -n 5 --dimension 9", "--dimension 9: 1 of 5 are zero, so nothing"),
        ("--spectrum mine.txt -n 5 --steps 0", "steps must be an integer >= 1, got 0"),
        ("--spectrum mine.txt -n 5 --steps 1e12", "steps must be an integer from 1 to 1000000"),
        ("--spectrum mine.txt -n 5 --steps 1e8", "steps must be an integer from 1 to 1000000"),
        ("--spectrum mine.txt -n 5 --steps 1e5", "alpha_bar must be at least 1e-100"),
        ("--spectrum mine.txt -n 5 --rows 1e9", "rows must be at most 10000, got 1000000000"),
        ("--spectrum mine.txt -n 5 --alpha-bar 1e-320", "alpha_bar must be at least 1e-100"),
        ("--power-law 1e12 1 -n 5", "d must be at most 1000000, got 1e12"),
        ("--power-law 100 400 -n 5", "exponent must be smaller, got 400: 100 eigenvalues span"),
        ("--power-law 100 80 -n 5", "exponent must be smaller, got 80: 100 eigenvalues span"),
        ("--power-law ٥ 1 -n 5", "--power-law must be a whole number and a number, got ٥ 1"),
        ("--spectrum mine.txt -n 5 --beta-end 1", "beta_end must be in (0, 1)"),
        ("--spectrum mine.txt -n 5 --alpha-bar 0.5 1", "alpha_bar must be below 1"),
        ("--spectrum mine.txt -n 5 --rows 0", "rows must be an integer >= 1"),
        ("--spectrum mine.txt -n 5 --kl 0", "kl must be positive"),
        ("--power-law 10.5 1 -n 5", "--power-law must be a whole number and a number, got 10.5 1"),
        ("--power-law 10 -1 -n 5", "exponent must be non-negative"),
        ("--power-law 0 1 -n 5", "d must be an integer >= 1"),
        ("--images mnits -n 5", "the nearest is 'mnist'"),
        ("--spectrum mine.txt -n 5 --json out.txt", "the output out.txt must end in .json"),
        ("--spectrum mine.txt -n 5 --csv no/out.csv", "there is no folder no"),
        ("--spectrum mine.txt -n 5 --figure out.jpg", "must end in .png or .svg or .pdf"),
        ("--spectrum mine.txt -n 5 --json old.json", "old.json exists: --force replaces it"),
    ],
)
def test_a_request_that_cannot_be_met_writes_nothing(here, capsys, arguments, words):
    (here / "old.json").write_text("precious")
    before = {path.name: path.read_bytes() for path in here.iterdir()}
    assert main(["predict", *arguments.split()]) == 2
    printed = capsys.readouterr()
    assert words in printed.err
    assert printed.out == ""
    assert {path.name: path.read_bytes() for path in here.iterdir()} == before


def test_only_force_replaces_a_file(here):
    (here / "old.json").write_text("precious")
    assert main(["predict", "--power-law", "3", "1", *SMALL, "--json", "old.json", "-f"]) == 0
    assert json.loads((here / "old.json").read_text())["source"] == "power law of exponent 1"


@pytest.mark.parametrize("size", [1e-305, 1e-160, 1.0, 1e160, 1e305])
def test_normalised_the_unit_of_the_file_does_not_matter(here, capsys, size):
    np.save("it.npy", np.array([3.0, 2, 0.5, 0]))
    assert main(["predict", "--spectrum", "it.npy", *SMALL, "--normalise"]) == 0
    expected = capsys.readouterr().out
    np.save("it.npy", 2.0 ** np.rint(np.log2(size)) * np.array([3.0, 2, 0.5, 0]))
    assert main(["predict", "--spectrum", "it.npy", *SMALL, "--normalise"]) == 0
    assert capsys.readouterr().out == expected
    for beyond, words in (
        (1e-320, "zero or normal numbers"),
        (1e308, "a spectrum with a finite sum"),
    ):
        np.save("it.npy", np.full(2, beyond))
        assert main(["predict", "--spectrum", "it.npy", *SMALL, "--normalise"]) == 2
        assert f"spectrum must be {words}" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        "",
        "-n 5",
        "--spectrum mine.txt",
        "--spectrum mine.txt -n x",
        "--spectrum mine.txt -n 2.5",
        "--spectrum mine.txt -n ٥٠",
        "--spectrum mine.txt -n 5_0",
        "--spectrum mine.txt -n 5 -c nan",
        "--spectrum mine.txt -n 5 --alpha-bar 0.5 ٥",
        "--spectrum mine.txt -n 5 --mean estimated",
        "--power-law 3 -n 5",
        "--spectrum mine.txt --images mnist -n 5",
        "--spectrum mine.txt -n 5 --schedule sigmoid",
    ],
)
def test_a_request_that_is_none_is_a_usage_error(here, capsys, arguments):
    with pytest.raises(SystemExit, match="2"):
        main(["predict", *arguments.split()])
    assert "usage: lindiff-nb predict" in capsys.readouterr().err


def test_images_normalised_and_other_levels(here, capsys):
    request = "--images mnist --size 6 --normalise -n 50 --alpha-bar 0.9 0.1 --json a.json"
    assert main(["predict", *request.split()]) == 0
    told = capsys.readouterr().out
    assert told.startswith("mnist at 6 x 6, normalised: d = 36 eigenvalues, mean 1, ")
    assert json.loads((here / "a.json").read_text())["noise_levels"] == [0.9, 0.1]


@pytest.mark.parametrize("n", [40, 200])
@pytest.mark.parametrize("offset", [0, 0.5, 1000])
@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_rounding_of_an_array_s_own_numbers_is_no_variance(here, n, offset, kind):
    """Images of rank six; what half and single precision took from them has full rank."""
    rng = np.random.default_rng(0)
    x = offset + rng.standard_normal((n, 6)) @ rng.standard_normal((6, 64)) / 10 * (1 + offset)
    np.save("mine.npy", x.reshape(n, 8, 8).astype(kind))
    assert main(["predict", "--images", "mine.npy", *SMALL, "--json", "a.json"]) == 0
    assert json.loads(Path("a.json").read_text())["rank"] == 6


@pytest.mark.long
def test_a_folder_of_ones_own_has_the_spectrum_of_its_array(here, capsys):
    x = np.random.default_rng(0).integers(0, 256, (30, 4, 4), dtype=np.uint8)
    np.save("mine.npy", x)
    Path("mine").mkdir()
    np.savetxt("mine.txt", spectra.of_data(x / 255))
    assert main(["predict", "--spectrum", "mine.txt", *SMALL, "--json", "a.json"]) == 0
    wanted = json.loads(Path("a.json").read_text())["mean_losses"]
    capsys.readouterr()
    for at, image in enumerate(x):
        Image.fromarray(image).save(f"mine/{at}.png")
    for name in ("mine.npy", "mine"):
        assert main(["predict", "--images", name, *SMALL, "--json", "a.json", "-f"]) == 0
        assert "30 images 4 x 4 gray, black 0, white 255" in capsys.readouterr().out
        found = json.loads(Path("a.json").read_text())["mean_losses"]
        assert found == pytest.approx(wanted, rel=1e-9)
    (here / "mine" / "cut.png").write_bytes((here / "mine" / "0.png").read_bytes()[:50])
    assert main(["predict", "--images", "mine", *SMALL]) == 2
    assert "cut.png" in capsys.readouterr().err


def test_covariance_and_spectrum_give_the_same_numbers(here, capsys):
    spectrum = spectra.power_law(6, 1.0)
    q = np.linalg.qr(np.random.default_rng(0).standard_normal((6, 6)))[0]
    np.save("both.npy", (q * spectrum) @ q.T)
    np.savetxt("both.txt", spectrum)
    for name in ("both.npy", "both.txt"):
        assert main(["predict", "--spectrum", name, *SMALL]) == 0
    told = capsys.readouterr().out
    assert "a covariance 6 x 6" in told
    assert "a list of 6 numbers, taken as complete" in told
    first, second = told.split("both.txt")
    assert first.partition("\nstep")[2] == second.partition("\nstep")[2]


def test_the_mean_is_fitted_unless_it_is_known(here):
    spectrum = spectra.power_law(4, 1.0)
    request = ["predict", "--power-law", "4", "1", "-n", "1e1", "--alpha-bar", "0.9", "-f"]
    for mean, asked in (("fitted", []), ("known", ["--mean", "known"])):
        assert main([*request, *asked, "--json", "a.json", "--csv", "a.csv"]) == 0
        told = json.loads((here / "a.json").read_text())
        loss = losses.test_loss(spectrum, 10, 0.9, estimated_mean=mean == "fitted")
        assert (told["mean"], told["n"]) == (mean, 10)
        assert told["losses"]["test"] == pytest.approx([loss], rel=1e-12)
        assert (here / "a.csv").read_text().endswith(f",{mean}\n")


@pytest.mark.long
def test_the_largest_of_a_power_law_are_as_good_as_all(here):
    """Ten of fifty: taken as complete, five times too few images would seem enough."""
    ten = "\n".join(f"{1 / rank:.17g}" for rank in range(1, 11))
    (here / "ten.txt").write_text(ten)
    (here / "all.txt").write_text("\n".join(f"{1 / rank:.17g}" for rank in range(1, 51)))
    told = []
    for spectrum in ("ten.txt --dimension 50", "all.txt", "ten.txt"):
        request = [*spectrum.split(), *SMALL, "--json", "a.json", "-f"]
        assert main(["predict", "--spectrum", *request]) == 0
        told.append(json.loads((here / "a.json").read_text()))
    short, whole, complete = told
    assert short["understood"][0] == "a list of 10 numbers"
    assert "the other 40 of 50 are a guess" in short["understood"][-1]
    assert short["needed"] == pytest.approx(whole["needed"], rel=1e-9)
    assert whole["needed"]["n_for_kl"] > 4 * complete["needed"]["n_for_kl"]


def test_a_list_as_long_as_its_dimension_is_complete_and_nothing_is_guessed(here):
    (here / "four.txt").write_text("4\n3\n2\n0\n")
    told = []
    for dimension in ([], ["--dimension", "4"]):
        request = ["--spectrum", "four.txt", *dimension, *SMALL, "--json", "a.json", "-f"]
        assert main(["predict", *request]) == 0
        told.append(json.loads((here / "a.json").read_text()))
    assert told[0] == told[1]


def test_the_largest_dimension_is_met_and_one_more_is_refused(here, monkeypatch, capsys):
    monkeypatch.setattr("lindiff_nb.calculator._request.MOST", 9)
    (here / "four.txt").write_text("4\n3\n2\n1\n")
    asked = ["predict", "--spectrum", "four.txt", *SMALL[:2], "--steps", "9", "--dimension"]
    assert (main([*asked, "9"]), main([*asked, "10"])) == (0, 2)
    assert "to 9, got 10" in capsys.readouterr().err


def test_a_power_law_is_exact(here):
    """Its variances are none of them rounding, however small."""
    request = "--power-law 100 10 -n 500 --alpha-bar 0.9 --json a.json"
    assert main(["predict", *request.split()]) == 0
    told = json.loads((here / "a.json").read_text())
    assert told["rank"] == 100
    assert told["samples"]["kl"] == pytest.approx(
        divergence.wishart_kl(100, 500, estimated_mean=True), rel=1e-12
    )


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (MemoryError(), "too large for the memory of this machine"),
        (OverflowError("inf"), "a number leaves the range"),
        (OSError(5, "Input/output error"), "mine.txt: Input/output error"),
        (RuntimeError("no convergence"), "no convergence"),
    ],
)
def test_what_stops_the_work_is_said_in_a_line(here, capsys, monkeypatch, error, told):
    def stopped(*arguments, **more):
        raise error

    monkeypatch.setattr("lindiff_nb.calculator._request.report", stopped)
    assert main(["predict", "--spectrum", "mine.txt", *SMALL]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(f"lindiff-nb: {told}")


def test_what_is_not_on_this_machine_is_no_crash(here, capsys, monkeypatch):
    def unavailable(*arguments):
        raise DataUnavailable("CelebA is not available: get it")

    monkeypatch.setattr("lindiff_nb.data.own.load", unavailable)
    assert main(["predict", "--images", "celeba", *SMALL]) == 2
    assert capsys.readouterr().err == "lindiff-nb: CelebA is not available: get it\n"


def test_a_file_that_may_not_be_read_is_no_crash(here, capsys, monkeypatch):
    def denied(self, *arguments):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "open", denied)
    assert main(["predict", "--spectrum", "mine.txt", *SMALL]) == 2
    assert capsys.readouterr().err == "lindiff-nb: mine.txt: Permission denied\n"


@pytest.mark.long
@pytest.mark.parametrize("suffix", PICTURES)
def test_the_same_request_draws_the_same_file(here, monkeypatch, suffix):
    monkeypatch.setattr(figure, "SIZES", 3)
    monkeypatch.setattr(figure, "LEVELS", 3)
    for name in ("one", "two"):
        request = ["predict", "--power-law", "3", "1", *SMALL, "--figure", name + suffix]
        assert main(request) == 0
    assert Path("one" + suffix).read_bytes() == Path("two" + suffix).read_bytes()


def test_the_commands_of_the_chapters_load_no_science():
    code = (
        "import sys; from lindiff_nb.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'numpy', 'scipy', 'matplotlib', 'torch', 'lindiff_nb.predict'}\n"
        "sys.exit(' '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "predict" in done.stdout


def test_the_installed_command_is_the_whole_one():
    (entry,) = importlib.metadata.entry_points(group="console_scripts", name="lindiff-nb")
    assert entry.value == "lindiff_nb.cli:main"


@pytest.mark.long
@pytest.mark.parametrize(
    "first",
    [
        "import lindiff_nb.calculator.text, lindiff_nb.calculator.command",
        "from lindiff_nb.calculator import files",
        "import lindiff_nb.cli",
        "",
    ],
)
def test_a_name_means_one_thing_whatever_was_imported_before(first):
    code = (
        f"{first}\nimport lindiff_nb, lindiff_nb.calculator as c\n"
        "from lindiff_nb.calculator import needed, report\n"
        "assert c.report is report and callable(report) and c.needed is needed\n"
        "assert {'report', 'needed', 'read_spectrum'} <= set(dir(c))\n"
        "assert 'train' in dir(lindiff_nb) and 'command' in dir(lindiff_nb.train)\n"
        "assert all(getattr(c, name) is not None for name in dir(c))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("aim", ["kl", "w2"])
def test_the_best_steps_are_those_of_the_spectrum_and_of_the_aim(here, capsys, aim):
    power = ["--power-law", "30", "1.5", *SMALL]
    asked = ["--best-steps", "6", "--for", aim, "--steps-json", "s.json"]
    assert main(["predict", *power, *asked]) == 0
    told = json.loads((here / "s.json").read_text())
    spectrum = spectra.power_law(30, 1.5)
    wanted = spacing.for_spectrum(spectrum, 6, aim=aim)
    assert told["alpha_bar"] == wanted.alpha_bar[::-1].tolist()
    assert (told["steps"], told["aim"]) == (6, aim)
    share = sampler_error.sampler_w2(spectrum, wanted, sampler="ddim") / spectrum.sum()
    assert told["w2_share"] == pytest.approx(share)
    assert f"6 steps best for {aim.upper()}" in capsys.readouterr().out


def test_each_of_the_best_steps_is_printed_once_ten_on_a_line(here, capsys):
    asked = ["--power-law", "30", "1.5", *SMALL, "--best-steps", "12", "--steps-json", "s.json"]
    assert main(["predict", *asked]) == 0
    lines = capsys.readouterr().out.split("sigma of the noise per signal:\n")[1].splitlines()
    shown = [line.split() for line in lines[:2]]
    assert [len(line) for line in shown] == [10, 2]
    sigma = json.loads((here / "s.json").read_text())["sigma"]
    assert [float(each) for each in shown[0] + shown[1]] == pytest.approx(sigma, rel=1e-3)


BOTH = ["--json", "s.json", "--steps-json", "s.json", "--best-steps", "3"]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (["--for", "w2"], "--for and --steps-json go with --best-steps"),
        (["--best-steps", "0"], "argument --best-steps: must be a positive whole number"),
        (["--best-steps", "1e9"], "--best-steps must be at most 10000, got 1000000000"),
        (BOTH, "--json and --steps-json are both s.json"),
    ],
    ids=["not asked for", "none", "too many", "one file twice"],
)
def test_steps_that_cannot_be_had_are_refused(here, capsys, asked, words):
    before = sorted(here.iterdir())
    try:
        status = main(["predict", "--power-law", "3", "1", *SMALL, *asked])
    except SystemExit as left:
        status = left.code
    assert (status, sorted(here.iterdir())) == (2, before)
    assert words in capsys.readouterr().err


def test_ones_own_sampler_with_these_steps_has_the_distance_that_is_told(here):
    """DDIM as one would write it, on a matrix of unit vectors, with nothing but the file."""
    assert main(["predict", "--power-law", "30", "1.5", *SMALL, "--best-steps", "6", *W2]) == 0
    told = json.loads((here / "s.json").read_text())
    variance = spectra.power_law(30, 1.5)
    x, levels = np.eye(30), [*told["alpha_bar"], 1.0]
    for a, after in pairwise(levels):
        clean = np.sqrt(a) * variance / (a * variance + 1 - a) * x
        x = np.sqrt(after) * clean + np.sqrt((1 - after) / (1 - a)) * (x - np.sqrt(a) * clean)
    lost = np.sum((np.diag(x) - np.sqrt(variance)) ** 2) / variance.sum()
    assert lost == pytest.approx(told["w2_share"], rel=1e-9)
    assert np.sqrt(1 / np.array(told["alpha_bar"]) - 1) == pytest.approx(told["sigma"])
