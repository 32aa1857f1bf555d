// Native controls under their labels. In front of every panel's own script: one module each, nothing to fetch.

const make = (tag, attributes = {}, ...children) => {
  const node = Object.assign(document.createElement(tag), attributes);
  node.append(...children);
  return node;
};

// A line of facts. The dot between two stays with the first, so that none has a line to itself.
function readOut(line, text) {
  const facts = text.split(" · ").map((fact, i, all) => (i + 1 < all.length ? `${fact} ·` : fact));
  line.replaceChildren(...facts.flatMap((textContent, i) => [i ? " " : "", make("span", { textContent })]));
}

// A class for what takes longer than a moment: a sign that comes and goes at once would only flicker, and cost a frame.
function late(panel, sign) {
  let waits;
  return (on) => {
    if (on) waits ??= setTimeout(() => panel.classList.add(sign), 200);
    else {
      clearTimeout(waits);
      waits = undefined;
      panel.classList.remove(sign);
    }
  };
}

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
  let offered, last = [];
  const show = (value, spec, idle) => {
    // What looks as it should is left alone: whatever is set, even to what it was, is laid out and painted again.
    const now = [value, spec, idle];
    if (now.every((part, i) => part === last[i]) && input.value === String(value)) return;
    last = now;
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
