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

  // h(w) = w - 1 - ln w of w = 1 + u, as a series where digits would cancel.
  const excess = (u, w) => {
    if (Math.abs(u) >= 0.1) return u - Math.log(w);
    let sum = 0;
    for (let k = 18; k >= 2; k--) sum = sum * -u + 1 / k;
    return sum * u * u;
  };

  // ---- the law of n samples: predict.ridge, predict.losses, predict.divergence

  const powerLaw = (d, k) => {
    const law = range(d, (i) => (i + 1) ** -k);
    const unit = total(law) / d;
    return law.map((value) => value / unit);
  };

  // Every sum over modes is one of a function that is analytic in ln(lambda) within pi of the
  // real axis. So a bin of many eigenvalues is as good as a few nodes with the weights that
  // integrate the polynomial through them: 12 in an interval of 1.2 leave less than 1e-12.
  const NODES = 12;
  const BIN = 1.2;
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
      const some = members.length > NODES ? few(bin, members) : members;
      return some.map(([lambda, weight], i) => [lambda, weight, bin, i ? 0 : whole]);
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
      const hit = shares.findIndex((share) => !Number.isFinite(share));
      const all = total(shares);
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
        const learned = lambda[i] / (lambda[i] + kappa);
        const left = kappa / (lambda[i] + kappa);
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
    const [m, d] = [n - lost, levels.d];
    const [rho, rest] = [s / (s + c), c / (s + c)];
    const { D, V, E } = response(levels, ((s + c) * n) / m, m);
    const shared = E + V > 0 ? (E * V) / (E + V) : 0;
    const train = rest ** 2 + (rho * ((1 + rest) * D + rest * shared)) / d;
    const gap = (rho * V * (D * (m + E) + 2 * lost * m)) / (d * E * (E + V));
    return { test: train + gap, train };
  };
  const floor = (levels, s) => levels.sum((value) => value / (value + s)) / levels.d;

  // Means over the noise levels of a rule {alpha_bar, weight}.
  const overSteps = (rule, f) =>
    rule.alpha_bar.reduce((all, a, i) => all + rule.weight[i] * f((1 - a) / a), 0);
  const meanLosses = (levels, n, c, rule, lost) => {
    const all = { test: 0, train: 0 };
    rule.alpha_bar.forEach((a, i) => {
      const one = losses(levels, n, (1 - a) / a, c, lost);
      all.test += rule.weight[i] * one.test;
      all.train += rule.weight[i] * one.train;
    });
    return all;
  };

  // KL(sampler || population) per dimension.
  const kl = (levels, n, c, lost = 0) => {
    const { d, rank } = levels;
    const m = n - lost;
    if ((c > 0 && rank < d) || (c === 0 && m < rank)) return Infinity;
    if (c === 0 && m === rank) return rank / d / 2;
    const ridge = (c * n) / m;
    const { D, E } = response(levels, ridge, m);
    const [delta, q] = [D / m, E / m];
    let nats = levels.sum((value) => excess(ridge / value - delta, ridge / value + q));
    nats += rank * delta - m * excess(-delta, q);
    if (lost) nats -= (ridge / n) * levels.sum((value) => 1 / value) + rank * Math.log(m / n);
    return nats / d / 2;
  };

  // Where f is least, by a grid in the logarithm and golden sections.
  const lowest = (f, low, high) => {
    const grid = spread(low, high, Math.ceil(4 * Math.log10(high / low)) + 1);
    const values = grid.map(f);
    const i = values.indexOf(Math.min(...values));
    let [a, b] = [grid[Math.max(i - 1, 0)], grid[Math.min(i + 1, grid.length - 1)]].map(Math.log);
    for (let step = 0; step < 40; step++) {
      const [left, right] = [b - 0.618034 * (b - a), a + 0.618034 * (b - a)];
      if (f(Math.exp(left)) < f(Math.exp(right))) b = right;
      else a = left;
    }
    return Math.exp((a + b) / 2);
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
  const noiseOf = (alphaBar) => alphaBar.map((a) => (1 - a) / a);

  // The share q that a mode of variance lambda takes for data after the time tau, and what the
  // modes then cost on data of the variances `seen`.
  const flow = (lambda, a, tau) => {
    const rate = a * lambda + 1 - a;
    const phi = -Math.expm1(-2 * tau * rate) / rate;
    return { q: Math.exp(-2 * tau * rate) + a * lambda * phi, leak: a * (1 - a) * phi * phi };
  };
  const trained = (lambda, seen, a, tau) =>
    mean((i) => {
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
  const html = (tag, attributes, ...children) =>
    fill(document.createElement(tag), attributes, children);
  const svg = (tag, attributes, ...children) =>
    fill(document.createElementNS(SVG, tag), attributes, children);
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
      const rough = (high - low) / 5;
      const unit = 10 ** Math.floor(Math.log10(rough));
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
    line({ line, colour, dash = "", area = false, floor = 0 }, x, y) {
      const points = line.filter((point) => !point.some(Number.isNaN));
      const path = "M" + points.map(([a, b]) => `${x(a).toFixed(1)},${y(b).toFixed(1)}`).join("L");
      const drawn = { d: path, stroke: colour, fill: "none", "stroke-dasharray": dash };
      const under = `${path}L${x(points.at(-1)[0])},${y(floor)}L${x(points[0][0])},${y(floor)}Z`;
      const shade = svg("path", { d: under, fill: colour, "fill-opacity": 0.25 });
      return [...(area ? [shade] : []), svg("path", { ...drawn, "stroke-width": 1.8 })];
    },
    dot({ dot, colour }, x, y) {
      return [svg("circle", { cx: x(dot[0]), cy: y(dot[1]), r: 5, fill: colour })];
    },
    upright({ upright, colour, dash = "", top }, x, y, box) {
      const up = top === undefined ? box.top : y(top);
      const place = { x1: x(upright), x2: x(upright), y1: box.bottom, y2: up };
      const look = { stroke: colour, "stroke-dasharray": dash, "stroke-width": dash ? 1.2 : 3 };
      return [svg("line", { ...place, ...look })];
    },
  };

  const chart = (panel, width) => {
    const box = { left: 50, right: width - 10, top: 10, bottom: Math.max(150, width * 0.6) };
    const height = box.bottom + 40;
    const x = axis(panel.x, box.left, box.right);
    const y = axis(panel.y, box.bottom, box.top);
    const rule = (place) => svg("line", { ...place, stroke: "currentColor", "stroke-opacity": 0.15 });
    const word = (text, place) => svg("text", { fill: "currentColor", ...place }, text);
    const across = ticksOf(panel.x).flatMap((value) => [
      rule({ x1: x(value), x2: x(value), y1: box.top, y2: box.bottom }),
      word(tickText(value, panel.x.log), { x: x(value), y: box.bottom + 15, "text-anchor": "middle" }),
    ]);
    const up = ticksOf(panel.y).flatMap((value) => [
      rule({ x1: box.left, x2: box.right, y1: y(value), y2: y(value) }),
      word(tickText(value, panel.y.log), { x: box.left - 5, y: y(value) + 4, "text-anchor": "end" }),
    ]);
    const [middle, centre] = [(box.left + box.right) / 2, (box.top + box.bottom) / 2];
    const names = [
      word(inSvg(panel.x.label), { x: middle, y: box.bottom + 34, "text-anchor": "middle" }),
      word(inSvg(panel.y.label),
        { "text-anchor": "middle", transform: `translate(12 ${centre}) rotate(-90)` }),
    ];
    const [w, h] = [box.right - box.left, box.bottom - box.top];
    const frame = { x: box.left, y: box.top, width: w, height: h };
    const inside = panel.marks.flatMap((mark) =>
      marks[Object.keys(marks).find((kind) => kind in mark)](mark, x, y, box));
    const label = `${panel.y.label} against ${panel.x.label}`.replaceAll("_", "");
    const size = { viewBox: `0 0 ${width} ${height}`, width, height };
    return svg("svg", { ...size, role: "img", "aria-label": label },
      across, up, names,
      svg("svg", { ...frame, viewBox: `${box.left} ${box.top} ${w} ${h}` }, inside),
      svg("rect", { ...frame, fill: "none", stroke: "currentColor", "stroke-opacity": 0.5 }));
  };

  // The names of what a panel draws, each beside a stroke of its colour.
  const keyOf = (panel) => {
    const named = panel.marks.filter((mark) => mark.name);
    return html("p", { class: "key" }, named.map(({ name, colour, dash }) =>
      html("span", {},
        svg("svg", { width: 22, height: 10, "aria-hidden": "true" },
          svg("line", { x1: 0, x2: 22, y1: 5, y2: 5, stroke: colour, "stroke-width": 2,
            "stroke-dasharray": dash ?? "" })),
        inHtml(name))));
  };

  // Grey images from 0, black, to 1, white.
  const picture = ({ pixels, name }) => {
    const side = Math.sqrt(pixels.length);
    const canvas = html("canvas", { width: side, height: side, role: "img", "aria-label": name });
    const bytes = new ImageData(side, side);
    pixels.forEach((value, i) =>
      bytes.data.set([...range(3, () => Math.round(255 * value)), 255], 4 * i));
    canvas.getContext("2d").putImageData(bytes, 0, 0);
    return html("div", { class: "picture" }, canvas, html("span", {}, inHtml(name)));
  };

  const NEW = "var(--new)";
  const TRAINING = "var(--training)";
  const GREY = "var(--grey)";
  const DOTTED = "2 3";
  const DASHED = "6 4";

  // ---- what can be moved

  const plain = (name, label, low, high, step, start) =>
    ({ name, label, start, high: Math.round((high - low) / step), low: 0,
      at: (place) => low + place * step, place: (value) => (value - low) / step });
  // In equal ratios, whole numbers if asked for; `zero` names a place of its own at the left end.
  const ratio = (name, label, low, high, places, start, { whole = false, zero = "" } = {}) =>
    ({ name, label, start, zero, high: places, low: zero ? -1 : 0,
      at: (place) => {
        const value = low * (high / low) ** (place / places);
        return place < 0 ? 0 : whole ? Math.round(value) : value;
      },
      place: (value) => (value ? (places * Math.log(value / low)) / Math.log(high / low) : -1) });
  const choice = (name, label, options, start = 0) => ({ name, label, options, start });

  const sliderOf = (control, moved) => {
    const { name, label, low, high, zero } = control;
    if (control.options) {
      const options = control.options.map((text, value) => html("option", { value }, text));
      const list = html("select", { name }, options);
      list.value = control.start;
      list.addEventListener("change", () => moved(name, Number(list.value)));
      return html("label", {}, html("span", {}, inHtml(label)), list);
    }
    const told = html("span", { class: "value", "aria-hidden": "true" });
    const place = Math.round(control.place(control.start));
    const slider = html("input", { type: "range", name, min: low, max: high, step: 1, value: place });
    const tell = () => {
      const value = control.at(Number(slider.value));
      const text = value === 0 && zero ? zero : shown(value);
      told.textContent = text;
      slider.setAttribute("aria-valuetext", text);
      return value;
    };
    tell();
    slider.addEventListener("input", () => moved(name, tell()));
    return html("label", {}, html("span", {}, inHtml(label)), slider, told);
  };

  // ---- the figures

  const white = levelsOf([1]);
  const kept = new Map();
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
  const upright = (x, name = "") => ({ upright: x, name, colour: "currentColor", dash: DOTTED });
  const PER_DIMENSION = "samples per dimension, _N_/_d_";

  const KINDS = {
    // Eigenvalues of the sample covariance of white data, and the losses.
    "marchenko-pastur": {
      controls: () => [
        ratio("n_over_d", PER_DIMENSION, 0.25, 16, 120, 0.5),
        plain("c", "ridge, _c_", 0, 1, 0.01, 0),
        plain("alpha_bar", "share of signal, _ᾱ_", 0.5, 0.99, 0.01, 0.99),
      ],
      numbers: ({ n_over_d, c, alpha_bar }) => ({
        ...losses(white, n_over_d, (1 - alpha_bar) / alpha_bar, c),
        atom: Math.max(0, 1 - n_over_d),
        edges: [1, -1].map((sign) => (1 - sign * Math.sqrt(1 / n_over_d)) ** 2),
      }),
      panels: ({ n_over_d, c, alpha_bar }, _, { atom, test, train }) => {
        const [y, root] = [1 / n_over_d, Math.sqrt(1 / n_over_d)];
        const bulk = range(300, (i) => 1 + y - 2 * root * Math.cos((Math.PI * i) / 299));
        const law = curve(bulk, (x) => density(x, y), "density", NEW);
        const zeros = { upright: 0, top: atom, colour: TRAINING, name: "share of zeros" };
        const sizes = spread(0.25, 16, 121);
        const at = sizes.map((n) => losses(white, n, (1 - alpha_bar) / alpha_bar, c));
        return [
          { x: flat(-0.2, 9, "eigenvalue of the sample covariance, _λ_"),
            y: flat(0, 1.4, "density"), marks: [{ ...law, area: true }, zeros] },
          { x: log(0.25, 16, PER_DIMENSION), y: log(0.1, 100, "loss"), marks: [
            curve(sizes, (_, i) => at[i].test, "new data", NEW),
            curve(sizes, (_, i) => at[i].train, "training data", TRAINING),
            curve(sizes, () => alpha_bar, "_N_ = ∞", GREY, DOTTED),
            dot(n_over_d, test, NEW), dot(n_over_d, train, TRAINING)] },
        ];
      },
      words: ({ n_over_d }, { test, train, atom, edges }) =>
        `At N/d = ${shown(n_over_d)} the loss is ${shown(test)} on new data and ${shown(train)} ` +
        `on training data. ${shown(100 * atom)} % of the eigenvalues are zero, the others lie ` +
        `between ${shown(edges[0])} and ${shown(edges[1])}; the truth is 1.`,
    },
  };

  // ---- from the box to the figure

  const decoded = (data) =>
    Object.fromEntries(Object.entries(data).map(([name, value]) => {
      if (typeof value !== "object" || Array.isArray(value)) return [name, value];
      const [[type, text]] = Object.entries(value);
      const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
      const kinds = { f8: Float64Array, f4: Float32Array, i2: Int16Array, u1: Uint8Array };
      const unit = { i2: 1 / 32767, u1: 1 / 255 }[type] ?? 1;
      return [name, Array.from(new kinds[type](bytes.buffer), (entry) => entry * unit)];
    }));

  const start = (box, { kind, beside, data: packed }) => {
    const data = decoded(packed);
    const figure = KINDS[kind];
    const controls = figure.controls(data);
    const at = Object.fromEntries(controls.map(({ name, start }) => [name, start]));
    const drawing = html("div", { class: "panels" });
    const words = html("p", { class: "words", "aria-live": "polite" });
    let waiting = false;
    const draw = () => {
      waiting = false;
      const now = figure.numbers(at, data);
      const wide = drawing.clientWidth || 600;
      const panels = figure.panels(at, data, now);
      const charts = panels.filter((panel) => panel.x).length;
      const width = charts > 1 && wide > 520 ? Math.floor((wide - 16) / 2) : wide;
      drawing.replaceChildren(...panels.map((panel) => panel.x
        ? html("div", { class: "panel", style: `width: ${width}px` }, keyOf(panel), chart(panel, width))
        : html("div", { class: "pictures" }, panel.map(picture))));
      words.textContent = figure.words(at, now, data);
    };
    const again = () => {
      if (!waiting) requestAnimationFrame(draw);
      waiting = true;
    };
    const moved = (name, value) => {
      at[name] = value;
      again();
    };
    const sliders = html("div", { class: "controls" }, controls.map((c) => sliderOf(c, moved)));
    box.append(drawing, sliders, words);
    if (figure.extra) figure.extra(box, data, again);
    if (!beside) box.parentElement.classList.add("moves");
    box.classList.add("drawn");
    box.dataset.kind = kind;
    box.numbers = (values) => figure.numbers({ ...at, ...values }, data);
    let width = 0;
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
      if (box.dataset.file === file && !box.classList.contains("drawn")) start(box, JSON.parse(text));
  };
  const seen = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      seen.unobserve(target);
      const source = new URL(`${target.dataset.file}.js`, files).href;
      document.head.append(html("script", { src: source }));
    }
  }, { rootMargin: "400px" });
  for (const box of boxes) seen.observe(box);
})();
