// The demo's film: draws the host, her hands and what she shows for one moment in time.
// `draw(seconds)` depends on nothing but its argument, so that every making gives the same film.

import { drawArm } from "./arm.js";
import { SECONDS, bell, clamp, ease, mix, track, turn } from "./motion.js";

const SVG = "http://www.w3.org/2000/svg";
const $ = (id) => document.getElementById(id);

const TURN = 5; // seconds a product has
const EARLY = 1.25; // it rises this long before its turn, so that the film opens with it in hand

// Where each product is held, in its drawing's own 800 x 800: the host's two hands as seen here.
const SHOWN = [
  { name: "mug-sunrise", size: 272, x: 346, y: 556, left: { at: [206, 470], hand: "grip" }, right: { at: [640, 470], hand: "grip", gesture: "wave" } },
  { name: "tote-lemon", size: 310, x: 366, y: 606, swing: 5, left: { gesture: "present" }, right: { at: [400, 74], hand: "fist", angle: 190 } },
  { name: "sneakers-citrine", size: 300, x: 354, y: 536, left: { at: [230, 634], hand: "grip", angle: -34 }, right: { at: [610, 634], hand: "grip", angle: 214 } },
  { name: "bottle-tidal", size: 290, x: 344, y: 560, left: { at: [296, 470], hand: "grip" }, right: { gesture: "present" } },
];
const SET = { "on-shelf-1": "speaker-solstice", "on-shelf-2": "lamp-beacon", "on-counter-1": "tea-set-honey", "on-counter-2": "candle-amber" };
const BLINKS = [1.7, 3.9, 6.3, 8.8, 9.15, 11.9, 14.2, 16.4, 18.7];
const BULBS = [[60, 88], [130, 101], [204, 106], [280, 101], [356, 91], [432, 82], [508, 75], [584, 71], [660, 68]];

// Into the eyes of the viewer, and now and then at what she shows.
const lookX = track([[0, 0], [1.9, 0], [2.2, -0.5], [2.9, -0.5], [3.2, 0], [4.6, 0.2], [6, 0.1], [6.4, 0.4], [7.4, 0.4], [7.8, 0], [9, -0.2], [10.6, 0], [11, -0.3], [12, 0.3], [12.5, 0], [15.4, 0], [15.8, -0.7], [16.9, -0.7], [17.3, 0]]);
const lookY = track([[0, 0], [1.9, 0], [2.2, 0.8], [2.9, 0.8], [3.2, 0], [3.8, 0], [4.3, 0.9], [5, 0.2], [6, 0], [6.4, 0.8], [7.4, 0.8], [7.8, 0], [8.8, 0], [9.3, 0.9], [10, 0.2], [10.7, 0.8], [12, 0.8], [12.5, 0], [13.8, 0], [14.3, 0.9], [15, 0.1], [15.8, 0.7], [16.9, 0.7], [17.3, 0], [18.8, 0], [19.2, 0.8], [19.7, 0]]);
const lean = track([[0, 2], [1.4, -3], [3.4, 3], [4.4, 0], [5.6, -4], [7.4, 3], [9.4, 0], [10.8, 4], [12.8, -3], [14.4, 0], [15.8, -4], [18, 3], [19.3, 0]]);
const speech = track([[0, 0.25], [1.1, 0.25], [1.4, 1], [3.2, 0.9], [3.7, 0], [5, 0], [5.3, 1], [7.6, 0.9], [8, 0.2], [8.6, 0], [10.2, 0], [10.5, 1], [13, 1], [13.5, 0], [15.2, 0], [15.5, 1], [17.2, 1], [17.5, 0.3], [18.4, 0]]);

let pictures = {};

/** Takes the drawings as data URIs and builds what is drawn once. */
export function furnish(drawings) {
  pictures = drawings;
  for (const [id, name] of Object.entries(SET)) $(id).setAttribute("href", pictures[name]);
  for (const [x, y] of BULBS) {
    const bulb = document.createElementNS(SVG, "use");
    bulb.setAttribute("href", "#bulb");
    bulb.setAttribute("transform", `translate(${x} ${y + 9})`);
    $("bulbs").append(bulb);
  }
  for (let i = 0; i < 4; i += 1) {
    const spark = document.createElementNS(SVG, "use");
    spark.setAttribute("href", "#spark");
    $("sparks").append(spark);
  }
}

