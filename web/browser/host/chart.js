// Viewers as a line, sales as bars of 10 s, pins as marks; drawn once a second, with a table that says the same.

import { h, icon, write } from "../common/dom.js";
import { count, timeOf } from "../common/money.js";
import { button, scroller } from "./controls.js";
import { BIN_MS } from "./history.js";
import * as marks from "./marks.js";
import * as words from "./words.js";

const SVG = "http://www.w3.org/2000/svg";
const SPANS_MS = [5, 15, 30, 60].map((minutes) => minutes * 60_000);
const MOST_POINTS = 600;
const TABLE_EVERY_MS = 10_000;
const NEAR_PX = 10;
const ROOM = { top: 8, right: 36, bottom: 20, left: 40 };

export class Chart {
  #desk;
  #history;
  #box = { width: 0, height: 0 };
  #pointer = null;
  #isTable = false;
  #tableAt = -TABLE_EVERY_MS;
  #svg = shape("svg", { class: "chart-svg", role: "img" });
  #grid = shape("path", { class: "grid" });
  #bars = shape("path", { class: "bars" });
  #area = shape("path", { class: "area" });
  #line = shape("path", { class: "line" });
  #pins = shape("path", { class: "pins" });
  #cursor = shape("path", { class: "cursor" });
  #labels = [];
  #readout = h("p", { class: "readout" });
  #table = h("tbody", {});
  #title = h("h2", { id: "chart-title" });

