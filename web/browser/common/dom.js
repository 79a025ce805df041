// Makes elements without markup in strings, so that no text can become a tag.

const SVG = "http://www.w3.org/2000/svg";

/**
 * Make an element. `props`: `class`, `part`, `on` {event: fn}, `data` {name: text}, `text`;
 * a property of the element (`disabled`, `value`, `hidden`…) when it has one, else an attribute;
 * null, undefined and false leave an attribute out. Children: nodes, texts, or nothing.
 */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) set(element, name, value);
  element.append(...flat(children));
  return element;
}

function set(element, name, value) {
  if (name === "on") {
    for (const [event, fn] of Object.entries(value)) element.addEventListener(event, fn);
  } else if (name === "data") Object.assign(element.dataset, value);
  else if (name === "text") element.textContent = value;
  else if (value === null || value === undefined || value === false) return;
  else if (name === "class") element.className = value;
  else if (name === "part" || name.includes("-") || !(name in element)) {
    element.setAttribute(name, value === true ? "" : value);
  } else if (typeof element[name] === "object" && element[name] !== null) {
    element.setAttribute(name, value);
  } else element[name] = value;
}

function flat(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
}

/** Set a node's text only when it differs: an equal write would still cost a layout. */
export function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

// Icons: viewBox 24, no fill, stroke currentColor 2, round. `o` is a circle: x y r.
const ICONS = {
  cart: "M2.5 3.5h2.3l2.5 11.2h10.6l2.4-8.2H5.6|o8.8 19 1.4|o16.6 19 1.4",
  bag: "M5 8h14l1 12H4zM8.5 10V7a3.5 3.5 0 0 1 7 0v3",
  heart: "M12 20S4 15 4 9.2A4.2 4.2 0 0 1 12 7a4.2 4.2 0 0 1 8 2.2C20 15 12 20 12 20z",
  share: "M12 14V4M8 7.5l4-4 4 4M6 11H5v9h14v-9h-1",
  close: "M6 6l12 12M18 6L6 18",
  back: "M15 5l-7 7 7 7",
  send: "M4 12l16-8-6 16-3-7z",
  pin: "M9 3h6l-1 6 3 3H7l3-3zM12 12v9",
  unpin: "M9 3h6l-1 6 3 3H7l3-3zM12 12v9M4 4l16 16",
  undo: "M8 5L4 9l4 4M4 9h10a5 5 0 0 1 0 10h-4",
  clock: "o12 12 8.5|M12 7v5l3.5 2",
  alert: "M12 3.5L21.5 20h-19zM12 10v4.5M12 17.2v.2",
  check: "M4.5 12.5L10 18l9.5-10.5",
  lock: "M7 10.5h10a2 2 0 0 1 2 2V18a2 2 0 0 1-2 2H7a2 2 0 0 1-2-2v-5.5a2 2 0 0 1 2-2zM8 10.5V8a4 4 0 0 1 8 0v2.5",
  eye: "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12z|o12 12 2.8",
  sound: "M4 9.5h3.5L12 5.5v13L7.5 14.5H4zM15.5 9a4 4 0 0 1 0 6M18 6.5a8 8 0 0 1 0 11",
  muted: "M4 9.5h3.5L12 5.5v13L7.5 14.5H4zM15.5 9.5l5 5M20.5 9.5l-5 5",
  search: "o10.5 10.5 6|M15 15l5.5 5.5",
  plus: "M12 5v14M5 12h14",
  minus: "M5 12h14",
  up: "M12 19V5M6 11l6-6 6 6",
  down: "M12 5v14M6 13l6 6 6-6",
  trash: "M5 7h14M9.5 7V4.5h5V7M7 7l.8 12.5h8.4L17 7M10 11v5M14 11v5",
  user: "o12 8 3.5|M5 20a7 7 0 0 1 14 0",
  more: "o5.5 12 .8|o12 12 .8|o18.5 12 .8",
  ban: "o12 12 8.5|M6 6l12 12",
  expand: "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5",
  keyboard: "M3 6.5h18v11H3zM7 10h.01M11 10h.01M15 10h.01M7 14h10",
  chart: "M4 20V4M4 20h16M8 16l3.5-5 3 2.5L19 7",
};

/** An icon by name, or of shapes of one's own; its button has the name, so it is hidden from screen readers. */
export function icon(name, size = 24) {
  const svg = document.createElementNS(SVG, "svg");
  const fixed = { viewBox: "0 0 24 24", width: size, height: size, fill: "none", stroke: "currentColor",
    "stroke-width": 2, "stroke-linecap": "round", "stroke-linejoin": "round", "aria-hidden": "true", class: "icon" };
  for (const [key, value] of Object.entries(fixed)) svg.setAttribute(key, value);
  for (const shape of (ICONS[name] ?? name).split("|")) {
    const isCircle = shape.startsWith("o");
    const node = document.createElementNS(SVG, isCircle ? "circle" : "path");
    if (isCircle) {
      const [cx, cy, r] = shape.slice(1).split(" ");
      for (const [key, value] of Object.entries({ cx, cy, r })) node.setAttribute(key, value);
    } else node.setAttribute("d", shape);
    svg.append(node);
  }
  return svg;
}