/** Draws the film's frame at `t` seconds. */
export async function draw(t) {
  drawLights(t);
  const which = Math.floor(((t + EARLY) % SECONDS) / TURN);
  const within = (t + EARLY) % TURN;
  const up = bell(within, 0, 5, 0.85);
  const sway = { x: 6 * turn(3, t) + lean(t) * 1.6, y: 3 * turn(7, t) + 20 * (1 - up), lean: lean(t) * 0.5 };
  drawHost(t, sway);
  const item = drawItem(SHOWN[which], within, up, t, sway);
  drawHands(SHOWN[which], item, within, up, t, sway);
  drawSparks(SHOWN[which], within, up, t);
  if ($("item").decode) await $("item").decode();
}

function drawLights(t) {
  [...$("bulbs").children].forEach((bulb, i) => bulb.setAttribute("opacity", 0.86 + 0.14 * turn(2 + (i % 2), t, i * 2.1)));
  $("candle-glow").setAttribute("opacity", 0.84 + 0.1 * turn(9, t) + 0.06 * turn(14, t, 1));
}

function drawHost(t, sway) {
  $("host").setAttribute("transform", `translate(${360 + sway.x} ${426 + sway.y}) rotate(${sway.lean * 0.5})`);
  const breath = 1 + 0.006 * turn(6, t);
  $("body").setAttribute("transform", `scale(${breath} ${2 - breath})`);
  const x = lookX(t);
  const y = lookY(t);
  const nod = 1.6 * speech(t) * turn(19, t);
  $("head").setAttribute("transform", `translate(${x * 5} ${-128 + y * 5 + nod * 0.7}) rotate(${lean(t) * 1.5 + 1.4 * turn(5, t)} 0 60)`);
  $("face").setAttribute("transform", `translate(${x * 9} ${y * 8})`);
  $("eyes").setAttribute("transform", `translate(${x * 3} ${y * 2.6})`);
  $("ears").setAttribute("transform", `translate(${-x * 5} ${-y * 3})`);
  $("bun").setAttribute("transform", `translate(${-x * 6} ${-y * 3}) rotate(${-lean(t) * 0.8})`);
  $("fringe").setAttribute("transform", `translate(${x * 3} ${y * 2})`);
  drawEyes(t, y);
  drawMouth(t);
}

function drawEyes(t, down) {
  const shut = Math.max(...BLINKS.map((at) => bell(t, at, at + 0.24, 0.1)));
  const open = clamp(1 - shut - 0.2 * down, 0.08, 1);
  $("eye-left").setAttribute("transform", `translate(0 ${8 * (1 - open)}) scale(1 ${open})`);
  $("eye-right").setAttribute("transform", `translate(0 ${8 * (1 - open)}) scale(1 ${open})`);
  const hidden = shut > 0.85;
  $("eyes").setAttribute("opacity", hidden ? 0 : 1);
  const y = 8 - 9.5 * open;
  const bow = mix(5, -4.5, ease(open * 1.2));
  for (const [id, x] of [["lid-left", -25], ["lid-right", 25]]) {
    const out = Math.sign(x) * 3;
    $(id).setAttribute("d", `M${x - 9 + Math.min(0, out)} ${y + 3}Q${x} ${y + bow} ${x + 9 + Math.max(0, out)} ${y + 3}`);
  }
  $("brows").setAttribute("transform", `translate(0 ${-3 * speech(t) * (0.5 + 0.5 * turn(4, t, 1)) + 2 * shut})`);
}

function drawMouth(t) {
  const talk = speech(t) * (0.5 + 0.28 * turn(61, t) + 0.22 * turn(43, t, 1.3));
  const open = 0.3 + 0.6 * clamp(talk);
  const half = 21 - 5 * clamp(talk);
  const [top, low] = [56 - 9 * open, 57 + 20 * open];
  const path = `M${-half} 42Q0 ${top} ${half} 42C${half * 0.92} ${low} ${-half * 0.92} ${low} ${-half} 42Z`;
  $("mouth").setAttribute("d", path);
  $("mouth-clip").setAttribute("d", path);
  $("teeth").setAttribute("height", 17 + 5 * open);
  $("tongue").setAttribute("cy", 58 + 18 * open);
}

