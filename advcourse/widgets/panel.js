// One panel: native controls, figures and a read-out line. Python computes every number; this file asks and shows.

function canvas({ size: [width, height] }, pixels) {
  const node = make("canvas", { width, height });
  node.setAttribute("role", "img");
  const image = new ImageData(width, height);
  for (let from = 0, to = 0; from < pixels.byteLength; to += 4) {
    for (let c = 0; c < 3; c++) image.data[to + c] = pixels.getUint8(from++);
    image.data[to + 3] = 255;
  }
  node.getContext("2d").putImageData(image, 0, 0);
  return node;
}

// An area, line, arrow or dot in a colour of its own; its name stands beyond its end.
function trace(pen, path, { kind, colour, dashed, name }) {
  const [[x, y], [u, v]] = [path[0], path.at(-1)], length = Math.hypot(u - x, v - y);
  Object.assign(pen, { strokeStyle: colour, fillStyle: colour, lineWidth: kind === "area" ? 2 : 5, globalAlpha: 1 });
  pen.setLineDash(dashed ? [14, 10] : []);
  pen.beginPath();
  if (kind === "dot") pen.arc(u, v, 11, 0, 7);
  else for (const at of path) pen.lineTo(...at);
  if (kind === "area") pen.closePath();
  if (kind === "arrow" && length > 1) {
    const [a, b] = [(22 * (u - x)) / length, (22 * (v - y)) / length];
    pen.moveTo(u - a - 0.5 * b, v - b + 0.5 * a);
    pen.lineTo(u, v);
    pen.lineTo(u - a + 0.5 * b, v - b - 0.5 * a);
  }
  pen.stroke();
  if (kind === "area") pen.globalAlpha = 0.35;
  if (["area", "dot"].includes(kind)) pen.fill();
  pen.globalAlpha = 1;
  if (!name) return;
  const [across, up] = length ? [(34 * (u - x)) / length, (26 * (v - y)) / length] : [0, 30];
  Object.assign(pen, { font: "600 28px system-ui, sans-serif", textAlign: "center", textBaseline: "middle" });
  Object.assign(pen, { strokeStyle: "#fff", lineWidth: 7, lineJoin: "round" });
  pen.setLineDash([]);
  pen.strokeText(name, u + across, v + up);
  pen.fillText(name, u + across, v + up);
}

// A canvas as a map: points of two classes, lines, shapes, and the point that can be dragged, in its window's units.
function map(field, { window: [left, right, bottom, top], points, lines, shapes = [], drag, height }, held, palette) {
  const node = make("canvas", { width: 640, height: 640 * (height ?? (top - bottom) / (right - left)), className: "map" });
  node.classList.toggle("blank", field.classList.contains("blank"));
  if (!drag.length) node.classList.add("still");
  for (const name of ["role", "aria-label"]) node.setAttribute(name, field.getAttribute(name));
  const pen = node.getContext("2d");
  const on = ([x, y]) => [((x - left) / (right - left)) * node.width, ((top - y) / (top - bottom)) * node.height];
  const mark = ([x, y], size, round) =>
    round ? pen.arc(x, y, size, 0, 7) : pen.rect(x - 0.9 * size, y - 0.9 * size, 1.8 * size, 1.8 * size);
  pen.drawImage(field, 0, 0, node.width, node.height);
  for (const [x, y, k] of points) {
    pen.beginPath();
    mark(on([x, y]), 5, k === 0);
    Object.assign(pen, { fillStyle: k === 0 ? palette.dots : palette.squares, strokeStyle: "#fff", lineWidth: 3 });
    pen.stroke(); // a point on a field of its own hue stands out by its rim, too
    pen.fill();
  }
  for (const [path, dashed] of lines) {
    pen.setLineDash(dashed ? [14, 10] : []);
    pen.beginPath();
    for (const at of path) pen.lineTo(...on(at));
    pen.lineWidth = 3;
    pen.strokeStyle = "#333";
    pen.stroke();
  }
  for (const shape of shapes) trace(pen, shape.points.map(on), shape);
  if (!drag.length) return node;
  pen.setLineDash([]);
  pen.beginPath();
  mark(on(held), 13, true);
  Object.assign(pen, { fillStyle: palette.held, strokeStyle: "#000", lineWidth: 4 });
  pen.fill();
  pen.stroke();
  return node;
}

const bar = ([name, p, right, said = `${(100 * p).toFixed(0)}%`]) => {
  const fill = make("div", { className: right ? "fill right" : "fill wrong" });
  fill.style.width = `${100 * p}%`;
  const label = make("span", { textContent: name, title: name });
  const text = make("div", { className: "text" }, label, said);
  return make("li", {}, text, make("div", { className: "track" }, fill));
};

const swatch = (className, text) => make("span", {}, make("i", { className }), text);
const key = () =>
  make("div", { className: "key" }, "bars:", swatch("right", "true class"), swatch("wrong", "other class"));

const percent = (shares) =>
  Object.fromEntries(Object.entries(shares).map(([side, share]) => [side, `${100 * share}%`]));

async function decoded(png) {
  const src = URL.createObjectURL(new Blob([png], { type: "image/png" })), image = make("img", { src });
  await image.decode();
  URL.revokeObjectURL(src);
  return image;
}

// The picture of a figure as a node, which stays as long as its bytes do: to make it takes longer than all the rest.
async function picture(spec, bytes, kept) {
  if (kept.bytes !== bytes) Object.assign(kept, { bytes, node: await (spec.spans ? decoded(bytes) : canvas(spec, bytes)) });
  return kept.node;
}

