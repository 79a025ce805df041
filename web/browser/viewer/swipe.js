// A sheet follows the finger on its head down, and goes if it was pulled far enough; its close button is the twin.

const FAR_PX = 80;

export function swipeDown(handle, dialog, close, signal) {
  let from = null;
  handle.addEventListener("pointerdown", (event) => {
    if (!("panel" in dialog.dataset) && !event.target.closest("button")) from = event.clientY;
  }, { signal });
  handle.addEventListener("pointermove", (event) => {
    if (from === null) return;
    dialog.style.setProperty("--drag", `${Math.max(0, event.clientY - from)}px`);
  }, { signal });
  for (const end of ["pointerup", "pointercancel", "pointerleave"]) {
    handle.addEventListener(end, (event) => {
      if (from === null) return;
      const moved = event.clientY - from;
      from = null;
      dialog.style.removeProperty("--drag");
      if (moved > FAR_PX && end !== "pointercancel") close();
    }, { signal });
  }
}
