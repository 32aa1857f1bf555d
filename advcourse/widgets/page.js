// The playground's model on a page without Python: what living.py wrote, asked, attacked and told to playground.js the
// way the kernel tells it. Work is cut into slices of a few milliseconds, so that keys and mouse are never waited for.

const SLICE = 12; // ms
const bytes = (list) => new DataView(list.buffer);
const median = (sorted) => sorted[(sorted.length - 1) >> 1];

// One byte a place, as `margins` of view.py packs it, on every second corner of the grid.
function packed(margins) {
  const few = (N + 1) / 2, out = new Uint8Array(few * few);
  for (let row = 0; row < few; row++)
    for (let column = 0; column < few; column++) {
      const m = margins[2 * row * N + 2 * column];
      out[row * few + column] = Math.round(127.5 * (1 + m / (1 + Math.abs(m))));
    }
  return { n: few, bytes: bytes(out) };
}

// The points of one data set as they lie now, and what each network that has learnt them is fooled by.
class World {
  constructor({ points, labels, networks }) {
    this.start = Float32Array.from(numbers(points));
    this.points = this.start.slice();
    this.labels = Uint8Array.from(labels);
    this.learners = Object.fromEntries(
      Object.entries(networks).map(([name, layers]) => [name, { network: network(layers), found: {} }]),
    );
  }

  at(i) {
    return [this.points[2 * i], this.points[2 * i + 1]];
  }

  // What one network is fooled by, looked for point by point; kept when it is whole. Says on the way what can be seen.
  *find(name, norm) {
    const learner = this.learners[name], n = this.labels.length;
    if (!learner.boundary) { // also where a search was given up between the two
      const margins = yield* marginsOf(learner.network);
      learner.field = packed(margins);
      yield "field";
      learner.boundary = yield* boundaryOf(learner.network, margins);
    }
    const found = { z: new Float32Array(2 * n), distance: new Float32Array(n), p: new Float32Array(n) };
    for (let i = 0; i < n; i++, yield) this.look(learner, norm, found, i);
    learner.found[norm] = found;
  }

  look({ network, boundary }, norm, { z, distance, p }, i) {
    const found = smallest(boundary, this.at(i), this.labels[i], SIZES[norm]);
    z.set(found.z, 2 * i);
    distance[i] = found.distance;
    p[i] = 1 / (1 + Math.exp(-network.margin(this.at(i))));
  }

  // Put a point somewhere; what fools it is found anew by everyone who knows, or at first by one of them.
  move(i, at, only) {
    this.points.set(at.map((v) => Math.min(HIGH, Math.max(LOW, v))), 2 * i);
    for (const learner of only ? [this.learners[only]] : Object.values(this.learners))
      for (const [norm, found] of Object.entries(learner.found)) this.look(learner, norm, found, i);
  }

  // Where one step of FGSM takes each point, and whether that fools.
  steps(name, norm, eps) {
    const { network, boundary } = this.learners[name];
    const all = Array.from(this.labels, (label, i) => fgsm(network, this.at(i), label, eps, norm));
    const fooled = Uint8Array.from(all, (z, i) => boundary.says(z) !== this.labels[i]);
    return { step: bytes(Float32Array.from(all.flat())), fooled: bytes(fooled) };
  }

  back() {
    this.points = this.start.slice();
    for (const learner of Object.values(this.learners)) learner.found = {};
  }

  curves(norm, eps) {
    const known = Object.entries(this.learners).filter(([, { found }]) => norm in found);
    return known.map(([name, { found }]) => {
      const sorted = found[norm].distance.slice().sort();
      return [name, bytes(sorted), share(sorted, eps)];
    });
  }
}

const share = (distance, eps) => distance.filter((far) => far < Math.fround(eps)).length / distance.length;

