// Attacks of a point in the plane, for a page that has no Python: the smallest perturbation, found by looking everywhere,
// advcourse/toys/boundary.py step by step, and FGSM. What takes long is a generator, so that a page stays awake in between.

const LOW = -1, HIGH = 1, CELLS = 256, N = CELLS + 1; // of the grid on which a boundary is searched
const CELL = (HIGH - LOW) / CELLS, place = (row, column) => [LOW + CELL * column, LOW + CELL * row];
const COMPASS = Array.from({ length: 8 }, (_, k) => (k * Math.PI) / 4);
const FAN = Array.from({ length: 9 }, (_, k) => k / 4 - 1);
const SIZES = { "ℓ₂": Math.hypot, "ℓ∞": (x, y) => Math.max(Math.abs(x), Math.abs(y)) };

const STEEPEST = {
  "ℓ₂": ([a, b]) => [a, b].map((v) => v / (Math.hypot(a, b) || 1)),
  "ℓ∞": (g) => Array.from(g, Math.sign),
};
const middle = ([x, y], [u, v]) => [(x + u) / 2, (y + v) / 2];
const inside = ([x, y]) => x >= LOW && x <= HIGH && y >= LOW && y <= HIGH;

// Both ends of a segment, brought together where the class changes.
function halve(says, one, other, times) {
  const first = says(one);
  for (let t = 0; t < times; t++) {
    const between = middle(one, other);
    if (says(between) === first) one = between;
    else other = between;
  }
  return [one, other];
}

// The margins [N, N] of a network on the grid, from the bottom row up.
function* marginsOf({ margin }) {
  const margins = new Float64Array(N * N);
  for (let row = 0; row < N; row++, yield)
    for (let column = 0; column < N; column++) margins[row * N + column] = margin(place(row, column));
  return margins;
}

// Where it changes its mind: what it says at a point, and points on both sides of the line, by what it says there.
function* boundaryOf({ margin }, margins) {
  const says = (x) => (margin(x) > 0 ? 1 : 0), ends = [[], []];
  const classAt = (row, column) => margins[row * N + column] > 0;
  for (let row = 0; row < N; row++, yield)
    for (let column = 0; column < N; column++)
      for (const at of [[row, column + 1], [row + 1, column]]) {
        if (Math.max(...at) === N || classAt(row, column) === classAt(...at)) continue;
        for (const end of halve(says, place(row, column), place(...at), 7)) ends[says(end)].push(...end);
      }
  return { says, ends: ends.map((list) => Float64Array.from(list)) };
}

// The nearest end of the other class, or none.
function nearestEnd(ends, x, size) {
  let best = Infinity, z = null;
  for (let i = 0; i < ends.length; i += 2) {
    const far = size(ends[i] - x[0], ends[i + 1] - x[1]);
    if (far < best) [best, z] = [far, [ends[i], ends[i + 1]]];
  }
  return z;
}

// The nearest z of another class, and its distance: 0 where x is already wrong, Infinity where there is none.
function smallest({ says, ends }, x, label, size) {
  if (says(x) !== label) return { z: x, distance: 0 };
  const far = (z) => size(z[0] - x[0], z[1] - x[1]), wrong = (z) => inside(z) && says(z) !== label;
  const start = nearestEnd(ends[1 - label], x, size);
  if (!start) return { z: x, distance: Infinity };
  const spread = Math.min(Math.PI, (2 * CELL) / Math.max(far(start), 1e-9));
  const closer = [1, 0.2, 0.04].reduce((z, narrowing) => {
    const angle = Math.atan2(z[1] - x[1], z[0] - x[0]);
    const ways = [...FAN.map((k) => angle + narrowing * spread * k), ...(narrowing === 1 ? COMPASS : [])];
    return lookAround(x, z, ways, { far, size, wrong });
  }, start);
  const [, z] = halve(says, x, closer, 20);
  return { z, distance: far(z) };
}

// Try these ways at the length of x -> z, halve each that fools, and take the shortest where it is shorter.
function lookAround(x, z, angles, { far, size, wrong }) {
  let best = Infinity, shortest = z;
  for (const angle of angles) {
    const [a, b] = [Math.cos(angle), Math.sin(angle)], one = size(a, b);
    const go = (length) => [x[0] + (length * a) / one, x[1] + (length * b) / one];
    let long = far(z), short = Math.max(0, long - 2 * CELL);
    if (!wrong(go(long))) continue;
    for (let t = 0; t < 8; t++) {
      const length = (short + long) / 2;
      if (wrong(go(length))) long = length;
      else short = length;
    }
    if (long < best) [best, shortest] = [long, go(long)];
  }
  return far(shortest) < far(z) && wrong(shortest) ? shortest : z;
}

// One step of FGSM: eps along the norm's steepest direction up the loss, and back into the square.
function fgsm({ slope }, x, label, eps, norm) {
  return STEEPEST[norm](slope(x, label)).map((d, j) => Math.min(HIGH, Math.max(LOW, x[j] + eps * d)));
}
