// The square of decisions: field, boundary, points, arrows and the chosen point's ball, painted on a canvas.

const rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));

// Points of a colour on a field of the same: on dark paper they are lighter than it, on light paper darker.
const isDark = (paper) => paper.match(/\d+/g).slice(0, 3).reduce((sum, part) => sum + Number(part), 0) < 384;
const shade = (hex, dark) => `rgb(${rgb(hex).map((part) => Math.round(dark ? 0.68 * part + 0.32 * 255 : 0.7 * part))})`;

// One byte v a place stands for the margin m, v = 127.5 (1 + m / (1 + |m|)). Colour is the class, opacity confidence.
function decode({ n, bytes }, palette) {
  const margin = Float32Array.from({ length: n * n }, (_, i) => {
    const v = Math.max(-0.996, Math.min(0.996, bytes.getUint8(i) / 127.5 - 1));
    return v / (1 - Math.abs(v));
  });
  const picture = make("canvas", { width: n, height: n });
  const image = new ImageData(n, n);
  const colours = [rgb(palette.blue), rgb(palette.orange)];
  for (let row = 0; row < n; row++)
    for (let column = 0; column < n; column++) {
      const m = margin[row * n + column], to = 4 * ((n - 1 - row) * n + column);
      image.data.set(colours[m > 0 ? 1 : 0], to);
      image.data[to + 3] = 16 + 92 * Math.abs(Math.tanh(m / 2)); // tanh(m / 2) is 2p - 1
    }
  picture.getContext("2d").putImageData(image, 0, 0);
  return { n, picture, line: boundary(margin, n) };
}

// Marching squares: where the margin is zero on the edges of each cell, joined in pairs.
function boundary(margin, n) {
  const path = new Path2D();
  for (let row = 0; row + 1 < n; row++)
    for (let column = 0; column + 1 < n; column++) {
      const corners = [[column, row], [column + 1, row], [column + 1, row + 1], [column, row + 1]];
      const values = corners.map(([x, y]) => margin[y * n + x]);
      const crossings = corners.flatMap(([x, y], i) => {
        const j = (i + 1) % 4, [a, b] = [values[i], values[j]];
        if (a > 0 === b > 0) return [];
        const t = a / (a - b);
        return [[x + t * (corners[j][0] - x), y + t * (corners[j][1] - y)]];
      });
      crossings.forEach(([x, y], i) => path[i % 2 ? "lineTo" : "moveTo"](x, n - 1 - y));
    }
  return path;
}

const outline = (pen, [x, y], size, label) =>
  label ? pen.rect(x - 0.9 * size, y - 0.9 * size, 1.8 * size, 1.8 * size) : pen.arc(x, y, size, 0, 7);

function arrow(pen, [x, y], [u, v]) {
  const length = Math.hypot(u - x, v - y), head = Math.min(5, 0.6 * length);
  const [a, b] = [(head * (u - x)) / length, (head * (v - y)) / length];
  pen.beginPath();
  pen.moveTo(x, y);
  pen.lineTo(u, v);
  pen.moveTo(u - a - 0.5 * b, v - b + 0.5 * a);
  pen.lineTo(u, v);
  pen.lineTo(u - a + 0.5 * b, v - b - 0.5 * a);
  pen.stroke();
}

// Field and boundary at the canvas' own size. A thin, wiggly boundary is slow to stroke and stays while a point is
// dragged, so it is kept until classifier, size or theme change.
function backdrop(decisions, side, ratio, ink) {
  const { n, picture, line, kept } = decisions, key = [side, ratio, ink].join();
  if (kept?.key === key) return kept.canvas;
  const size = Math.round(side * ratio), canvas = make("canvas", { width: size, height: size });
  const pen = canvas.getContext("2d"), cell = side / (n - 1);
  pen.scale(ratio, ratio);
  pen.drawImage(picture, -cell / 2, -cell / 2, side + cell, side + cell);
  pen.scale(cell, cell);
  Object.assign(pen, { strokeStyle: ink, lineWidth: 1.3 / cell });
  pen.stroke(line);
  decisions.kept = { key, canvas };
  return canvas;
}

// What the square shows: {decisions, points, labels, z, distance, step, eps, norm, arrows, palette, chosen}.
function paint(canvas, show) {
  const side = canvas.clientWidth, ratio = window.devicePixelRatio || 1;
  if (canvas.width !== Math.round(side * ratio)) canvas.width = canvas.height = Math.round(side * ratio);
  const pen = canvas.getContext("2d"), style = getComputedStyle(canvas);
  const [ink, paper] = [style.color, style.backgroundColor];
  const unit = side / 2, on = (list, i) => [unit * (1 + list[2 * i]), unit * (1 - list[2 * i + 1])];
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, side, side);
  if (show.decisions) pen.drawImage(backdrop(show.decisions, side, ratio, ink), 0, 0, side, side);
  const reaches = (i) => show.distance[i] > 0 && show.distance[i] < Infinity;
  pen.strokeStyle = ink;
  if (show.arrows)
    show.labels.forEach((_, i) => {
      if (!reaches(i)) return;
      const near = show.distance[i] < show.eps;
      Object.assign(pen, { globalAlpha: near ? 0.9 : 0.3, lineWidth: near ? 1.2 : 1 });
      arrow(pen, on(show.points, i), on(show.z, i));
    });
  pen.globalAlpha = 1;
  const dark = isDark(paper);
  show.labels.forEach((label, i) => {
    const colour = shade(label ? show.palette.orange : show.palette.blue, dark), wrong = show.distance[i] === 0;
    pen.beginPath();
    outline(pen, on(show.points, i), wrong ? 3.6 : 4, label);
    // A point that the classifier gets wrong is hollow.
    [pen.fillStyle, pen.strokeStyle, pen.lineWidth] = wrong ? [paper, colour, 2] : [colour, paper, 0.8];
    pen.fill();
    pen.stroke();
  });
  if (show.chosen in show.labels) mark(pen, show, on, unit, ink, reaches(show.chosen));
}

// The chosen point: its ball, its arrow to the nearest input that fools the classifier, and a cross where FGSM steps to.
function mark(pen, { points, z, step, labels, eps, norm, chosen }, on, unit, ink, reaches) {
  const at = on(points, chosen);
  pen.strokeStyle = ink;
  pen.beginPath();
  if (norm === "ℓ∞") pen.rect(at[0] - eps * unit, at[1] - eps * unit, 2 * eps * unit, 2 * eps * unit);
  else pen.arc(...at, eps * unit, 0, 7);
  pen.setLineDash([5, 3]);
  pen.lineWidth = 1.6;
  pen.stroke();
  pen.setLineDash([]);
  pen.lineWidth = 2;
  pen.beginPath();
  outline(pen, at, 7, labels[chosen]);
  pen.stroke();
  if (!reaches) return;
  pen.lineWidth = 2.2;
  arrow(pen, at, on(z, chosen));
  const [x, y] = on(step, chosen), arm = 4.5;
  pen.beginPath();
  for (const up of [-arm, arm]) {
    pen.moveTo(x - arm, y - up);
    pen.lineTo(x + arm, y + up);
  }
  pen.stroke();
}
