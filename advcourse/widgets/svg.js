// Shapes in SVG that charts are made of: a colour, a marker and a dash pattern each, as matplotlib names them.

const DASHES = { "-": "", "--": "6 3", "-.": "6 3 1.5 3", ":": "1.5 3" };

const svg = (tag, attributes, ...children) => {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
};

const MARKS = {
  o: (x, y) => svg("circle", { cx: x, cy: y, r: 3 }),
  s: (x, y) => svg("rect", { x: x - 2.7, y: y - 2.7, width: 5.4, height: 5.4 }),
  "^": (x, y) => svg("path", { d: `M${x - 3.4} ${y + 2.8}h6.8l-3.4-6.2z` }),
  v: (x, y) => svg("path", { d: `M${x - 3.4} ${y - 2.8}h6.8l-3.4 6.2z` }),
  D: (x, y) => svg("path", { d: `M${x} ${y - 4}l4 4l-4 4l-4-4z` }),
  P: (x, y) => svg("path", { d: `M${x - 1.2} ${y - 3.6}h2.4v2.4h2.4v2.4h-2.4v2.4h-2.4v-2.4h-2.4v-2.4h2.4z` }),
  "*": (x, y) => svg("path", { d: `M${x} ${y - 7}l2 5h5l-4 3.2l1.6 5l-4.6-3.1l-4.6 3.1l1.6-5l-4-3.2h5z` }),
};

// A line and its markers in a colour of its own; black is the colour of the text, which a dark theme turns.
const group = ([colour, , dash], ...children) => {
  const ink = colour === "#000000" ? "currentColor" : colour;
  const node = svg("g", { stroke: ink, fill: ink, "stroke-width": 1.6 }, ...children);
  node.firstChild.setAttribute("stroke-dasharray", DASHES[dash] ?? "7 2");
  return node;
};
