// Live figures: closed forms, sliders and a drawing. No library, no kernel.
//
// A page has an empty box, .live, that names a kind of figure and a file of data. When the box
// comes near the screen the file is loaded, as a script, which works from the disk as well, and
// the drawing takes the place of the still picture beside it. Each of KINDS has
//
//   controls(data)         what can be moved
//   numbers(at, data)      what the closed forms give where the controls stand
//   panels(at, data, now)  what is drawn; a canvas stands for an image
//   words(at, now, data)   the same as a sentence, which is read aloud when something was moved
//
// The formulas are those of lindiff_nb.exact and lindiff_nb.predict, in the same letters; tests
// hold both against each other.
"use strict";

(() => {
  // ---- numbers

  const range = (n, f) => Array.from({ length: n }, (_, i) => f(i));
  const spread = (low, high, n) => range(n, (i) => low * (high / low) ** (i / (n - 1)));
  const total = (values) => values.reduce((sum, value) => sum + value, 0);
  const mean = (f, n) => total(range(n, f)) / n;
  const noiseOf = (a) => (1 - a) / a;

  // h(w) = w - 1 - ln w of w = 1 + u, as a series where digits would cancel.
  const excess = (u, w) => {
    if (Math.abs(u) >= 0.1) return u - Math.log(w);
    let sum = 0;
    for (let k = 18; k >= 2; k--) sum = sum * -u + 1 / k;
    return sum * u * u;
  };

  // ---- the law of n samples: predict.ridge, predict.losses, predict.divergence

  const powerLaw = (d, k) => {
    const law = range(d, (i) => (i + 1) ** -k), unit = total(law) / d;
    return law.map((value) => value / unit);
  };

  // Every sum over modes is one of a function that is analytic in ln(lambda) within pi of the
  // real axis. So a bin of many eigenvalues is as good as a few nodes with the weights that
  // integrate the polynomial through them: 12 in an interval of 1.2 leave less than 1e-12.
  const NODES = 12, BIN = 1.2;
  const levelsOf = (spectrum) => {
    const counts = new Map();
    for (const value of spectrum) counts.set(value, (counts.get(value) ?? 0) + 1);
    const bins = new Map();
    for (const [value, count] of counts) {
      if (value <= 0) continue;
      const bin = Math.floor(Math.log(value) / BIN);
      if (!bins.has(bin)) bins.set(bin, []);
      bins.get(bin).push([value, count]);
    }
    const rows = [...bins].flatMap(([bin, members]) => {
      const whole = total(members.map(([, count]) => count));
      return (members.length > NODES ? few(bin, members) : members)
        .map(([lambda, weight], i) => [lambda, weight, bin, i ? 0 : whole]);
    });
    const [lambda, weight, bin, whole] = range(4, (i) => Float64Array.from(rows, (r) => r[i]));
    const rank = total(whole);
    const sum = (f) => rows.reduce((all, row) => all + row[1] * f(row[0]), 0);
    const trace = sum((value) => value);
    return { d: spectrum.length, rank, trace, sum, lambda, weight, bin, whole };
  };

  // Chebyshev nodes of a bin, and what each of them counts for.
  const few = (bin, members) => {
    const angle = range(NODES, (j) => (Math.PI * (2 * j + 1)) / (2 * NODES));
    const nodes = angle.map((a) => BIN * (bin + 0.5 + Math.cos(a) / 2));
    const sign = angle.map((a, j) => (j % 2 ? -1 : 1) * Math.sin(a));
    const weights = new Float64Array(NODES);
    for (const [value, count] of members) {
      const shares = nodes.map((node, j) => sign[j] / (Math.log(value) - node));
      const hit = shares.findIndex((share) => !Number.isFinite(share)), all = total(shares);
      if (hit >= 0) weights[hit] += count;
      else shares.forEach((share, j) => (weights[j] += (count * share) / all));
    }
    return nodes.map((node, j) => [Math.exp(node), weights[j]]);
  };

  // kappa at xi, and D, V, E, by Newton's method from above. A bin that lies above kappa enters
  // through what it lacks, one below through what it has, so that E = n - D keeps its digits.
  const response = (levels, xi, n) => {
    const { lambda, weight, bin, whole, rank, trace } = levels;
    if (xi === 0 && n >= rank) return { kappa: 0, D: rank, V: 0, E: n - rank };
    let kappa = xi + trace / n;
    for (let step = 0; step < 2000; step++) {
      const border = Math.log(kappa) / BIN - 0.5;
      let [D, V, E] = [0, 0, n];
      for (let i = 0; i < lambda.length; i++) {
        const learned = lambda[i] / (lambda[i] + kappa), left = kappa / (lambda[i] + kappa);
        D += weight[i] * learned;
        V += weight[i] * learned * left;
        E -= bin[i] > border ? whole[i] - weight[i] * left : weight[i] * learned;
      }
      const next = (n * xi + kappa * V) / (E + V);
      if (Math.abs(next - kappa) <= 1e-14 * kappa) return { kappa, D, V, E: (n * xi) / kappa };
      kappa = next;
    }
    return { kappa: NaN, D: NaN, V: NaN, E: NaN };
  };

  // Test and training loss at the noise s = (1-a)/a; `lost` is 1 if the mean is fitted as well.
  const losses = (levels, n, s, c, lost = 0) => {
    const [m, d] = [n - lost, levels.d], [rho, rest] = [s / (s + c), c / (s + c)];
    const { D, V, E } = response(levels, ((s + c) * n) / m, m);
    const shared = E + V > 0 ? (E * V) / (E + V) : 0;
    const train = rest ** 2 + (rho * ((1 + rest) * D + rest * shared)) / d;
    const gap = (rho * V * (D * (m + E) + 2 * lost * m)) / (d * E * (E + V));
    return { test: train + gap, train };
  };
  const floor = (levels, s) => levels.sum((value) => value / (value + s)) / levels.d;

  // Means over the noise levels of a rule {alpha_bar, weight}.
  const overSteps = (rule, f) =>
    rule.alpha_bar.reduce((all, a, i) => all + rule.weight[i] * f(noiseOf(a)), 0);
  const meanLosses = (levels, n, c, rule, lost) => {
    const found = rule.alpha_bar.map((a) => losses(levels, n, noiseOf(a), c, lost));
    const over = (name) => total(found.map((one, i) => rule.weight[i] * one[name]));
    return { test: over("test"), train: over("train") };
  };

  // KL(sampler || population) per dimension.
  const kl = (levels, n, c, lost = 0) => {
    const { d, rank } = levels, m = n - lost;
    if ((c > 0 && rank < d) || (c === 0 && m < rank)) return Infinity;
    if (c === 0 && m === rank) return rank / d / 2;
    const ridge = (c * n) / m, { D, E } = response(levels, ridge, m), [delta, q] = [D / m, E / m];
    let nats = levels.sum((value) => excess(ridge / value - delta, ridge / value + q));
    nats += rank * delta - m * excess(-delta, q);
    if (lost) nats -= (ridge / n) * levels.sum((value) => 1 / value) + rank * Math.log(m / n);
    return nats / d / 2;
  };

  // Where f is least, by a grid in the logarithm, golden sections, and a parabola at their end,
  // since f is the same there to all its digits.
  const lowest = (f, low, high) => {
    const grid = spread(low, high, Math.ceil(4 * Math.log10(high / low)) + 1), values = grid.map(f);
    const i = values.indexOf(Math.min(...values));
    let [a, b] = [grid[Math.max(i - 1, 0)], grid[Math.min(i + 1, grid.length - 1)]].map(Math.log);
    for (let step = 0; step < 40; step++) {
      const [left, right] = [b - 0.618034 * (b - a), a + 0.618034 * (b - a)];
      if (f(Math.exp(left)) < f(Math.exp(right))) b = right; else a = left;
    }
    const x = (a + b) / 2, [left, at, right] = [-5e-3, 0, 5e-3].map((off) => f(Math.exp(x + off)));
    const off = (2.5e-3 * (left - right)) / (left + right - 2 * at);
    return Math.exp(x + (Math.abs(off) < 5e-3 ? off : 0));
  };

  // White data: predict.white.density, with y = d/n.
  const density = (x, y) => {
    const [low, high] = [((1 - y) / (1 + Math.sqrt(y))) ** 2, (1 + Math.sqrt(y)) ** 2];
    if (x <= low || x >= high) return 0;
    return (Math.sqrt(high - x) * Math.sqrt(x - low)) / (2 * Math.PI * y * x);
  };

  // ---- one training set: exact.schedule, exact.training; one digit: exact.denoiser

  const linear = (steps, end, start = 1e-4) => {
    let a = 1;
    return range(steps, (i) => (a *= 1 - (start + ((end - start) * (i + 1)) / steps)));
  };

  // The share q that a mode of variance lambda takes for data after the time tau, and what the
  // modes then cost on data of the variances `seen`.
  const flow = (lambda, a, tau) => {
    const rate = a * lambda + 1 - a, phi = -Math.expm1(-2 * tau * rate) / rate;
    return { q: Math.exp(-2 * tau * rate) + a * lambda * phi, leak: a * (1 - a) * phi * phi };
  };
  const trained = (lambda, seen, a, tau) => mean((i) => {
    const { q, leak } = flow(lambda[i], a, tau);
    return q * q + leak * seen[i];
  }, lambda.length);

  // ---- the drawing

  const SVG = "http://www.w3.org/2000/svg";
  const fill = (node, attributes, children) => {
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    node.append(...children.flat());
    return node;
  };
  const html = (tag, look, ...children) => fill(document.createElement(tag), look, children);
  const svg = (tag, look, ...children) => fill(document.createElementNS(SVG, tag), look, children);
  // Symbols between underscores are slanted.
  const slanted = (text, make) =>
    text.split("_").map((part, i) => (i % 2 ? make(part) : part)).filter((part) => part !== "");
  const inHtml = (text) => slanted(text, (part) => html("i", {}, part));
  const inSvg = (text) => slanted(text, (part) => svg("tspan", { "font-style": "italic" }, part));

  const shown = (value) => {
    if (!Number.isFinite(value)) return Number.isNaN(value) ? "undefined" : "infinite";
    if (value === 0) return "0";
    const size = Math.abs(value);
    if (size >= 1e-3 && size < 1e6) return String(Number(value.toPrecision(size < 1000 ? 3 : 6)));
    return value.toExponential(1);
  };

  const STEPS = [1, 2, 5, 10];
  const ticksOf = ({ low, high, log }) => {
    if (!log) {
      const rough = (high - low) / 5, unit = 10 ** Math.floor(Math.log10(rough));
      const step = unit * STEPS.find((s) => s * unit >= rough);
      const first = Math.ceil(low / step - 1e-9);
      return range(Math.floor(high / step + 1e-9) - first + 1, (i) => (first + i) * step);
    }
    const [from, to] = [Math.ceil(Math.log10(low) - 1e-9), Math.floor(Math.log10(high) + 1e-9)];
    const every = Math.ceil((to - from + 1) / 6);
    const decades = range(Math.max(to - from + 1, 0), (i) => from + i);
    if (decades.length > 2) return decades.filter((e) => e % every === 0).map((e) => 10 ** e);
    const fine = range(to - from + 2, (i) => from - 1 + i).flatMap((e) =>
      STEPS.slice(0, 3).map((s) => s * 10 ** e));
    return fine.filter((value) => value >= low * 0.999 && value <= high * 1.001);
  };
  const tickText = (value, log) => {
    const power = Math.round(Math.log10(value));
    if (!log || (value > 1e-3 && value < 1e4)) return [String(Number(value.toPrecision(6)))];
    return ["10", svg("tspan", { dy: -4, "font-size": 9 }, String(power).replace("-", "−"))];
  };
  const axis = (spec, from, to) => {
    const { low, high, log } = spec;
    const f = log ? (value) => Math.log(Math.min(Math.max(value, low / 1e6), high * 1e6)) : Number;
    return (value) => from + ((to - from) * (f(value) - f(low))) / (f(high) - f(low));
  };

  const marks = {
    line: ({ line, colour, dash = "", area = false }, x, y) => {
      const points = line.filter((point) => !point.some(Number.isNaN));
      const d = "M" + points.map(([a, b]) => `${x(a).toFixed(1)},${y(b).toFixed(1)}`).join("L");
      const [fill, opacity] = area ? [colour, 0.25] : ["none", 0];
      const look = { stroke: colour, "stroke-dasharray": dash, "stroke-width": 1.8 };
      return svg("path", { d, fill, "fill-opacity": opacity, ...look });
    },
    dot: ({ dot, colour }, x, y) => svg("circle", { cx: x(dot[0]), cy: y(dot[1]), r: 5, fill: colour }),
    upright: ({ upright, colour, dash = "", top }, x, y, box) => {
      const ends = { y1: box.bottom, y2: top === undefined ? box.top : y(top) };
      const look = { stroke: colour, "stroke-dasharray": dash, "stroke-width": dash ? 1.2 : 3 };
      return svg("line", { x1: x(upright), x2: x(upright), ...ends, ...look });
    },
  };

  const chart = (panel, width) => {
    const box = { left: 50, right: width - 16, top: 10, bottom: Math.max(150, width * 0.6) };
    const height = box.bottom + 40, x = axis(panel.x, box.left, box.right);
    const y = axis(panel.y, box.bottom, box.top);
    const rule = (place) => svg("line", { ...place, stroke: "currentColor", "stroke-opacity": 0.15 });
    const word = (text, place) => svg("text", { fill: "currentColor", ...place }, text);
    const inMiddle = { "text-anchor": "middle" }, atEnd = { "text-anchor": "end" };
    const across = ticksOf(panel.x).flatMap((value) => [
      rule({ x1: x(value), x2: x(value), y1: box.top, y2: box.bottom }),
      word(tickText(value, panel.x.log), { x: x(value), y: box.bottom + 15, ...inMiddle })]);
    const up = ticksOf(panel.y).flatMap((value) => [
      rule({ x1: box.left, x2: box.right, y1: y(value), y2: y(value) }),
      word(tickText(value, panel.y.log), { x: box.left - 5, y: y(value) + 4, ...atEnd })]);
    const turned = { transform: `translate(12 ${(box.top + box.bottom) / 2}) rotate(-90)` };
    const names = [word(inSvg(panel.y.label), { ...turned, ...inMiddle }), word(inSvg(panel.x.label),
      { x: (box.left + box.right) / 2, y: box.bottom + 34, ...inMiddle })];
    const frame = { x: box.left, y: box.top, width: box.right - box.left, height: box.bottom - box.top };
    const inside = panel.marks.flatMap((mark) =>
      marks[Object.keys(marks).find((kind) => kind in mark)](mark, x, y, box));
    const label = `${panel.y.label} against ${panel.x.label}`.replaceAll("_", "");
    const size = { viewBox: `0 0 ${width} ${height}`, width, height };
    return svg("svg", { ...size, role: "img", "aria-label": label },
      across, up, names,
      svg("svg", { ...frame, viewBox: Object.values(frame).join(" ") }, inside),
      svg("rect", { ...frame, fill: "none", stroke: "currentColor", "stroke-opacity": 0.5 }));
  };

  // A panel's letter, and the names of what it draws, each beside a stroke of its colour.
  const keyOf = (panel, letter) => html("p", { class: "key" }, html("b", {}, letter),
    panel.marks.filter((mark) => mark.name).map(({ name, colour, dash = "" }) => html("span", {},
      svg("svg", { width: 22, height: 10, "aria-hidden": "true" }, svg("line",
        { x2: 22, y1: 5, y2: 5, stroke: colour, "stroke-width": 2, "stroke-dasharray": dash })),
      inHtml(name))));

  // Grey images from 0, black, to 1, white.
  const picture = ({ pixels, name }) => {
    const side = Math.sqrt(pixels.length);
    const canvas = html("canvas", { width: side, height: side, role: "img", "aria-label": name });
    const bytes = new ImageData(side, side);
    pixels.forEach((v, i) => bytes.data.set([...range(3, () => Math.round(255 * v)), 255], 4 * i));
    canvas.getContext("2d").putImageData(bytes, 0, 0);
    return html("div", { class: "picture" }, canvas, html("span", {}, inHtml(name)));
  };

  const NEW = "var(--new)", TRAINING = "var(--training)", GREY = "var(--grey)";
  const DOTTED = "2 3", DASHED = "6 4";

  // ---- what can be moved

  const plain = (name, label, low, high, step, start) =>
    ({ name, label, start, low: 0, high: Math.round((high - low) / step),
      at: (place) => low + place * step, place: (value) => (value - low) / step });
  // In equal ratios, whole numbers if asked for; `zero` names a place of its own at the left end.
  const ratio = (name, label, low, high, places, start, { whole = false, zero = "" } = {}) => {
    const all = spread(low, high, places + 1), values = whole ? [...new Set(all.map(Math.round))] : all;
    return { name, label, start, zero, high: values.length - 1, low: zero ? -1 : 0,
      at: (place) => values[place] ?? 0,
      place: (value) => (value ? values.findIndex((one) => one > 0.999 * value) : -1) };
  };
  const choice = (name, label, options) => ({ name, label, options, start: 0 });

  const sliderOf = (control, moved) => {
    const { name, label, low, high, zero } = control;
    if (control.options) {
      const list = html("select", { name }, control.options.map(
        (text, value) => html("option", { value }, text)));
      list.addEventListener("change", () => moved(name, Number(list.value)));
      return html("label", {}, html("span", {}, inHtml(label)), list);
    }
    const told = html("span", { class: "value", "aria-hidden": "true" });
    const place = Math.round(control.place(control.start));
    const slider = html("input", { type: "range", name, min: low, max: high, step: 1, value: place });
    const tell = () => {
      const value = control.at(Number(slider.value));
      told.textContent = value === 0 && zero ? zero : shown(value);
      slider.setAttribute("aria-valuetext", told.textContent);
      return value;
    };
    tell();
    slider.addEventListener("input", () => moved(name, tell()));
    return html("label", {}, html("span", {}, inHtml(label)), slider, told);
  };

  // ---- the figures

  const white = levelsOf([1]), kept = new Map();
  // The value of f, which need not be found again while its key is the last one.
  const once = (name, key, f) => {
    if (kept.get(name)?.key !== key) kept.set(name, { key, value: f() });
    return kept.get(name).value;
  };
  const decades = (values) => {
    const usual = values.filter((value) => value > 0 && Number.isFinite(value));
    const low = 10 ** Math.floor(Math.log10(Math.min(...usual)));
    return { low, high: Math.max(10 ** Math.ceil(Math.log10(Math.max(...usual))), 10 * low), log: true };
  };

  const flat = (low, high, label) => ({ low, high, label });
  const log = (low, high, label) => ({ low, high, label, log: true });
  const curve = (xs, f, name, colour, dash) =>
    ({ line: xs.map((x, i) => [x, f(x, i)]), name, colour, dash });
  const dot = (x, y, colour) => ({ dot: [x, y], colour });
  const bothLosses = (xs, found, x, { test, train }) => [
    curve(xs, (_, i) => found[i].test, "new data", NEW), dot(x, test, NEW),
    curve(xs, (_, i) => found[i].train, "training data", TRAINING), dot(x, train, TRAINING)];
  const upright = (x, name = "") => ({ upright: x, name, colour: "currentColor", dash: DOTTED });
  const PER_DIMENSION = "samples per dimension, _N_/_d_";

  // What n images cost, and the ridge that is best for the mean over the noise levels.
  const priced = (levels, n, c, rule, lost) => {
    const test = (ridge) => meanLosses(levels, n, ridge, rule, lost).test;
    const best = lowest(test, (1e-9 * levels.trace) / levels.d, 2 * Math.max(...levels.lambda));
    return { ...meanLosses(levels, n, c, rule, lost), kl: kl(levels, n, c, lost),
      floor: overSteps(rule, (s) => floor(levels, s)), best, at_best: test(best) };
  };
  const priceWords = ({ test, train, floor: least, best, at_best }) =>
    `loss ${shown(test)} on new data, ${shown(train)} on the training data, ${shown(least)} with ` +
    `endless data. The best ridge, ${shown(best)}, gives ${shown(at_best)} on new data.`;
  const lossPanels = (levels, rule, lost, x, unit, n, c, now) => {
    const [sizes, ridges] = [spread(x.low, x.high, 41), spread(1e-6, 10, 36)];
    const by_n = sizes.map((size) => meanLosses(levels, size * unit, c, rule, lost));
    const by_c = ridges.map((ridge) => meanLosses(levels, n * unit, ridge, rule, lost));
    const y = { ...decades([...by_n, ...by_c].flatMap(Object.values)), label: "loss" };
    const lines = (xs, found, place) => [...bothLosses(xs, found, place, now),
      curve(xs, () => now.floor, "_N_ = ∞", GREY, DOTTED)];
    const onRidges = [...lines(ridges, by_c, c), upright(now.best, "best")];
    return [{ x, y, marks: lines(sizes, by_n, n) },
      { x: log(1e-6, 10, "ridge, _c_"), y, marks: onRidges }];
  };
  const levelsAt = ({ spectrum, d, k }) =>
    once("levels", spectrum ?? `${d} ${k}`, () => levelsOf(spectrum ?? powerLaw(d, k)));
  const given = ({ spectrum }) => once("given", spectrum, () => levelsOf(spectrum));
  const alphaBarOf = ({ steps, beta_end: end }) =>
    once("steps", `${steps} ${end}`, () => linear(steps, end));
  const ruleAt = (t, data) => (t ? { alpha_bar: [alphaBarOf(data)[t - 1]], weight: [1] } : data);
  const setOf = (law, t, data) => {
    const d = data.lambda.length / data.laws.length, a = alphaBarOf(data)[t - 1];
    const [lambda, seen] = [data.lambda, data.seen].map((all) => all.slice(law * d, (law + 1) * d));
    return { lambda, seen, a, s: noiseOf(a) };
  };
  const xs = range(121, (i) => i / 10 - 6);

  const TYPES = { f8: Float64Array, f4: Float32Array, i2: Int16Array, u1: Uint8Array };

  // Eigenvalues in a file: text, or one array of numpy's.
  const spectrumOf = (buffer) => {
    const bytes = new Uint8Array(buffer), text = new TextDecoder("latin1").decode(bytes);
    const rows = text.replace(/^ï»¿|#.*/g, "").split("\n").map((row) => row.match(/[^\s,;]+/g)).filter(Boolean);
    // Rows of equally many numbers are a table, and which of its columns is meant is not known.
    let values = rows[1] && rows.every((r) => r[1] && r.length === rows[0].length) ? [] : rows.flat().map(Number);
    if (bytes[0] === 0x93 && text.slice(1, 6) === "NUMPY") {
      const kind = /'descr': '<(f[48])', 'fortran_order': False, 'shape': \(\d+,\)/.exec(text)?.[1];
      values = kind ? Array.from(new TYPES[kind](buffer.slice(10 + new DataView(buffer).getUint16(8, true)))) : [];
    }
    const top = values.reduce((most, value) => Math.max(most, value), 0);
    if (!(top > 0 && top < Infinity) || values.length > 1e6 || !values.every((value) => value >= -1e-7 * top))
      throw Error("no list");
    return values.map((value) => Math.max(value, 0));
  };

  // The noise ratios s_t of T steps: spacing.evenly, schedule.cosine, spacing.for_spectrum.
  const pathOf = (spectrum) => {
    const least = Math.sqrt(Math.min(...spectrum)), piece = Math.asinh(Math.sqrt(9999) / least) / 4095;
    let [length, before] = [0, 0];
    return range(4096, (i) => {
      const sigma = least * Math.sinh(i * piece), terms = (sum, v) => sum + v / (v + sigma ** 2) ** 2;
      const speed = least * Math.cosh(i * piece) * Math.sqrt(spectrum.reduce(terms, 0));
      length += i && ((speed + before) / 2) * piece;
      before = speed;
      return [sigma, length];
    });
  };
  const SCHEDULES = {
    even: (T, data) => range(T, (i) => {
      const all = alphaBarOf(data), place = (all.length * (i + 1)) / T, n = Math.round(place);
      return noiseOf(all[n - 1 - (place % 1 === 0.5 && n % 2)]); // halves to even, as numpy
    }),
    cosine: (T, _, a = 1) => {
      const f = (t) => Math.cos(((t / T + 0.008) / 1.008) * (Math.PI / 2)) ** 2;
      return range(T, (i) => noiseOf(a *= Math.max(f(i + 1) / f(i), 1e-3)));
    },
    spaced: (T, { spectrum }) => {
      const path = once("path", spectrum, () => pathOf(spectrum));
      let i = 1;
      return range(T, (t) => {
        const goal = (path.at(-1)[1] * (t + 1)) / T;
        while (i < 4095 && path[i][1] < goal) i++;
        const [[from, behind], [to, ahead]] = path.slice(i - 1, i + 1);
        return (from + ((to - from) * (goal - behind)) / (ahead - behind)) ** 2;
      });
    },
  };
  // DDIM's variance over the true one: the start, and the squared cosines of the steps.
  const shareKept = (lambda, levels) => {
    let share = (1 + levels.at(-1)) / (lambda + levels.at(-1)), before = 0;
    for (const s of levels) {
      share *= (lambda + Math.sqrt(before * s)) ** 2 / ((lambda + before) * (lambda + s));
      before = s;
    }
    return share;
  };

  const KINDS = {
    // Eigenvalues of the sample covariance of white data, and the losses.
    "marchenko-pastur": {
      controls: () => [ratio("n_over_d", PER_DIMENSION, 0.25, 16, 120, 0.5),
        plain("c", "ridge, _c_", 0, 1, 0.01, 0),
        plain("alpha_bar", "share of signal, _ᾱ_", 0.5, 0.99, 0.01, 0.99)],
      numbers: ({ n_over_d, c, alpha_bar }) => ({
        ...losses(white, n_over_d, (1 - alpha_bar) / alpha_bar, c),
        atom: Math.max(0, 1 - n_over_d), edges: [1, -1].map((o) => (1 - o / Math.sqrt(n_over_d)) ** 2),
      }),
      panels: ({ n_over_d, c, alpha_bar }, _, now) => {
        const y = 1 / n_over_d, turn = Math.PI / 299;
        const bulk = range(300, (i) => 1 + y - 2 * Math.sqrt(y) * Math.cos(turn * i));
        const law = curve(bulk, (x) => density(x, y), "density", NEW);
        const zeros = { upright: 0, top: now.atom, colour: TRAINING, name: "share of zeros" };
        const sizes = spread(0.25, 16, 121);
        const at = sizes.map((n) => losses(white, n, (1 - alpha_bar) / alpha_bar, c));
        return [{ x: flat(-0.2, 9, "eigenvalue of the sample covariance, _λ_"),
            y: flat(0, 1.4, "density"), marks: [{ ...law, area: true }, zeros] },
          { x: log(0.25, 16, PER_DIMENSION), y: log(0.1, 100, "loss"), marks: [
            ...bothLosses(sizes, at, n_over_d, now),
            curve(sizes, () => alpha_bar, "_N_ = ∞", GREY, DOTTED)] }];
      },
      words: ({ n_over_d }, { test, train, atom, edges }) =>
        `At N/d = ${shown(n_over_d)} the loss is ${shown(test)} on new data and ${shown(train)} ` +
        `on training data. ${shown(100 * atom)} % of the eigenvalues are zero, the others lie ` +
        `between ${shown(edges[0])} and ${shown(edges[1])}; the truth is 1.`,
    },

    // A spectrum and a number of images: the answer of lindiff-nb predict.
    calculator: {
      controls: () => [ratio("d", "pixels, _d_", 4, 65536, 112, 256, { whole: true }),
        ratio("n", "images, _N_", 2, 2 ** 20, 152, 128, { whole: true }),
        plain("k", "exponent of the spectrum, _k_", 0, 3, 0.05, 1),
        ratio("c", "ridge, _c_", 1e-6, 10, 140, 0, { zero: "none" })],
      numbers: (at, rule) => priced(levelsAt(at), at.n, at.c, rule, 1),
      panels: (at, rule, now) =>
        lossPanels(levelsAt(at), rule, 1, log(2, 2 ** 20, "images, _N_"), 1, at.n, at.c, now),
      words: ({ n, c, d, k, spectrum }, now) =>
        `${n} images, ${spectrum ? "" : `${d} pixels, `}${c ? `ridge ${shown(c)}` : "no ridge"}: ` +
        `${priceWords(now)} Divergence of the samples, in nats per dimension: ${shown(now.kl)}. ` +
        `In a terminal: lindiff-nb predict ${spectrum ? "--spectrum FILE" : `--power-law ${d} ${shown(k)}`} -n ${n} -c ${shown(c)}`,
      extra: (box, at, again) => {
        const told = html("span", { "aria-live": "polite" }, "");
        const input = html("input", { type: "file", accept: ".txt,.csv,.npy" });
        const use = (spectrum, text = "") => {
          at.spectrum = spectrum;
          told.textContent = text;
          for (const name of ["d", "k"]) box.querySelector(`[name=${name}]`).disabled = !!spectrum;
          again();
        };
        const read = ({ files: [file] }) => (file ? file.arrayBuffer().then(spectrumOf).then(
          (found) => use(found, `${found.length} eigenvalues of ${file.name}`),
          () => use(undefined, "that is no list of eigenvalues: numbers that are not negative")) : use());
        input.addEventListener("change", () => read(input));
        box.addEventListener("dragover", (event) => event.preventDefault());
        box.addEventListener("drop", (event) => (event.preventDefault(), read(event.dataTransfer)));
        const asked = html("span", {}, "or eigenvalues of your own; the file stays with you");
        box.querySelector(".controls").append(html("label", {}, asked, input, told));
      },
    },

    // The same for one spectrum, its mean known, at one noise step or over all of them.
    losses: {
      controls: ({ steps }) => [ratio("n_over_d", PER_DIMENSION, 0.0625, 16, 128, 0.5),
        ratio("c", "ridge, _c_", 1e-6, 1, 120, 0.001, { zero: "none" }),
        ratio("t", "noise step, _t_", 1, steps, 60, 0, { whole: true, zero: "mean" })],
      numbers: ({ n_over_d, c, t }, data) =>
        priced(given(data), n_over_d * data.spectrum.length, c, ruleAt(t, data), 0),
      panels: ({ n_over_d, c, t }, data, now) => lossPanels(given(data), ruleAt(t, data), 0,
        log(0.0625, 16, PER_DIMENSION), data.spectrum.length, n_over_d, c, now),
      words: ({ n_over_d, c }, now) =>
        `N/d = ${shown(n_over_d)}, ${c ? `ridge ${shown(c)}` : "no ridge"}: ${priceWords(now)}`,
    },

    // Gradient flow on a training set of each law: every mode, and the loss.
    training: {
      controls: ({ laws, steps }) => [choice("law", "spectrum", laws),
        ratio("t", "noise step, _t_", 1, steps, 60, 200, { whole: true }),
        ratio("tau", "training time, _ητ_", 0.02, 2e4, 120, 1)],
      numbers: ({ law, t, tau }, data) => {
        const { lambda, seen, a, s } = setOf(law, t, data);
        const rule = Math.log1p(s / data.waiting[law]) / (2 * (1 - a));
        const best = lowest((time) => trained(lambda, seen, a, time), 1e-3, 1e6);
        const [test, at_rule, at_best] = [tau, rule, best].map((x) => trained(lambda, seen, a, x));
        const q = lambda.map((value) => flow(value, a, tau).q);
        return { test, train: trained(lambda, lambda, a, tau), rule, at_rule, best, at_best, q };
      },
      panels: ({ law, t, tau }, data, now) => {
        const { lambda, seen, a, s } = setOf(law, t, data);
        const [ranks, times] = [lambda.map((_, i) => i + 1), spread(0.02, 2e4, 100)];
        const on = (variances, x) => trained(lambda, variances, a, x);
        const found = times.map((x) => ({ test: on(seen, x), train: on(lambda, x) }));
        return [{ x: log(1, ranks.length, "rank, _ν_"), y: flat(0, 1, "share taken for data, _q_"),
            marks: [curve(ranks, (_, i) => now.q[i], "learned so far", TRAINING),
              curve(ranks, (_, i) => seen[i] / (seen[i] + s), "right on new data", NEW, DOTTED)] },
          { x: log(0.02, 2e4, "training time, _ητ_"),
            y: { ...decades(found.flatMap(Object.values)), label: "loss" },
            marks: [...bothLosses(times, found, tau, now), upright(now.rule, "the rule")] }];
      },
      words: ({ tau }, { test, train, rule, at_rule, best, at_best }) =>
        `At ητ = ${shown(tau)} the loss is ${shown(test)} on new data and ${shown(train)} on ` +
        `training data. The rule stops at ${shown(rule)}, where it is ${shown(at_rule)}; the best ` +
        `time is ${shown(best)}, with ${shown(at_best)}.`,
    },

    // A random-feature score, and its distance from the truth, along gradient flow.
    score: {
      controls: () => [ratio("tau", "training time, _τ_", 1, 1e10, 120, 1e5),
        ratio("t", "diffusion time, _t_", 0.01, 1, 60, 0.1)],
      numbers: ({ tau, t }, { w, u, V, k, b, modes, deviation, times, bound }) => {
        const a = Math.exp(-t * (0.1 + (19.9 * t) / 2));
        const angles = range(4, (j) => Math.cos(Math.PI * j * t));
        const offset = w.map((_, j) => total(angles.map((angle, i) => u[4 * j + i] * angle)));
        const flowed = k.map((rate, j) => (-Math.expm1(-2 * rate * tau) / rate) * b[j]);
        const height = w.map((_, i) => total(flowed.map((value, j) => V[i * w.length + j] * value)));
        const variance = a * deviation ** 2 + 1 - a;
        const at = (x) => total(w.map((slope, j) => height[j] * Math.max(0, slope * x + offset[j])));
        const learned = xs.map((x) => at(x) / Math.sqrt(w.length));
        const truth = xs.map((x) => {
          const gaps = modes.map((mode) => mode * Math.sqrt(a) - x);
          const parts = gaps.map((gap) => Math.exp(-(gap ** 2) / (2 * variance)));
          return total(gaps.map((gap, i) => gap * parts[i])) / total(parts) / variance;
        });
        const i = Math.max(1, times.findIndex((time) => time >= tau * (1 - 1e-9)));
        const share = Math.log(tau / times[i - 1]) / Math.log(times[i] / times[i - 1]);
        return { learned, truth, bound: bound[i - 1] * (bound[i] / bound[i - 1]) ** share };
      },
      panels: ({ tau }, { times, bound }, now) => [
        { x: flat(-6, 6, "_x_"), y: flat(-4, 4, "score"), marks: [
          curve(xs, (_, i) => now.truth[i], "truth", GREY, DASHED),
          curve(xs, (_, i) => now.learned[i], "learned", TRAINING)] },
        { x: log(1, 1e10, "training time, _τ_"), y: { ...decades(bound), label: "distance (nats)" },
          marks: [curve(times, (_, i) => bound[i], "", NEW), dot(tau, now.bound, NEW)] },
      ],
      words: ({ tau, t }, { bound }) => `After τ = ${shown(tau)} the score, drawn at ` +
        `t = ${shown(t)}, is ${shown(bound)} nats from the truth.`,
    },

    // One digit, noised, and the guess of the best linear denoiser.
    denoise: {
      controls: ({ steps, digits, mean: { length } }) => [
        choice("digit", "digit", range(digits.length / length, (i) => `${i + 1}`)),
        ratio("t", "noise step, _t_", 1, steps, 60, Math.round(0.2 * steps), { whole: true })],
      numbers: ({ digit, t }, data) => {
        const { mean: centre, axes, variances, noise } = data;
        const [d, a] = [centre.length, alphaBarOf(data)[t - 1]], s = (1 - a) / a;
        const clean = data.digits.slice(digit * d, (digit + 1) * d);
        const seen = clean.map((value, i) => value + Math.sqrt(s) * noise[i]), guess = [...centre];
        variances.forEach((value, j) => {
          const along = total(seen.map((pixel, i) => axes[j * d + i] * (pixel - centre[i])));
          const kept = (along * value) / (value + s);
          for (let i = 0; i < d; i++) guess[i] += kept * axes[j * d + i];
        });
        const off = (image) => Math.sqrt(mean((i) => (image[i] - clean[i]) ** 2, d));
        const noisy = seen.map((value) => Math.sqrt(a) * value);
        return { a, clean, guess, noisy, off: off(guess), off_noisy: off(seen) };
      },
      panels: (_, data, { clean, noisy, guess }) => [[
        { pixels: clean, name: "clean" }, { pixels: noisy, name: "noisy, _x__t_" },
        { pixels: guess, name: "the guess" }]],
      words: ({ t }, { a, off, off_noisy }) =>
        `Step ${t}: ${shown(100 * a)} % of the signal's variance is left. The noisy image, scaled ` +
        `back, is off by ${shown(off_noisy)} of a pixel's range, the guess by ${shown(off)}.`,
    },

    // What a schedule of few steps costs DDIM: the angles that modes turn by, and the divergence.
    sampler: {
      controls: () => [choice("schedule", "noise levels", Object.keys(SCHEDULES)),
        ratio("T", "steps, _T_", 2, 1000, 300, 40, { whole: true })],
      numbers: ({ schedule, T }, data) => {
        const levels = Object.values(SCHEDULES)[schedule](T, data);
        const kept = data.spectrum.map((value) => shareKept(value, levels));
        return { levels, kept, kl: mean((i) => excess(kept[i] - 1, kept[i]), kept.length) / 2 };
      },
      panels: ({ schedule, T }, data, now) => {
        const { spectrum } = data, names = ["largest", "middle", "smallest"];
        const steps = spread(2, 1000, 14).map(Math.round), schedules = Object.keys(SCHEDULES);
        const lines = once("sampler", spectrum, () => schedules.map((_, i) =>
          steps.map((n) => KINDS.sampler.numbers({ schedule: i, T: n }, data).kl)));
        const looks = [[NEW, ""], [TRAINING, DASHED], [GREY, DOTTED]];
        const modes = [0, spectrum.length >> 1, spectrum.length - 1].map((i) => spectrum[i]);
        const angle = (s, value) => (Math.atan(Math.sqrt(s / value)) * 180) / Math.PI;
        const turned = modes.map((value, i) => curve(range(T + 1, Number),
          (t) => (t ? angle(now.levels[t - 1], value) : 0), `${names[i]} _λ_`, ...looks[i]));
        const told = lines.map((line, i) => curve(steps, (_, j) => line[j], schedules[i], ...looks[i]));
        return [{ x: flat(0, T, "step, _t_"), y: flat(0, 90, "angle (degrees)"), marks: turned },
          { x: log(2, 1000, "steps, _T_"),
            y: { ...decades(lines.flat()), label: "nats per dimension" },
            marks: [...told, dot(T, now.kl, looks[schedule][0])] }];
      },
      words: ({ T }, { kept, kl: nats }) =>
        `With ${T} steps the samples have ${shown(100 * kept[0])} % of the largest variance, ` +
        `${shown(100 * kept.at(-1))} % of the smallest, and miss the truth by ${shown(nats)} nats.`,
    },
  };

  // ---- from the box to the figure

  const decoded = (data) =>
    Object.fromEntries(Object.entries(data).map(([name, value]) => {
      if (typeof value !== "object" || Array.isArray(value)) return [name, value];
      const [[type, text]] = Object.entries(value);
      const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
      const unit = { i2: 1 / 32767, u1: 1 / 255 }[type] ?? 1;
      return [name, Array.from(new TYPES[type](bytes.buffer), (entry) => entry * unit)];
    }));

  const start = (box, { kind, beside, data: packed }) => {
    const data = decoded(packed), figure = KINDS[kind], controls = figure.controls(data);
    const at = Object.fromEntries(controls.map(({ name, start }) => [name, start]));
    const drawing = html("div", { class: "panels" });
    const words = html("p", { class: "words", "aria-live": "polite" });
    let [waiting, width] = [false, 0];
    const draw = () => {
      waiting = false;
      const now = figure.numbers(at, data), wide = drawing.clientWidth || 600;
      const panels = figure.panels(at, data, now), charts = panels.filter((panel) => panel.x).length;
      const each = charts > 1 && wide > 520 ? Math.floor((wide - 16) / 2) : wide;
      const letters = charts > 1 ? "abc" : "";
      drawing.replaceChildren(...panels.map((panel, i) => panel.x
        ? html("div", { class: "panel", style: `width: ${each}px` },
          keyOf(panel, letters.charAt(i)), chart(panel, each))
        : html("div", { class: "pictures" }, panel.map(picture))));
      words.textContent = figure.words(at, now, data);
    };
    const again = () => { if (!waiting) requestAnimationFrame(draw); waiting = true; };
    const moved = (name, value) => { at[name] = value; again(); };
    box.append(drawing, html("div", { class: "controls" }, controls.map((c) => sliderOf(c, moved))), words);
    if (figure.extra) figure.extra(box, at, again);
    if (!beside) box.parentElement.classList.add("moves");
    box.dataset.kind = kind;
    box.numbers = (values) => figure.numbers({ ...at, ...values }, data);
    new ResizeObserver(([entry]) => {
      if (Math.abs(entry.contentRect.width - width) > 1) again();
      width = entry.contentRect.width;
    }).observe(drawing);
    draw();
  };

  const files = new URL("live/", document.currentScript.src);
  const boxes = [...document.querySelectorAll(".live[data-file]")];
  window.liveFigure = (file, text) => {
    for (const box of boxes)
      if (box.dataset.file === file && !box.dataset.kind) start(box, JSON.parse(text));
  };
  const seen = new IntersectionObserver((entries) => {
    for (const { target } of entries.filter((entry) => entry.isIntersecting)) {
      seen.unobserve(target);
      document.head.append(html("script", { src: new URL(`${target.dataset.file}.js`, files).href }));
    }
  }, { rootMargin: "400px" });
  for (const box of boxes) seen.observe(box);
})();