// The scene in numbers, in the words of view.py.
function line({ data, classifier, norm, eps }, distance) {
  const n = distance.length, right = 1 - distance.filter((far) => far === 0).length / n;
  const half = median(distance.slice().sort()), far = half < Infinity ? half.toFixed(3) : "none in the box";
  return (
    `${classifier} on ${data}: ${percent(right)} of ${n} points right · ` +
    `susceptibility at eps = ${eps.toFixed(2)} (${norm}): ${percent(share(distance, eps))} · median distance ${far}`
  );
}

// What `render` asks of a model: get, set, save_changes, send, on and off.
class Page {
  constructor({ worlds, scene, ...traits }) {
    this.worlds = Object.fromEntries(Object.entries(worlds).map(([data, world]) => [data, new World(world)]));
    this.shown = Object.keys(scene.settings);
    this.traits = { ...traits, field: {}, held: {} };
    this.listeners = [];
    this.job = null;
    this.show();
  }

  get(name) {
    return this.traits[name];
  }

  set(name, value) {
    this.traits[name] = value;
    this.tell(name);
  }

  save_changes() {
    this.show();
  }

  on(names, does) {
    for (const name of names.split(" ")) this.listeners.push([name, does]);
  }

  off(names, does) {
    this.listeners = this.listeners.filter(([name, one]) => one !== does || !names.split(" ").includes(name));
  }

  tell(name) {
    for (const [event, does] of this.listeners) if (event === `change:${name}`) does();
  }

  // A frame later, so that of many moves of a hand within one frame the last is answered.
  send({ do: what, with: values }) {
    requestAnimationFrame(() => this[what](...values));
  }

  get world() {
    return this.worlds[this.traits.data];
  }

  hold(i, at, done) {
    this.job = null; // what it has found may speak of where the point was
    const known = this.world.learners[this.traits.classifier].found;
    this.world.move(i, at, done || !Object.keys(known).length ? "" : this.traits.classifier);
    this.traits.held = { point: i, at, done };
    this.show();
  }

  start_anew() {
    this.job = null;
    this.world.back();
    this.show();
  }

  // What is known of the present settings, and the search for what is not.
  show() {
    const { data, classifier, norm, eps, field: last, scene } = this.traits, { points, labels, learners } = this.world;
    const { field = {}, found } = learners[classifier], facts = found[norm];
    if (facts || field !== last || !scene) {
      const list = (name) => facts && bytes(facts[name].slice());
      this.traits.field = field;
      this.traits.scene = {
        settings: Object.fromEntries(this.shown.map((name) => [name, this.traits[name]])),
        held: this.traits.held,
        points: bytes(points.slice()),
        labels: bytes(labels),
        ...{ z: list("z"), distance: list("distance"), p: list("p"), ...(facts && this.world.steps(classifier, norm, eps)) },
        curves: this.world.curves(norm, eps),
        line: facts ? line({ data, classifier, norm, eps }, facts.distance) : "looking for the smallest perturbations…",
      };
      this.tell("scene");
    }
    this.work();
  }

  // The chosen network comes first, then the others, then the other norm; nothing where all is known.
  get due() {
    const { classifier, norm } = this.traits, { learners } = this.world;
    const order = (all, first) => [first, ...all.filter((one) => one !== first)];
    const names = order(Object.keys(learners), classifier), norms = order(Object.keys(SIZES), norm);
    return norms.flatMap((one) => names.map((name) => [name, one])).find(([name, one]) => !learners[name].found[one]);
  }

  // Work on what is due, and not anew where that is being worked on.
  work() {
    const { due } = this, key = due && [this.traits.data, ...due].join();
    if (!due || this.job?.key === key) return;
    const job = (this.job = { key, steps: this.world.find(...due) });
    const slice = () => {
      if (job !== this.job) return;
      const until = performance.now() + SLICE;
      while (performance.now() < until) {
        const { done, value } = job.steps.next();
        if (done) this.job = null;
        if (done || value) this.show();
        if (done) return;
      }
      setTimeout(slice);
    };
    setTimeout(slice);
  }
}

// Every place on the page that asks for it.
for (const el of document.querySelectorAll(".advcourse-living")) {
  el.replaceChildren();
  render({ model: new Page(WRITTEN), el });
}