  constructor(desk, history) {
    this.#desk = desk;
    this.#history = history;
    this.#svg.append(this.#grid, this.#area, this.#pins, this.#bars, this.#line, this.#cursor);
    this.#svg.addEventListener("pointermove", (event) => {
      this.#pointer = event.offsetX;
      this.#read();
    });
    this.#svg.addEventListener("pointerleave", () => {
      this.#pointer = null;
      this.#read();
    });
    this.toggle = button("", () => this.#switch(), { class: "quiet small" });
    this.frame = h("div", { class: "chart-frame" }, this.#svg);
    const heads = words.chart.heads.map((text) => h("th", { scope: "col" }, text));
    this.tableBox = scroller(words.chart.table,
      h("table", { class: "numbers" }, h("thead", {}, h("tr", {}, heads)), this.#table));
    this.tableBox.classList.add("chart-table");
    this.tableBox.hidden = true;
    this.node = h("section", { class: "panel chart", id: "numbers", "aria-labelledby": "chart-title" },
      h("header", { class: "panel-head" }, this.#title, this.#readout, this.toggle),
      this.frame, this.tableBox);
    const sizes = new ResizeObserver(([{ contentRect }]) => {
      this.#box = { width: Math.floor(contentRect.width), height: Math.floor(contentRect.height) };
      this.draw();
    });
    sizes.observe(this.frame);
    desk.signal.addEventListener("abort", () => sizes.disconnect());
    desk.onTick(() => this.draw());
    this.#label();
  }

  #switch() {
    this.#isTable = !this.#isTable;
    this.frame.hidden = this.#isTable;
    this.tableBox.hidden = !this.#isTable;
    this.#tableAt = -TABLE_EVERY_MS;
    this.#label();
    this.draw();
  }

  #label() {
    this.toggle.replaceChildren(icon(this.#isTable ? "chart" : marks.table, 16),
      this.#isTable ? words.chart.asChart : words.chart.asTable);
  }

  draw() {
    if (document.hidden) return;
    this.#measure();
    if (this.#isTable) this.#drawTable();
    else this.#drawShapes();
    this.#read();
  }

  /** What the axes show: the last 5 to 60 minutes, up to round numbers. */
  #measure() {
    const now = this.#desk.live.now();
    const age = now - this.#history.start;
    const span = SPANS_MS.find((one) => one >= age) ?? SPANS_MS.at(-1);
    const from = now - span;
    write(this.#title, words.chart.title(span / 60_000));
    const points = this.#points(from, now);
    const bins = [...this.#history.bins].filter(([bin]) => bin + BIN_MS > from);
    const peak = this.#peak(from);
    const most = Math.max(...bins.map(([, units]) => units), 0);
    this.scale = { now, from, span, points, bins, peak, top: rounded(peak), most: rounded(most) };
  }

  /** The most at any moment, also one too short to be drawn. */
  #peak(from) {
    const { steps } = this.#history;
    const first = steps.findIndex(([at]) => at >= from);
    const seen = first < 0 ? steps.slice(-1) : steps.slice(Math.max(0, first - 1));
    return seen.reduce((most, [, n]) => Math.max(most, n ?? 0), 0);
  }

  /** The steps of the window, at most 600: of those too close together the last counts. */
  #points(from, now) {
    const { steps } = this.#history;
    const place = (at) => Math.floor(((at - from) * MOST_POINTS) / (now - from));
    const points = [];
    let before = null;
    for (const [at, n] of steps) {
      if (at < from) {
        before = n;
        continue;
      }
      const last = points.at(-1);
      const areBoth = last && n !== null && last[1] !== null;
      if (areBoth && place(at) === place(last[0])) last[1] = n;
      else points.push([at, n]);
    }
    if (before !== null) points.unshift([from, before]);
    return points;
  }

  #x(at) {
    const { from, span } = this.scale;
    return ROOM.left + ((at - from) / span) * (this.#box.width - ROOM.left - ROOM.right);
  }

  #y(share) {
    return ROOM.top + (1 - share) * (this.#box.height - ROOM.top - ROOM.bottom);
  }

  #drawShapes() {
    const { width, height } = this.#box;
    if (width < 120 || height < 60) return;
    const { points, bins, now, top, most, from } = this.scale;
    this.#svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.#svg.setAttribute("aria-label", this.#summary());
    const floor = this.#y(0);
    const halves = [0, 0.5, 1].map((share) => `M${ROOM.left} ${this.#y(share)}H${width - ROOM.right}`);
    this.#grid.setAttribute("d", halves.join(""));
    const [line, area] = this.#lines(points, now, top, floor);
    this.#line.setAttribute("d", line);
    this.#area.setAttribute("d", area);
    this.#bars.setAttribute("d", bins.map(([bin, units]) => {
      const x = Math.max(ROOM.left, this.#x(bin));
      const end = Math.max(x + 1, this.#x(Math.min(bin + BIN_MS, now)) - 1);
      return `M${px(x)} ${floor}V${px(this.#y(units / most))}H${px(end)}V${floor}Z`;
    }).join(""));
    this.#pins.setAttribute("d", this.#pinsPath(from, floor));
    this.#drawLabels();
  }

  /** A mark a pin; of those that would touch, the first. */
  #pinsPath(from, floor) {
    let [path, last] = ["", -NEAR_PX];
    for (const { at, title } of this.#history.marks) {
      const x = px(this.#x(at));
      if (at < from || title === null || x - last < NEAR_PX) continue;
      path += `M${x} ${ROOM.top}V${floor}M${x - 4} ${ROOM.top}h8l-4 6z`;
      last = x;
    }
    return path;
  }

  /** Steps, with holes where nothing is known. */
  #lines(points, now, top, floor) {
    let [line, area, open] = ["", "", null];
    const close = (at) => {
      if (open === null) return;
      line += `H${px(this.#x(at))}`;
      area += `H${px(this.#x(at))}V${floor}Z`;
      open = null;
    };
    for (const [at, n] of points) {
      if (n === null) {
        close(at);
        continue;
      }
      const [x, y] = [px(this.#x(at)), px(this.#y(n / top))];
      line += open === null ? `M${x} ${y}` : `H${x}V${y}`;
      area += open === null ? `M${x} ${floor}V${y}` : `H${x}V${y}`;
      open = at;
    }
    close(now);
    return [line, area];
  }

  #drawLabels() {
    const { width, height } = this.#box;
    const { now, span, top, most } = this.scale;
    const texts = [0, 0.5, 1].flatMap((share) => [
      { x: ROOM.left - 6, y: this.#y(share) + 4, text: whole(top * share), name: "y-left" },
      { x: width - ROOM.right + 6, y: this.#y(share) + 4, text: whole(most * share), name: "y-right" },
    ]);
    const parts = width < 360 ? 2 : 4;
    for (let part = 0; part <= parts; part += 1) {
      const at = now - span + (span * part) / parts;
      const name = part === 0 ? "x-first" : part === parts ? "x-last" : "x-axis";
      texts.push({ x: this.#x(at), y: height - 4, text: timeOf(at), name });
    }
    texts.forEach(({ x, y, text, name }, index) => {
      const label = (this.#labels[index] ??= this.#svg.appendChild(shape("text", {})));
      label.setAttribute("class", name);
      label.setAttribute("x", px(x));
      label.setAttribute("y", px(y));
      write(label, text);
    });
    this.#labels.splice(texts.length).forEach((label) => label.remove());
  }

  #summary() {
    const { peak, bins, span } = this.scale;
    const units = bins.reduce((sum, [, n]) => sum + n, 0);
    return words.chart.summary(span / 60_000, this.#desk.state.viewers, peak, units);
  }

  /** What the pointer is on; else the totals. */
  #read() {
    if (!this.scale) return;
    const { from, span, peak, points } = this.scale;
    const { width } = this.#box;
    const x = this.#isTable ? null : this.#pointer;
    const isOn = x !== null && x >= ROOM.left && x <= width - ROOM.right;
    this.#cursor.setAttribute("d", isOn ? `M${x} ${ROOM.top}V${this.#y(0)}` : "");
    if (!isOn) {
      this.#readout.replaceChildren(
        h("span", { class: "key-line" }, words.chart.watching, " · ", words.chart.peak(peak)),
        h("span", { class: "key-bars" }, words.chart.sold));
      return;
    }
    const at = from + ((x - ROOM.left) / (width - ROOM.left - ROOM.right)) * span;
    const step = points.findLast(([time]) => time <= at);
    const units = this.#history.units(Math.floor(at / BIN_MS) * BIN_MS);
    const near = this.#history.marks.findLast((mark) => Math.abs(mark.at - at) < span / 60 && mark.title !== null);
    const said = [new Date(at).toLocaleTimeString(), words.chart.at(step?.[1] ?? null, units)];
    write(this.#readout, [...said, near ? words.chart.pinned(near.title) : ""].filter(Boolean).join(" · "));
  }

  /** A line a minute, the newest first; not more often than can be read. */
  #drawTable() {
    if (performance.now() - this.#tableAt < TABLE_EVERY_MS) return;
    this.#tableAt = performance.now();
    const { now, span, points, bins } = this.scale;
    const rows = [];
    for (let minute = Math.floor(now / 60_000) * 60_000; minute > now - span; minute -= 60_000) {
      const within = (at) => at >= minute && at < minute + 60_000;
      const last = points.findLast(([at]) => at < minute + 60_000)?.[1];
      if (last === undefined) break;
      const units = bins.reduce((sum, [bin, n]) => sum + (within(bin) ? n : 0), 0);
      const marked = this.#history.marks.filter(({ at, title }) => within(at) && title !== null);
      rows.push(h("tr", {}, h("th", { scope: "row" }, timeOf(minute)),
        h("td", {}, last === null ? "–" : last.toLocaleString()), h("td", {}, units.toLocaleString()),
        h("td", { class: "wide", dir: "auto" }, marked.map(({ title }) => title).join(", "))));
    }
    this.#table.replaceChildren(...rows);
  }
}

function shape(tag, attributes) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

const px = (n) => Math.round(n * 10) / 10;
const whole = (n) => (Number.isInteger(n) ? count(n) : "");

/** The round number above, whose half is whole too: 4, 6, 8, 10, 20, 30, 40, 60… */
function rounded(n) {
  for (let factor = 1; ; factor *= 10) {
    const found = [4, 6, 8, 10, 20, 30].find((one) => one * factor >= n);
    if (found) return found * factor;
  }
}
