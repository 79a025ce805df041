// Dragging a row of the bag to another place, by mouse, pen or finger; the menu has the same without dragging.

const EDGE = 48;
const SCROLL = 12;
const SLACK = 4;

/** `mayDrag()` tells whether it can be now; `drop(id, position)` is called with the new place, from 1. */
export function makeSortable(list, scroller, { mayDrag, drop, signal }) {
  let drag = null;

  const start = (event) => {
    const grip = event.target.closest(".row-place");
    if (!grip || event.button !== 0 || !mayDrag()) return;
    event.preventDefault();
    const row = grip.closest(".row");
    drag = { row, grip, id: event.pointerId, from: event.clientY, y: event.clientY, moved: false };
    grip.setPointerCapture(event.pointerId);
  };

  const move = (event) => {
    if (event.pointerId !== drag?.id) return;
    drag.y = event.clientY;
    if (!drag.moved && Math.abs(drag.y - drag.from) < SLACK) return;
    if (!drag.moved) {
      drag.moved = true;
      drag.row.classList.add("dragged");
      follow();
    }
    show();
  };

  /** Rows further down or up come into sight while the pointer waits at an edge. */
  const follow = () => {
    if (!drag) return;
    const { top, bottom } = scroller.getBoundingClientRect();
    if (drag.y < top + EDGE) scroller.scrollTop -= SCROLL;
    if (drag.y > bottom - EDGE) scroller.scrollTop += SCROLL;
    show();
    requestAnimationFrame(follow);
  };

  /** The row that the dragged one would come before; null at the end. */
  const next = () => [...list.children].find((row) => {
    const { top, height } = row.getBoundingClientRect();
    return drag.y < top + height / 2;
  }) ?? null;

  const show = () => {
    const before = next();
    for (const row of list.children) row.classList.toggle("drop-before", row === before);
    list.classList.toggle("drop-last", before === null);
  };

  const finish = (event, isDropped) => {
    if (!drag || (event.pointerId !== undefined && event.pointerId !== drag.id)) return;
    const { row, moved } = drag;
    const before = next();
    drag = null;
    row.classList.remove("dragged");
    list.classList.remove("drop-last");
    for (const other of list.children) other.classList.remove("drop-before");
    if (!isDropped || !moved || before === row) return;
    const rows = [...list.children];
    const [from, to] = [rows.indexOf(row), before ? rows.indexOf(before) : rows.length];
    const position = to > from ? to : to + 1;
    if (position !== from + 1) drop(row.dataset.product, position);
  };

  const on = (target, name, fn) => target.addEventListener(name, fn, { signal });
  on(list, "pointerdown", start);
  on(list, "pointermove", move);
  on(list, "pointerup", (event) => finish(event, true));
  on(list, "pointercancel", (event) => finish(event, false));
  on(document, "keydown", (event) => event.key === "Escape" && finish({}, false));
}
