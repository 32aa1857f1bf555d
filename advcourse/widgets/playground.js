// The playground: a square of decisions that one can touch, and how susceptible each classifier is. These files draw
// numbers and say what was pressed, dragged or drawn; who computes, Python in Jupyter or page.js on a page, is the model.

const STEP = 0.02; // of Shift + arrow, in units of the square [-1, 1]^2
const REACH = 14; // pixels from the mouse to the point it means
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
const HELP = "Decisions. Arrow keys choose a point, Shift and an arrow key moves it";
const HELP_WITH_OWN = `${HELP}; in data of your own, Enter adds a point and Delete takes it away.`;
const KEYS = [["← → ↑ ↓", "choose a point"], ["Shift + arrow", "move it"]];
const OWN_KEYS = [["Enter", "add one"], ["Delete", "take it away"]];
const clip = (v) => Math.min(1, Math.max(-1, v));

function render({ model, el }) {
  const get = (name) => model.get(name), palette = get("palette"), specs = get("controls");
  const styles = Object.fromEntries(get("styles").map(([name, ...style]) => [name, style]));
  const spec = (name) => specs.find((one) => one.name === name), widest = spec("eps").max;
  const own = () => get("data") === get("own");
  let chosen = -1, field, decisions, points = [], labels = [], scene = {};

  const set = (name, value) => {
    model.set(name, value);
    model.save_changes();
  };
  const ask = (does, ...values) => model.send({ do: does, with: values });

  const shown = specs.filter(({ name }) => name in get("scene").settings);
  const controls = shown.map((spec) => control(spec, "options" in spec, set));
  const tick = ({ name, label }) => {
    const input = make("input", { type: "checkbox", name });
    input.dataset.lmSuppressShortcuts = "true";
    input.addEventListener("input", () => set(name, input.checked));
    return { name, input, node: make("label", { className: "tick" }, input, label) };
  };
  const press = (name, textContent) => {
    // A button that is disabled would lose the keyboard's focus; this one only does not answer.
    const button = make("button", { name, textContent });
    button.addEventListener("click", () => button.ariaDisabled !== "true" && ask(name));
    return button;
  };
  // A page without Python has no button to train, nothing that learns, and no points of one's own.
  const ticks = ["arrows", "learning"].filter(spec).map((name) => tick(spec(name)));
  const buttons = get("buttons").map((names) => press(...names));
  const side = spec("side") && control(spec("side"), true, set);
  const tools = make("div", { className: "tools" }, ...buttons, ...ticks.map(({ node }) => node));
  if (side) tools.append(side.node);

  const canvas = make("canvas", { tabIndex: 0 });
  canvas.setAttribute("role", "application");
  canvas.setAttribute("aria-label", side ? HELP_WITH_OWN : `${HELP}.`);
  canvas.dataset.lmSuppressShortcuts = "true";
  const right = make("figure", {});
  const keys = make("p", { className: "keys" });
  const figures = make("div", { className: "figures" }, make("figure", {}, canvas, keys), right);
  const bar = make("progress", { max: 1, ariaLabel: "training" });
  const line = make("p", { className: "line" }), point = make("p", { className: "about" });
  for (const node of [line, point]) node.setAttribute("aria-live", "polite");
  const busy = make("p", { className: "busy", textContent: "computing…" });
  const top = make("div", { className: "controls" }, ...controls.map(({ node }) => node));
  const panel = make("div", { className: "advcourse-panel playground" }, top, tools, bar, figures, line, point, busy);
  const isStale = late(panel, "stale"), isBusy = late(panel, "working");
  el.append(panel);

  // What is shown -----------------------------------------------------------------------------------------------------

  const repaint = () => {
    if (!canvas.clientWidth) return;
    const { z, distance, step } = scene, [eps, norm, arrows] = ["eps", "norm", "arrows"].map(get);
    paint(canvas, { decisions, points, labels, z, distance, step, eps, norm, arrows, palette, chosen });
    point.textContent = about(chosen);
  };
  const about = (i) => {
    if (!(i in labels)) return "Point at one of the points, or use the arrow keys.";
    const where = `(${points[2 * i].toFixed(2)}, ${points[2 * i + 1].toFixed(2)})`;
    const name = `Point ${i + 1} of ${labels.length}, ${labels[i] ? "orange square" : "blue dot"} at ${where}`;
    if (!scene.p.length) return name;
    const says = `${scene.p[i] > 0.5 ? "orange" : "blue"} with ${percent(Math.max(scene.p[i], 1 - scene.p[i]))}`;
    const far = scene.distance[i], eps = get("eps");
    if (far === 0) return `${name}: the classifier says ${says}, which is wrong without any change`;
    if (far === Infinity) return `${name}: the classifier says ${says}, everywhere in the square`;
    const ball = far < eps ? `inside the ball · one gradient step (×) ${scene.fooled[i] ? "fools it" : "misses"}` : "outside the ball";
    return `${name}: the classifier says ${says} · smallest perturbation ${far.toFixed(3)}, ${ball}`;
  };
  const settle = () => {
    const done = get("scene").settings, training = get("scene").progress !== undefined;
    const waiting = Object.keys(done).some((name) => done[name] !== get(name));
    panel.classList.toggle("waiting", waiting);
    isStale(waiting);
    isBusy(waiting);
    shown.forEach((spec, i) => controls[i].show(get(spec.name), spec, false));
    ticks.forEach(({ name, input }) => (input.checked = get(name)));
    side?.show(get("side"), spec("side"), !own());
    for (const button of buttons) button.ariaDisabled = String(training || waiting);
    bar.classList.toggle("running", training);
    bar.value = get("scene").progress ?? 0;
    canvas.classList.toggle("own", own());
    const named = own() ? [...KEYS, ...OWN_KEYS] : KEYS;
    if (keys.children.length !== named.length) keys.replaceChildren(...named.map(([key, does]) => make("span", {}, make("kbd", { textContent: key }), ` ${does}`)));
    repaint();
  };
  const draw = () => {
    answered(awaited);
    const now = get("scene"), lists = ["points", "z", "distance", "p", "step"].map((name) => [name, floats(now[name])]);
    scene = Object.fromEntries(lists);
    [labels, scene.fooled] = [now.labels, now.fooled].map(bits);
    // A point that is held is where the hand is, ahead of Python.
    points = dragged ? moved(scene.points, dragged.point, dragged.at) : scene.points;
    if (field !== get("field")) {
      field = get("field");
      decisions = field.n ? decode(field, palette) : undefined;
    }
    // The curves wait until a point is let go: one point of two hundred hardly shows, and a move is quicker without.
    if (now.curves && !dragged) {
      const show = { eps: get("eps"), norm: get("norm"), widest, chosen: get("classifier") };
      right.replaceChildren(curves(now.curves, styles, show), ranking(now.curves, styles, show.chosen));
    }
    readOut(line, now.line);
    settle();
    panel.dataset.scenes = Number(panel.dataset.scenes ?? 0) + 1;
  };

  // What the mouse and the keys do ------------------------------------------------------------------------------------

  let dragged = null, drawing = null, awaited = null, newest = null, said = 0;
  // One move is on its way at a time, and of those that come meanwhile the newest is next.
  const tell = (held) => {
    if (awaited) return (newest = held);
    awaited = held;
    const status = ({ content }) => {
      if (content.execution_state === "idle") answered(held);
      else say();
    };
    model.send({ do: "hold", with: held }, { iopub: { status } });
  };
  const answered = (held) => {
    if (!held || held !== awaited) return;
    [awaited, held, newest] = [null, newest, null];
    if (held) tell(held);
  };
  // Jupyter's server may hold an answer back until the browser acknowledges what came before, that the kernel is busy.
  // TCP does so with the next thing to be said, or 40 ms later: so while an answer is awaited, something is said.
  const say = () => {
    said++;
    const status = ({ content }) => content.execution_state === "idle" && --said === 0 && awaited && say();
    model.send({}, { iopub: { status } });
  };
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    const at = [(2 * (event.clientX - box.left)) / box.width - 1, 1 - (2 * (event.clientY - box.top)) / box.height];
    return at.map(clip);
  };
  const nearest = (at, within = Infinity, score = Math.hypot) => {
    let best = -1;
    labels.forEach((_, i) => {
      const far = score(points[2 * i] - at[0], points[2 * i + 1] - at[1]);
      if (far < within) [best, within] = [i, far];
    });
    return best;
  };
  const moved = (all, i, [x, y]) => all.with(2 * i, x).with(2 * i + 1, y);
  const hold = (i, at, done) => {
    dragged = done ? null : { point: i, at };
    points = moved(points, i, at);
    tell([i, at, done]);
    repaint();
  };
  const choose = (i) => {
    if (i < 0 || i === chosen) return;
    chosen = i;
    repaint();
  };
  const add = (at) => {
    chosen = labels.length;
    drawing = at;
    ask("add", at, get("side") === "orange" ? 1 : 0);
  };
  const inReach = () => (2 * REACH) / canvas.clientWidth;

  canvas.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    canvas.setPointerCapture(event.pointerId);
    const at = place(event), i = nearest(at, inReach());
    choose(i);
    if (i >= 0) dragged = { point: i, at: [points[2 * i], points[2 * i + 1]], still: true };
    else if (own()) add(at);
  });
  canvas.addEventListener("pointermove", (event) => {
    const at = place(event);
    if (dragged) hold(dragged.point, at, false);
    else if (drawing && Math.hypot(at[0] - drawing[0], at[1] - drawing[1]) > 0.07) add(at);
    else if (!drawing) choose(nearest(at, inReach()));
  });
  canvas.addEventListener("lostpointercapture", () => {
    if (dragged && !dragged.still) hold(dragged.point, dragged.at, true);
    dragged = drawing = null;
  });
  const move = ([across, up]) => {
    const at = [points[2 * chosen] + STEP * across, points[2 * chosen + 1] + STEP * up];
    hold(chosen, at.map(clip), false);
  };
  // Along the arrow counts once, across it twice: the next point is the one that the eye would take.
  const step = ([across, up]) => {
    const from = chosen in labels ? [points[2 * chosen], points[2 * chosen + 1]] : [-across, -up];
    choose(nearest(from, Infinity, (dx, dy) => {
      const along = dx * across + dy * up, aside = Math.abs(dx * up) + Math.abs(dy * across);
      return along > 1e-6 && along > 0.3 * aside ? along + 2 * aside : Infinity;
    }));
  };
  const beside = (i) => [clip(points[2 * i] + 0.1), points[2 * i + 1]];
  canvas.addEventListener("keydown", (event) => {
    const known = chosen in labels;
    if (event.key in ARROWS && event.shiftKey && known) move(ARROWS[event.key]);
    else if (event.key in ARROWS) step(ARROWS[event.key]);
    else if (event.key === "Enter" && own()) add(known ? beside(chosen) : [0, 0]);
    else if (["Delete", "Backspace"].includes(event.key) && own() && known) ask("remove", chosen);
    else return;
    event.preventDefault();
  });
  const letGo = () => dragged && hold(dragged.point, dragged.at, true);
  canvas.addEventListener("keyup", (event) => {
    drawing = null;
    if (event.key === "Shift") letGo();
  });
  canvas.addEventListener("blur", letGo);

  const names = specs.map(({ name }) => `change:${name}`).join(" ");
  const forget = () => (chosen = -1);
  model.on("change:data", forget);
  model.on(names, settle);
  model.on("change:scene", draw);
  // The theme's colours are painted, not styled: JupyterLab notes a change of theme on the body, a page on its root.
  const rethink = () => requestAnimationFrame(repaint), dark = matchMedia("(prefers-color-scheme: dark)");
  const theme = new MutationObserver(rethink);
  for (const node of [document.body, document.documentElement]) theme.observe(node, { attributes: true });
  dark.addEventListener("change", rethink);
  const sizes = new ResizeObserver(repaint);
  sizes.observe(canvas);
  draw();
  return () => {
    sizes.disconnect();
    theme.disconnect();
    dark.removeEventListener("change", rethink);
    model.off("change:data", forget);
    model.off(names, settle);
    model.off("change:scene", draw);
  };
}
