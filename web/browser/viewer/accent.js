// A shop's own colour must leave the words on it readable: 4.5 to 1, or black or white takes over.

const LEAST = 4.5;

export function checkAccent(ctx) {
  const wanted = getComputedStyle(ctx.element).getPropertyValue("--yc-accent").trim();
  if (!wanted) return;
  const button = getComputedStyle(ctx.root.querySelector(".cart-button"));
  const ground = rgb(button.backgroundColor);
  const ink = rgb(button.color);
  if (!ground || !ink || contrast(ground, ink) >= LEAST) return;
  const best = contrast(ground, [0, 0, 0]) >= contrast(ground, [255, 255, 255]) ? "#000" : "#FFF";
  ctx.frame.style.setProperty("--on-accent", best);
  console.warn(`yellow-cart: text on --yc-accent ${wanted} would be hard to read; ${best} is used instead of --yc-on-accent.`);
}

function rgb(text) {
  const [r, g, b, alpha = 1] = text.startsWith("rgb") ? text.match(/[\d.]+/g).map(Number) : [];
  return alpha === 1 && b !== undefined ? [r, g, b] : null;
}

export function contrast(one, other) {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

/** WCAG's relative luminance. */
function luminance(channels) {
  const [r, g, b] = channels.map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
