// A chart of areas and lines, drawn at the size at which it is shown, with a legend below. `chart` in Python says what.

// Round numbers from low to high, at most so many.
function ticks(low, high, most) {
  const rough = (high - low) / most, power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((n) => n * power >= rough * (1 - 1e-9));
  const [first, last] = [Math.ceil(low / step - 1e-9), Math.floor(high / step + 1e-9)];
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

// What a shape looks like on these points, and as a sample in the legend.
function drawn({ colour, marker, dash, filled }, at) {
  const line = svg("path", { d: `M${at.map((point) => point.map((v) => v.toFixed(1)).join(" ")).join("L")}` });
  if (filled) line.setAttribute("fill-opacity", 0.35);
  else line.setAttribute("fill", "none");
  if (filled) line.setAttribute("stroke", "none");
  return group([colour, marker, dash], line, ...(marker ? at.map(([x, y]) => MARKS[marker](x, y)) : []));
}

function plotted(node, { window: [left, right, bottom, top], equal, height, across, up, shapes }) {
  const wide = node.clientWidth, high = Math.round(height * Math.max(wide, 240));
  const [x0, x1, y0, y1] = [46, wide - 8, high - 36, 8];
  const units = [(right - left) / (x1 - x0), (top - bottom) / (y0 - y1)];
  const [a, b] = equal ? [Math.max(...units), Math.max(...units)] : units;
  const on = ([u, v]) => [(x0 + x1) / 2 + (u - (left + right) / 2) / a, (y0 + y1) / 2 - (v - (bottom + top) / 2) / b];
  const ends = [-1, 1].map((side) => [(left + right + side * a * (x1 - x0)) / 2, (bottom + top + side * b * (y0 - y1)) / 2]);
  const text = (content, attributes) =>
    svg("text", { "font-size": 11, fill: "currentColor", "text-anchor": "middle", ...attributes }, content);
  const root = svg("svg", { width: wide, height: high, role: "img", "aria-label": node.dataset.caption });
  root.append(...shapes.filter(({ filled }) => filled).map((shape) => drawn(shape, shape.points.map(on))));
  root.append(svg("path", { d: `M${x0} ${y1}V${y0}H${x1}`, fill: "none", stroke: "currentColor" }));
  for (const value of ticks(ends[0][0], ends[1][0], Math.max(2, wide / 50))) {
    const [x] = on([value, 0]);
    root.append(svg("path", { d: `M${x} ${y0}v4`, stroke: "currentColor" }), text(value, { x, y: y0 + 16 }));
  }
  for (const value of ticks(ends[0][1], ends[1][1], Math.max(2, high / 40))) {
    const [, y] = on([0, value]);
    const told = text(value, { x: x0 - 7, y: y + 4, "text-anchor": "end" });
    root.append(svg("path", { d: `M${x0} ${y}h-4`, stroke: "currentColor" }), told);
  }
  root.append(text(across, { x: (x0 + x1) / 2, y: high - 4 }));
  root.append(text(up, { transform: `translate(11 ${(y0 + y1) / 2}) rotate(-90)` }));
  root.append(...shapes.filter(({ filled }) => !filled).map((shape) => drawn(shape, shape.points.map(on))));
  node.firstChild?.remove();
  node.prepend(root);
}

const sample = (shape) => {
  const at = shape.filled ? [[2, 2], [26, 2], [26, 12], [2, 12]] : shape.points.length > 1 ? [[1, 7], [27, 7]] : [[14, 7]];
  const one = drawn({ ...shape, marker: "" }, at);
  if (shape.marker) one.append(MARKS[shape.marker](14, 7));
  return svg("svg", { width: 28, height: 14, "aria-hidden": "true" }, one);
};

const sizes = new ResizeObserver((all) => all.forEach(({ target }) => target.clientWidth && plotted(target, target.chart)));

function chart({ caption, chart }) {
  const node = make("div", { className: "chart", chart });
  node.dataset.caption = caption;
  sizes.observe(node);
  const named = chart.shapes.filter(({ name }) => name);
  const legend = named.map((shape) => make("span", {}, sample(shape), shape.name));
  return make("figure", {}, node, make("div", { className: "legend" }, ...legend));
}
