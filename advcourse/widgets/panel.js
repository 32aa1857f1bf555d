// One panel: native controls, figures and a read-out line. Python computes every number; this file asks and shows.

const make = (tag, attributes = {}, ...children) => {
  const node = Object.assign(document.createElement(tag), attributes);
  node.append(...children);
  return node;
};

// A select or a slider under its label. show() brings it up to date; a spec holds options, or min, max, step and unit.
function control({ name, label }, isSelect, choose) {
  const input = make(isSelect ? "select" : "input", { name });
  if (!isSelect) input.type = "range";
  // JupyterLab would take an arrow or a letter for one of its commands, which cut cells: the control itself says no.
  input.dataset.lmSuppressShortcuts = "true";
  const read = make("span", { className: "value", ariaHidden: "true" });
  const named = make("label", {}, make("span", { textContent: label }), input);
  const node = make("div", { className: "control" }, named, read);
  input.addEventListener("input", () => choose(name, isSelect ? input.value : Number(input.value)));
  let offered;
  const show = (value, spec, idle) => {
    input.disabled = idle;
    if (isSelect) {
      // Python may aim at any of a thousand classes; the list offers some and whatever is chosen.
      const options = spec.options.includes(value) ? spec.options : [...spec.options, value];
      if (offered !== options.join("\n")) {
        input.replaceChildren(...options.map((text) => make("option", { value: text, textContent: text })));
        offered = options.join("\n");
      }
      input.value = value;
    } else {
      // The order matters: a range clips its value to the bounds and the step it has at that moment.
      Object.assign(input, { min: spec.min, max: Math.max(spec.max, value), step: spec.step });
      input.value = value;
      read.textContent = idle ? "–" : `${value}${spec.unit}`;
      input.setAttribute("aria-valuetext", read.textContent);
    }
  };
  return { node, show };
}

function canvas({ size: [width, height], pixels, caption }) {
  const node = make("canvas", { width, height, className: width < 100 ? "sharp" : "" });
  node.setAttribute("role", "img");
  node.setAttribute("aria-label", caption);
  const image = new ImageData(width, height);
  for (let from = 0, to = 0; from < pixels.byteLength; to += 4) {
    for (let c = 0; c < 3; c++) image.data[to + c] = pixels.getUint8(from++);
    image.data[to + 3] = 255;
  }
  node.getContext("2d").putImageData(image, 0, 0);
  return node;
}

const bar = ([name, p, right]) => {
  const fill = make("div", { className: right ? "fill right" : "fill wrong" });
  fill.style.width = `${100 * p}%`;
  const label = make("span", { textContent: name, title: name });
  const text = make("div", { className: "text" }, label, `${(100 * p).toFixed(0)}%`);
  return make("li", {}, text, make("div", { className: "track" }, fill));
};

const swatch = (className, text) => make("span", {}, make("i", { className }), text);
const key = () =>
  make("div", { className: "key" }, "bars:", swatch("right", "true class"), swatch("wrong", "other class"));

async function figure(spec) {
  if (spec.png) {
    const src = URL.createObjectURL(new Blob([spec.png], { type: "image/png" }));
    const image = make("img", { alt: spec.caption, src });
    await image.decode();
    URL.revokeObjectURL(src);
    return make("figure", { className: "plot" }, image);
  }
  const below = spec.bars.length
    ? [make("ol", {}, ...spec.bars.map(bar))]
    : spec.notes.map((textContent) => make("div", { className: "note", textContent }));
  if (spec.key) below.push(key());
  return make("figure", {}, make("figcaption", { textContent: spec.caption }), canvas(spec), ...below);
}

function render({ model, el }) {
  const specs = model.get("controls"), offers = model.get("offers"), palette = model.get("palette");
  const figures = make("div", { className: "figures" });
  const line = make("p", { className: "line" });
  line.setAttribute("aria-live", "polite");
  const busy = make("p", { className: "busy", textContent: "computing…" });

  const specOf = (spec, image) => ({ ...spec, ...offers[image][spec.name] });
  const fits = (value, now, before) => (now.options ? now.options.includes(value) : now.max === before.max);
  const choose = (name, value) => {
    // A new image starts the settings anew that do not fit it (Python does the same), so that all of them always fit.
    for (const [other, offer] of Object.entries(name === "image" ? offers[value] : {}))
      if (!fits(model.get(other), offer, offers[model.get("image")][other])) model.set(other, offer.start);
    model.set(name, value);
    model.save_changes();
  };
  const controls = specs.map((spec) => control(spec, "options" in specOf(spec, model.get("image")), choose));

  const settle = () => {
    const done = model.get("scene").settings;
    panel.classList.toggle("waiting", specs.some(({ name }) => done[name] !== model.get(name)));
    specs.forEach((spec, i) => {
      const idle = spec.idle ? model.get(spec.idle[0]) === spec.idle[1] : false;
      controls[i].show(model.get(spec.name), specOf(spec, model.get("image")), idle);
    });
  };
  const draw = async () => {
    const scene = model.get("scene");
    const nodes = await Promise.all(scene.figures.map(figure));
    if (scene !== model.get("scene")) return;
    figures.replaceChildren(...nodes);
    const facts = scene.line.split(" · ").map((textContent) => make("span", { textContent }));
    line.replaceChildren(...facts.flatMap((fact, i) => (i ? [" · ", fact] : [fact])));
    settle();
  };

  const top = make("div", { className: "controls" }, ...controls.map(({ node }) => node));
  const panel = make("div", { className: "advcourse-panel" }, top, figures, line, busy);
  panel.style.setProperty("--right", palette.right);
  panel.style.setProperty("--wrong", palette.wrong);
  el.append(panel);
  const names = specs.map(({ name }) => `change:${name}`).join(" ");
  model.on(names, settle);
  model.on("change:scene", draw);
  draw();
  return () => {
    model.off(names, settle);
    model.off("change:scene", draw);
  };
}

export default { render };
