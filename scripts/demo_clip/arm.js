// An arm: two tapered bones in a sleeve, bent at the elbow, and a hand at its end.

import { clamp } from "./motion.js";

const SVG = "http://www.w3.org/2000/svg";
const UPPER = 122;

function make(parent, tag, attributes) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  parent.append(node);
  return node;
}

/** The outline of two circles and what lies between them. */
function capsule([ax, ay], ra, [bx, by], rb) {
  const length = Math.hypot(bx - ax, by - ay) || 1;
  const along = Math.atan2(by - ay, bx - ax);
  const slant = Math.acos(clamp((ra - rb) / length, -1, 1));
  const on = (x, y, r, a) => `${(x + r * Math.cos(a)).toFixed(2)} ${(y + r * Math.sin(a)).toFixed(2)}`;
  return (
    `M${on(ax, ay, ra, along + slant)}A${ra} ${ra} 0 1 1 ${on(ax, ay, ra, along - slant)}` +
    `L${on(bx, by, rb, along - slant)}A${rb} ${rb} 0 0 1 ${on(bx, by, rb, along + slant)}Z`
  );
}

/** The upper arm hangs down and a little outward, and follows the hand where that goes. */
function elbowOf([sx, sy], [wx, wy], out) {
  const [dx, dy] = [wx - sx, wy - sy];
  const reach = Math.hypot(dx, dy) || 1;
  const outward = (out * dx) / reach;
  const side = 0.34 + 0.75 * clamp(1 - reach / 190) + (outward > 0 ? 0.85 : 0.15) * outward;
  const [px, py] = [out * side, 1 + (0.85 * dy) / reach];
  const length = UPPER / Math.hypot(px, py);
  return [sx + px * length, sy + py * length];
}

/** The arm's drawings, made once: the sleeve behind what is held, cuff and hand before it. */
function limbs(behind, before, side) {
  const made = behind.querySelector(`[data-side=${side}]`);
  if (made) return [made, before.querySelector(`[data-side=${side}]`)];
  const arm = make(behind, "g", { "data-side": side });
  make(arm, "path", { class: "shade", fill: "#6b3d55", opacity: 0.2, transform: "translate(4 7)" });
  make(arm, "path", { class: "sleeve", fill: side === "left" ? "url(#knit)" : "url(#sleeve)" });
  make(arm, "path", { class: "fold", fill: "none", stroke: "#c9a997", "stroke-width": 2.5, "stroke-linecap": "round", opacity: 0.7 });
  const end = make(before, "g", { "data-side": side });
  make(end, "use", { class: "hand" });
  make(end, "path", { class: "cuff", fill: "none", stroke: "#fff4dd", "stroke-width": 13, "stroke-linecap": "round" });
  return [arm, end];
}

/** Draws one arm; `hand` says where it is, its angle in degrees, which drawing, and whether flipped. */
export function drawArm(behind, before, side, shoulder, hand) {
  const [arm, end] = limbs(behind, before, side);
  const part = (name) => (arm.querySelector(`.${name}`) ?? end.querySelector(`.${name}`));
  const elbow = elbowOf(shoulder, hand.at, side === "left" ? -1 : 1);
  const [ux, uy] = [hand.at[0] - elbow[0], hand.at[1] - elbow[1]];
  const length = Math.hypot(ux, uy) || 1;
  const wrist = [elbow[0] + (ux / length) * (length - 14), elbow[1] + (uy / length) * (length - 14)];
  const sleeve = capsule(shoulder, 34, elbow, 28) + capsule(elbow, 28, wrist, 19);
  part("sleeve").setAttribute("d", sleeve);
  part("shade").setAttribute("d", sleeve);
  const [nx, ny] = [-uy / length, ux / length];
  part("cuff").setAttribute("d", `M${wrist[0] + nx * 15} ${wrist[1] + ny * 15}L${wrist[0] - nx * 15} ${wrist[1] - ny * 15}`);
  const [fx, fy] = [elbow[0] * 0.86 + shoulder[0] * 0.14, elbow[1] * 0.86 + shoulder[1] * 0.14];
  part("fold").setAttribute("d", `M${fx} ${fy}L${fx + (wrist[0] - shoulder[0]) * 0.1} ${fy + (wrist[1] - shoulder[1]) * 0.1}`);
  part("hand").setAttribute("href", `#${hand.kind}-hand`);
  const flip = hand.flip === undefined ? (side === "right" ? -1 : 1) : hand.flip ? -1 : 1;
  part("hand").setAttribute("transform", `translate(${hand.at[0]} ${hand.at[1]}) rotate(${hand.angle}) scale(1 ${flip})`);
}