function drawItem(shown, within, up, t, sway) {
  if ($("item").dataset.name !== shown.name) {
    $("item").dataset.name = shown.name;
    $("item").setAttribute("href", pictures[shown.name]);
  }
  const near = bell(within, 1.6, 4, 0.9); // held closer to the camera for a moment
  const scale = (shown.size / 800) * (1 + 0.1 * near);
  const x = shown.x + sway.x * 0.8 + 6 * turn(4, t, 0.6);
  const y = mix(900, shown.y - 8 * near, up) + 4 * turn(9, t) + sway.y * 0.4;
  const tilt = (shown.swing ?? 3.4) * turn(shown.swing ? 12 : 8, t, shown.x) + 8 * (1 - up);
  const pivot = shown.swing ? -326 : 0; // what hangs swings from its handle
  $("item").setAttribute("transform", `translate(${x} ${y}) scale(${scale}) rotate(${tilt} 0 ${pivot})`);
  $("item-halo").setAttribute("transform", `translate(${x} ${y})`);
  $("item-halo").setAttribute("opacity", up);
  const angle = (tilt * Math.PI) / 180;
  const place = ([px, py]) => {
    const [dx, dy] = [px - 400, py - 400 - pivot];
    return [
      x + scale * (dx * Math.cos(angle) - dy * Math.sin(angle)),
      y + scale * (pivot + dx * Math.sin(angle) + dy * Math.cos(angle)),
    ];
  };
  return { place, tilt };
}

function drawHands(shown, item, within, up, t, sway) {
  for (const side of ["left", "right"]) {
    const held = shown[side];
    const out = side === "left" ? -1 : 1;
    const shoulder = [360 + sway.x + out * 93, 498 + sway.y];
    const low = [360 + out * 92, 816];
    let hand = { at: low, angle: 90, kind: "open" };
    if (held.at) {
      hand = { at: item.place(held.at), angle: (held.angle ?? (side === "left" ? 0 : 180)) + item.tilt, kind: held.hand };
      hand.at = [hand.at[0] - 18 * Math.cos((hand.angle * Math.PI) / 180), hand.at[1] - 18 * Math.sin((hand.angle * Math.PI) / 180)];
    }
    if (held.gesture) hand = gesture(held.gesture, out, hand, { within, up, t, low, sway });
    drawArm($("sleeves"), $("hands"), side, shoulder, hand);
  }
}

/** Where a hand that holds nothing is: it comes from `rest`, speaks for itself, and goes back. */
function gesture(name, out, rest, { within, up, t, low, sway }) {
  if (name === "wave") {
    // It waves as the film opens, then goes down to the mug's handle.
    const waving = bell(within, 0.05, 2.95, 0.8);
    const swing = turn(32, t);
    const high = [360 + out * 190 + 9 * swing + sway.x, 388 + sway.y];
    const way = [mix(rest.at[0], high[0], waving) + out * 44 * Math.sin(Math.PI * waving), mix(rest.at[1], high[1], waving)];
    return {
      at: way,
      angle: mix(rest.angle, -90 + 5 * out + 17 * swing, waving),
      kind: waving > 0.22 ? "open" : rest.kind,
      flip: waving <= 0.22,
    };
  }
  const shows = bell(within, 0.9, 4.6, 0.9);
  const roll = 0.5 + 0.5 * turn(12, t);
  const there = [360 + out * (196 + 14 * roll) + sway.x, 566 - 26 * roll + sway.y];
  return {
    at: [mix(low[0], there[0], shows * up), mix(low[1], there[1], shows * up)],
    angle: out < 0 ? 222 + 24 * roll : -42 - 24 * roll,
    kind: "open",
    flip: out < 0,
  };
}

function drawSparks(shown, within, up, t) {
  const spots = [[-150, -96], [146, -40], [-128, 70], [120, -130]];
  [...$("sparks").children].forEach((spark, i) => {
    const shine = bell(within, 0.9 + i * 0.55, 2 + i * 0.55, 0.5) * up;
    const [dx, dy] = spots[i];
    spark.setAttribute("transform", `translate(${shown.x + dx} ${shown.y + dy + 3 * turn(9, t, i)}) rotate(${20 * shine}) scale(${shine * 0.9})`);
  });
}
