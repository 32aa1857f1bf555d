// Small networks of the plane, read from what advcourse/course/living.py wrote: their logits at one point at a time, and
// the gradient of the loss in that point. A layer remembers its last input, so back() speaks of the last forward().

const numbers = (base64) => {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  return Float64Array.from(new Float32Array(bytes.buffer));
};

const LAYERS = {
  // W x + b, W [outputs, inputs]
  dense({ weight, bias }) {
    const w = numbers(weight), b = numbers(bias), inputs = w.length / b.length;
    const out = new Float64Array(b.length), down = new Float64Array(inputs);
    const forward = (x) => {
      for (let i = 0, k = 0; i < b.length; i++) {
        let sum = b[i];
        for (let j = 0; j < inputs; j++) sum += w[k++] * x[j];
        out[i] = sum;
      }
      return out;
    };
    const back = (g) => down.map((_, j) => g.reduce((sum, up, i) => sum + up * w[i * inputs + j], 0));
    return { forward, back };
  },
  tanh() {
    let out = new Float64Array(0);
    const forward = (x) => {
      if (out.length !== x.length) out = new Float64Array(x.length);
      for (let i = 0; i < x.length; i++) out[i] = Math.tanh(x[i]);
      return out;
    };
    return { forward, back: (g) => g.map((up, i) => up * (1 - out[i] ** 2)) };
  },
  // cos(x W + b), W [2, width]
  waves({ w: packed, b: shifts }) {
    const w = numbers(packed), b = numbers(shifts), n = b.length, out = new Float64Array(n);
    let at = [0, 0];
    const phase = (i) => at[0] * w[i] + at[1] * w[n + i] + b[i];
    const forward = (x) => {
      at = x;
      for (let i = 0; i < n; i++) out[i] = Math.cos(phase(i));
      return out;
    };
    const back = (g) => [0, n].map((row) => g.reduce((sum, up, i) => sum - up * Math.sin(phase(i)) * w[row + i], 0));
    return { forward, back };
  },
  // -f/2 and f/2, f = c + sum_i a_i exp(-|x - p_i|^2 / (2 reach^2))
  bumps({ centres, a: heights, c, reach }) {
    const p = numbers(centres), a = numbers(heights);
    let at = [0, 0];
    const bump = (i) => {
      const [dx, dy] = [at[0] - p[2 * i], at[1] - p[2 * i + 1]];
      return a[i] * Math.exp((dx * dx + dy * dy) / (-2 * reach * reach));
    };
    const forward = (x) => {
      at = x;
      let f = c;
      for (let i = 0; i < a.length; i++) f += bump(i);
      return [-f / 2, f / 2];
    };
    const back = ([low, high]) => {
      const slope = (j) => a.reduce((sum, _, i) => sum - (bump(i) * (at[j] - p[2 * i + j])) / reach ** 2, 0);
      return [0, 1].map((j) => ((high - low) / 2) * slope(j));
    };
    return { forward, back };
  },
};

// {logits, margin, slope}: of one point [x, y]; margin is the logit of class 1 less that of class 0.
function network(described) {
  const layers = described.map(({ layer, ...weights }) => LAYERS[layer](weights));
  const logits = (x) => layers.reduce((now, layer) => layer.forward(now), x);
  const margin = (x) => {
    const out = logits(x);
    return out[1] - out[0];
  };
  // Of the cross-entropy of the point's own class, in the point: the softmax less the label, all the way back.
  const slope = (x, label) => {
    const p = 1 / (1 + Math.exp(-margin(x))), g = label ? [1 - p, p - 1] : [-p, p];
    return layers.reduceRight((up, layer) => layer.back(up), Float64Array.from(g));
  };
  return { logits, margin, slope };
}
