/* Mouse and keys. */

let [from, dragged] = [null, false];
const film = stages[0].screen;
film.addEventListener("pointerdown", (event) => {
  dragged = false;
  if (moves() && event.button === 0) from = { x: event.clientX, y: event.clientY, window: [...playing().scan.window] };
});
document.addEventListener("pointermove", (event) => {
  if (from === null) return;
  const [x, y] = [event.clientX - from.x, event.clientY - from.y];
  dragged ||= Math.hypot(x, y) > 4;
  if (!dragged) return;
  const { low, high } = playing().scan.film;
  const unit = (high - low) / 300;
  toWindow((from.window[0] + from.window[1]) / 2 + y * unit, from.window[1] - from.window[0] + x * unit);
});
document.addEventListener("pointerup", () => { from = null; });
document.addEventListener("pointercancel", () => { from = null; });
for (const stage of stages) {
  stage.screen.addEventListener("wheel", (event) => {
    const by = Math.sign(event.deltaY || event.deltaX);
    const before = [view.slice, view.frame].join();
    if (event.shiftKey || !moves()) toSlice(view.slice + by);
    else toFrame(view.frame + by);
    if (before !== [view.slice, view.frame].join()) event.preventDefault();
  }, { passive: false });
}
all("#views button").forEach((button) => button.addEventListener("click", () => toView(Number(button.dataset.view))));
const toggleContours = () => {
  view.contours = !view.contours;
  arrange();
};
byId("contours").addEventListener("click", toggleContours);
byId("play").addEventListener("click", () => play(view.timer === null));
byId("time").addEventListener("input", (event) => toFrame(Number(event.target.value)));
for (const id of ["level", "width"]) {
  byId(id).addEventListener("input", () => {
    const { low, high } = playing().scan.film;
    const step = (high - low) / 255;
    toWindow(low + Number(byId("level").value) * step, Number(byId("width").value) * step);
  });
}
byId("reset").addEventListener("click", resetWindow);

const theme = byId("theme");
const toggleTheme = () => {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
};
theme.addEventListener("click", toggleTheme);

const keys = {
  ArrowLeft: () => toFrame(view.frame - 1),
  ArrowRight: () => toFrame(view.frame + 1),
  ArrowUp: () => toSlice(view.slice - 1),
  ArrowDown: () => toSlice(view.slice + 1),
  " ": () => play(view.timer === null),
  n: () => step(1),
  p: () => step(-1),
  c: toggleContours,
  d: toggleTheme,
  "[": () => changeWindow(-1, 0),
  "]": () => changeWindow(1, 0),
  "-": () => changeWindow(0, -1),
  "+": () => changeWindow(0, 1),
  "=": () => changeWindow(0, 1),
  0: resetWindow,
  Escape: () => {
    pinned = null;
    light(null);
    mark();
  },
};
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const { key, target } = event;
  if (target.matches("input") && key.startsWith("Arrow")) return;
  const cell = target.closest(".cell");
  if (cell && (key === " " || key === "Enter")) {
    event.preventDefault();
    pin(cell.dataset.segment);
    return;
  }
  if (target.matches("button") && key === " ") return;
  const action = keys[key] ?? keys[key.toLowerCase()] ?? (/^[1-9]$/.test(key) ? () => toView(Number(key) - 1) : null);
  if (action === null) return;
  event.preventDefault();
  action();
});