function plot({ caption, spans, mark }, image) {
  image.alt = caption;
  const marks = spans.map(([top, height]) => {
    const node = make("div", { className: "mark" });
    Object.assign(node.style, percent({ left: mark, top, height }));
    return node;
  });
  return make("figure", { className: "plot" }, image, ...marks);
}

function figure(spec, held, palette, image) {
  if (spec.chart) return chart(spec);
  if (spec.spans) return plot(spec, image);
  const below = spec.bars.length
    ? [make("ol", {}, ...spec.bars.map(bar))]
    : spec.notes.map((textContent) => make("div", { className: "note", textContent }));
  if (spec.key) below.push(key());
  image.classList.toggle("sharp", spec.sharp);
  image.classList.toggle("blank", spec.blank);
  image.setAttribute("aria-label", spec.caption);
  const shown = spec.plane ? map(image, spec.plane, held, palette) : image;
  shown.plane = spec.plane;
  return make("figure", {}, make("figcaption", { textContent: spec.caption }), shown, ...below);
}

function render({ model, el }) {
  const specs = () => model.get("controls"), palette = model.get("palette");
  const kept = []; // what is drawn of each figure's picture
  const figures = make("div", { className: "figures" });
  const line = make("p", { className: "line" });
  line.setAttribute("aria-live", "polite");
  const busy = make("p", { className: "busy", textContent: "computing…" });

  // Python says what can be set for what is chosen. What is set before it has waits, with the control it was set by.
  const spec = (of) => specs().find(({ name }) => name === of);
  let early = {};
  const set = (values) => {
    if ("chosen" in values) early = {};
    else if (specs()[0].for !== model.get("chosen")) {
      for (const name in values) early[name] = { value: values[name], by: JSON.stringify(spec(name)) };
      return;
    }
    model.set(values);
    model.save_changes({ iopub: { status: ({ content }) => content.execution_state === "busy" && say() } });
  };
  // Jupyter's server may hold an answer back until the browser acknowledges what came before, that the kernel is busy.
  // TCP does so with the next thing to be said, or 40 ms later: so while an answer is awaited, something is said.
  let said = 0;
  const say = () => {
    said++;
    const waits = () => --said === 0 && panel.matches(".waiting:not(.alone)");
    model.send({}, { iopub: { status: ({ content }) => content.execution_state === "idle" && waits() && say() } });
  };
  const enter = () => {
    const fitting = Object.entries(early).filter(([name, { by }]) => JSON.stringify(spec(name)) === by);
    early = {};
    if (fitting.length) set(Object.fromEntries(fitting.map(([name, { value }]) => [name, value])));
    settle();
  };
  const controls = specs().map((spec) => control(spec, "options" in spec, (name, value) => set({ [name]: value })));

  // A new scene replaces the map under the mouse, so what is held is followed over the whole page.
  const drag = ({ target, clientX, clientY, button }) => {
    if (!target.plane?.drag.length || button) return;
    const { window: [left, right, bottom, top], drag: names } = target.plane;
    const box = target.getBoundingClientRect();
    const move = (event) => {
      const across = left + ((event.clientX - box.left) / box.width) * (right - left);
      const up = top - ((event.clientY - box.top) / box.height) * (top - bottom);
      const places = [across, up].map((value, i) => {
        const { min, max, step } = spec(names[i]);
        return [names[i], Number((Math.round(Math.min(max, Math.max(min, value)) / step) * step).toFixed(6))];
      });
      set(Object.fromEntries(places));
    };
    const drop = () => ["pointermove", "pointerup", "pointercancel"].forEach((name, i) => removeEventListener(name, i ? drop : move));
    ["pointermove", "pointerup", "pointercancel"].forEach((name, i) => addEventListener(name, i ? drop : move));
    move({ clientX, clientY });
  };
  figures.addEventListener("pointerdown", drag);

  // A figure takes a moment to draw; until then what is shown is the scene before.
  let shown = model.get("scene");
  const settle = () => {
    const { settings: done, rough } = shown, waits = Object.keys(done).some((name) => done[name] !== model.get(name));
    panel.classList.toggle("rough", Boolean(rough));
    panel.classList.toggle("waiting", waits);
    isStale(waits);
    isBusy(waits || rough);
    specs().forEach((spec, i) => {
      const idle = spec.idle ? model.get(spec.idle[0]) === spec.idle[1] : false;
      controls[i].show(early[spec.name]?.value ?? model.get(spec.name), spec, idle);
    });
  };
  const draw = async () => {
    const scene = model.get("scene");
    const held = ({ plane }) => (plane?.at?.length ? plane.at : plane?.drag.map((name) => scene.settings[name]));
    const own = (spec, i) => picture(spec, model.get(`picture${i}`), (kept[i] ??= {}));
    const images = await Promise.all(scene.figures.map((spec, i) => spec.chart || own(spec, i)));
    if (scene !== model.get("scene")) return;
    figures.replaceChildren(...scene.figures.map((spec, i) => figure(spec, held(spec), palette, images[i])));
    readOut(line, scene.line);
    shown = scene;
    settle();
  };

  const top = make("div", { className: "controls" }, ...controls.map(({ node }) => node));
  const panel = make("div", { className: "advcourse-panel" }, top, figures, line, busy);
  const isStale = late(panel, "stale"), isBusy = late(panel, "working");
  for (const [name, colour] of Object.entries(palette)) panel.style.setProperty(`--${name}`, colour);
  el.append(panel);
  const names = specs().map(({ name }) => `change:${name}`).join(" ");
  model.on(names, settle);
  model.on("change:controls", enter);
  model.on("change:scene", draw);
  const rest = watch(model, panel);
  draw();
  return () => {
    rest();
    model.off(names, settle);
    model.off("change:controls", enter);
    model.off("change:scene", draw);
  };
}

export default { render };
