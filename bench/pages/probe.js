// Put into a page before its own scripts: notes what it takes to load, to answer and to paint.
(() => {
  const BUFFER = 20_000;
  const keep = (list, value) => list.length < BUFFER && list.push(value);
  const probe = (window.yc = {
    tasks: [], shifts: [], presses: [], flushes: [], pins: [], writes: [], fills: [], frames: 0, marks: {}, sockets: 0,
    mark: (name) => (probe.marks[name] ??= performance.now()),
    /** Forget what was noted so far. */
    reset() {
      for (const list of [probe.tasks, probe.shifts, probe.presses, probe.flushes, probe.pins, probe.writes, probe.fills]) list.length = 0;
      probe.frames = 0;
    },
    root: () => document.querySelector("yellow-cart")?.shadowRoot,
    /**
     * Resolves when the next frame has been given to the compositor, `seen` having been asked of what is in it.
     * Before all that waits: a message's way takes longer, and what the page does after its frame is no part of it.
     */
    painted: (seen) => new Promise((resolve) => realFrame(() => {
      probe.wasSeen = seen?.();
      scheduler.postTask(() => resolve(performance.now()), { priority: "user-blocking" });
    })),
  });
  const observe = (type, fn, more) => new PerformanceObserver((list) => list.getEntries().forEach(fn)).observe({ type, buffered: true, ...more });
  const count = (root) => [...root.querySelectorAll("*")].reduce((n, { shadowRoot }) => n + 1 + (shadowRoot ? count(shadowRoot) : 0), 0);
  probe.elements = () => count(document);
  probe.rows = () => probe.root().querySelectorAll(".chat-row").length;
  /** Frames of the film so far: all, and those that came too late. */
  probe.film = () => {
    const { totalVideoFrames = 0, droppedVideoFrames = 0 } = probe.root().querySelector("video")?.getVideoPlaybackQuality() ?? {};
    return [totalVideoFrames, droppedVideoFrames];
  };
  /** As if another tab were in front. */
  probe.hide = (hidden) => {
    Object.defineProperty(document, "hidden", { get: () => hidden, configurable: true });
    Object.defineProperty(document, "visibilityState", { get: () => (hidden ? "hidden" : "visible"), configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  };
  /** From now on note every change of what the page shows, and how often the chat was filled. */
  probe.watchWrites = () => new MutationObserver((all) => {
    const names = all.map(({ target }) => (target.closest ? target : target.parentElement)?.className || target.nodeName);
    names.forEach((name) => keep(probe.writes, name));
    if (all.some(({ target, addedNodes }) => target.className === "chat-rows" && addedNodes.length)) keep(probe.fills, names.length);
  }).observe(probe.root(), { subtree: true, childList: true, characterData: true, attributes: true });

  const named = (node) => node?.className || node?.nodeName || "?";
  // A shift does not tell nodes of shadow trees: whose box is it now?
  const standingAt = ({ x, y, width, height }) => width > 0 && [...(probe.root()?.querySelectorAll("*") ?? [])].find((node) => {
    const box = node.getBoundingClientRect();
    return Math.abs(box.x - x) + Math.abs(box.y - y) + Math.abs(box.width - width) + Math.abs(box.height - height) < 4;
  });

  observe("longtask", (task) => keep(probe.tasks, [task.startTime, task.duration]));
  observe("layout-shift", (shift) => keep(probe.shifts, {
    at: shift.startTime, value: shift.value, expected: shift.hadRecentInput,
    nodes: shift.sources.map(({ node, previousRect: a, currentRect: b }) =>
      `${named(node ?? standingAt(b))} ${[a.x, a.y, a.width, a.height].map(Math.round)} -> ${[b.x, b.y, b.width, b.height].map(Math.round)}`),
  }));
  observe("event", (event) => event.interactionId && keep(probe.presses, [event.interactionId, event.duration, event.name]), { durationThreshold: 16 });

  // The pages' own frames: the chat's flush is one.
  const realFrame = window.requestAnimationFrame.bind(window);
  window.requestAnimationFrame = (fn) => realFrame((at) => {
    const begin = performance.now();
    fn(at);
    keep(probe.flushes, performance.now() - begin);
  });
  probe.count = () => realFrame(() => {
    probe.frames += 1;
    probe.count();
  });

  // When a pin came in, when the card began to change, and when it showed the new product.
  const epoch = performance.timeOrigin;
  const WAIT_MS = 3000;
  async function follow({ product, at }) {
    const pin = { product, sent: at, began: null, shown: null };
    const until = performance.now() + WAIT_MS;
    while (!pin.shown && performance.now() < until) {
      const now = await probe.painted();
      const card = probe.root().querySelector(".card");
      if (!card || card.hidden) continue;
      const isNew = card.dataset.product === product;
      if (!pin.began && (isNew || card.getAnimations({ subtree: true }).length)) pin.began = epoch + now - at;
      if (isNew) pin.shown = epoch + now - at;
    }
    keep(probe.pins, pin);
  }

  const Real = window.WebSocket;
  window.WebSocket = class extends Real {
    constructor(...given) {
      super(...given);
      probe.sockets += 1;
      this.addEventListener("open", () => probe.mark("open"));
      this.addEventListener("message", ({ data }) => {
        if (data.includes('"ev":"pinned"')) [JSON.parse(data)].flat().filter(({ ev }) => ev === "pinned").forEach(follow);
      });
    }
  };

  addEventListener("yc-pin", () => probe.mark("card"));
  addEventListener("yc-ready", () => probe.mark("furnished"));
  customElements.whenDefined("yellow-cart").then(async () => {
    await document.querySelector("yellow-cart").live?.ready;
    probe.mark("ready");
  });

  // A tap, and when something came of it. Frames are asked for only once the page has changed: one more costs it 20 ms.
  addEventListener("pointerdown", ({ timeStamp }) => {
    if (!probe.isTapping) return;
    probe.isTapping = false;
    // Not only opened: so much of it in sight that it is noticed.
    const isOpen = () => probe.root().querySelector("dialog[open]")?.getBoundingClientRect().top < innerHeight - 48;
    const changed = new MutationObserver(async () => {
      if (!probe.root().querySelector("dialog[open]")) return;
      changed.disconnect();
      const until = performance.now() + WAIT_MS;
      let at;
      do at = await probe.painted(isOpen); while (!probe.wasSeen && at < until);
      probe.answered ??= probe.wasSeen ? at - timeStamp : WAIT_MS;
    });
    setTimeout(() => (probe.answered ??= WAIT_MS), WAIT_MS);
    changed.observe(probe.root(), { subtree: true, childList: true, attributeFilter: ["open"] });
  }, true);
})();
