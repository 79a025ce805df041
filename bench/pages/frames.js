// Which of a screencast's frames was the first to show in one place what the last one shows there.
const TOLERANCE = 2; // of 255, on average: the edges of letters may differ, no word may be missing
// The product's picture may come later; what must be there are the words, the price and Buy.
const PICTURE = 92;

async function pixels(data, [x, y, width, height]) {
  const image = await createImageBitmap(await (await fetch(`data:image/jpeg;base64,${data}`)).blob());
  const canvas = new OffscreenCanvas(width - PICTURE, height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(image, -(x + PICTURE), -y);
  return context.getImageData(0, 0, canvas.width, canvas.height).data;
}

function differs(some, others) {
  let sum = 0;
  for (let i = 0; i < some.length; i += 1) sum += Math.abs(some[i] - others[i]);
  return sum / some.length;
}

window.firstLike = async (frames, seat) => {
  const box = seat.map(Math.round);
  const last = await pixels(frames.at(-1)[1], box);
  for (const [at, data] of frames) if (differs(await pixels(data, box), last) < TOLERANCE) return at;
  return Infinity;
};
