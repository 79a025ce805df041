// A phone's keyboard: the bar rides on it, and the picture keeps its size.

/** `input`: what is written into. */
export function watchKeyboard(ctx, input) {
  const { frame, settings, signal } = ctx;
  const viewport = window.visualViewport;
  let height = 0;

  const ride = () => {
    // Some browsers shrink the page for the keyboard, others lay it over the page.
    const covered = settings.isPage && viewport ? Math.max(0, innerHeight - viewport.height - viewport.offsetTop) : 0;
    frame.style.setProperty("--yc-kb", `${covered > 60 ? covered : 0}px`);
    const shrunk = height - frame.clientHeight;
    frame.toggleAttribute("data-typing", covered > 60 || shrunk > 120);
  };

  input.addEventListener("focus", () => {
    height = frame.clientHeight;
    frame.style.setProperty("--yc-locked", `${height}px`);
    viewport?.addEventListener("resize", ride, { signal });
    viewport?.addEventListener("scroll", ride, { signal });
    window.addEventListener("resize", ride, { signal });
  }, { signal });
  input.addEventListener("blur", () => {
    viewport?.removeEventListener("resize", ride);
    viewport?.removeEventListener("scroll", ride);
    window.removeEventListener("resize", ride);
    frame.removeAttribute("data-typing");
    for (const name of ["--yc-kb", "--yc-locked"]) frame.style.removeProperty(name);
  }, { signal });
}
