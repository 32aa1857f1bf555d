// Susceptibility over eps, a line for every classifier, and the list of them that has the numbers.

// Numbers of a message start anywhere in it, so they are copied to where an array of floats may start.
const floats = (view) =>
  new Float32Array(view ? view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength) : 0);
const bits = (view) => Array.from({ length: view?.byteLength ?? 0 }, (_, i) => view.getUint8(i));
const percent = (share) => `${(100 * share).toFixed(1)}%`;

function curves(lines, styles, { eps, norm, widest, chosen }) {
  const [left, right, top, bottom] = [36, 274, 8, 196];
  const x = (e) => left + ((right - left) * e) / widest, y = (share) => bottom - (bottom - top) * share;
  const text = (content, attributes) => svg("text", { "font-size": 11, fill: "currentColor", ...attributes }, content);
  const label = "susceptibility over eps, a line for each classifier; the list below has the numbers";
  const node = svg("svg", { viewBox: "0 0 284 232", role: "img", "aria-label": label });
  for (const share of [0, 0.5, 1]) {
    node.append(svg("path", { d: `M${left} ${y(share)}H${right}`, stroke: "currentColor", opacity: 0.18 }));
    node.append(text(`${100 * share}%`, { x: left - 4, y: y(share) + 4, "text-anchor": "end" }));
  }
  for (const e of ["0", "0.1", "0.2", "0.3", "0.4", "0.5"])
    node.append(text(e, { x: x(e), y: bottom + 15, "text-anchor": "middle" }));
  node.append(text(`radius eps (${norm})`, { x: (left + right) / 2, y: bottom + 31, "text-anchor": "middle" }));
  node.append(svg("path", { d: `M${x(eps)} ${top}V${bottom}`, stroke: "currentColor", "stroke-dasharray": "2 2" }));
  lines.forEach(([name, view], k) => {
    const sorted = floats(view), n = sorted.length, reached = sorted.findLastIndex((d) => d < widest) + 1;
    let d = `M${x(0)} ${y(0)}`;
    for (let i = 0; i < reached; i++) d += `H${x(sorted[i]).toFixed(1)}V${y((i + 1) / n).toFixed(1)}`;
    const style = styles[name], marks = [0.1, 0.2, 0.3, 0.4].map((e) => e + 0.012 * k);
    const share = (e) => (sorted.findLastIndex((distance) => distance < e) + 1) / n;
    const line = svg("path", { d: `${d}H${x(widest)}`, fill: "none", "stroke-width": name === chosen ? 2.6 : 1.6 });
    node.append(group(style, line, ...marks.map((e) => MARKS[style[1]](x(e), y(share(e))))));
  });
  return node;
}

// Everybody who has learnt these points, the most robust first; a table to read, the chosen one in bold.
function ranking(lines, styles, chosen) {
  const rows = [...lines].sort((a, b) => a[2] - b[2]).map(([name, , share]) => {
    const style = styles[name], line = svg("path", { d: "M1 7H27" });
    const drawn = group(style, line, MARKS[style[1]](14, 7));
    const sample = svg("svg", { width: 28, height: 14, "aria-hidden": "true" }, drawn);
    const texts = [make("span", { textContent: name }), make("b", { textContent: percent(share) })];
    return make("li", { className: name === chosen ? "chosen" : "" }, sample, ...texts);
  });
  const says = rows.length ? "susceptible at this eps, the least first" : "";
  return make("div", {}, make("figcaption", { textContent: says }), make("ol", { className: "ranking" }, ...rows));
}
