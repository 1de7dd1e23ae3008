/* Corrected images, maps and bull's-eyes: what is shown of which scan, slice and time. */

for (const scan of told.scans) {
  scan.sheets = scan.film.sheets.map((source) => {
    const sheet = new Image();
    sheet.onload = () => draw();
    sheet.src = source;
    return sheet;
  });
  scan.window = [...scan.film.shown];
}
const stages = ["left", "right"].map((side) => {
  const figure = byId(side);
  const find = (selector) => figure.querySelector(selector);
  return { side, figure, title: find("h3"), screen: find(".screen"), canvas: find("canvas"), picture: find("img"), outlines: find("svg") };
});
const shownBy = (stage) => {
  const [kind, scan] = told.views[view.number][stage.side];
  return { kind, index: scan, scan: told.scans[scan] };
};
const playing = () => shownBy(stages[0]);
const moves = () => playing().kind === "film";
const slicesOf = (scan) => scan.film.sheets.length;
const mapOf = (scan, slice) => document.querySelector(`.maps svg[data-scan="${scan}"][data-slice="${slice}"]`);

const drawFrame = (canvas, scan) => {
  const { film, window: [low, high] } = scan;
  const sheet = scan.sheets[view.slice];
  if (!sheet.complete || !sheet.naturalWidth) return;
  const [width, height] = [film.columns_of_frame, film.rows_of_frame];
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const [row, column] = [Math.floor(view.frame / film.columns), view.frame % film.columns];
  context.drawImage(sheet, column * width, row * height, width, height, 0, 0, width, height);
  const pixels = context.getImageData(0, 0, width, height);
  const gray = Array.from({ length: 256 }, (_, level) => (255 * (film.low + (level / 255) * (film.high - film.low) - low)) / (high - low));
  for (let k = 0; k < pixels.data.length; k += 4) pixels.data.fill(gray[pixels.data[k]], k, k + 3);
  context.putImageData(pixels, 0, 0);
};

const draw = () => {
  for (const stage of stages) {
    const { kind, scan } = shownBy(stage);
    if (kind === "film") drawFrame(stage.canvas, scan);
  }
  const { film, times, window: [low, high], unit } = playing().scan;
  const time = times[view.slice][view.frame];
  byId("time").value = view.frame;
  byId("now").textContent = `${view.frame + 1} of ${film.frames}, ${time.toFixed(1)} s`;
  const step = (film.high - film.low) / 255;
  byId("level").value = ((low + high) / 2 - film.low) / step;
  byId("width").value = (high - low) / step;
  const shown = [(low + high) / 2, high - low].map((value) => Number(value.toPrecision(3)));
  byId("shown").textContent = moves() ? `L ${shown[0]}  W ${shown[1]} ${unit}` : "";
  for (const chart of all(".chart")) {
    const [first, last, left, right] = JSON.parse(chart.dataset.axis);
    const cursor = chart.querySelector(".cursor");
    const x = left + ((time - first) / (last - first)) * (right - left);
    cursor.setAttribute("x1", x);
    cursor.setAttribute("x2", x);
    cursor.toggleAttribute("hidden", !moves() || Number(chart.dataset.scan) !== playing().index);
  }
};

const arrange = () => {
  const { scan } = playing();
  view.slice = clamp(view.slice, 0, slicesOf(scan) - 1);
  view.frame = clamp(view.frame, 0, scan.film.frames - 1);
  if (!moves()) play(false);
  for (const stage of stages) {
    const { kind, index, scan: own } = shownBy(stage);
    const source = mapOf(index, clamp(view.slice, 0, slicesOf(own) - 1));
    const { level, left, top } = source.dataset;
    stage.title.textContent = `${own.title}, ${level}: ${kind === "film" ? "motion-corrected images" : told.quantities[index]}`;
    stage.screen.style.aspectRatio = `${source.viewBox.baseVal.width} / ${source.viewBox.baseVal.height}`;
    stage.canvas.hidden = kind !== "film";
    stage.picture.hidden = kind === "film";
    stage.picture.src = source.querySelector("image").getAttribute("href");
    stage.outlines.setAttribute("viewBox", source.getAttribute("viewBox"));
    stage.outlines.replaceChildren(...all(".area, .unassigned", source).map((node) => node.cloneNode(true)));
    stage.outlines.setAttribute("aria-label", stage.title.textContent);
    stage.figure.querySelector(".at-left").textContent = left;
    stage.figure.querySelector(".at-top").textContent = top;
  }
  byId("scale").replaceChildren(all(".overview .scale")[shownBy(stages[1]).index].cloneNode(true));
  for (const part of all(".timing, .window")) part.style.visibility = moves() ? "" : "hidden";
  byId("time").max = scan.film.frames - 1;
  for (const button of all("#views button")) button.setAttribute("aria-pressed", String(Number(button.dataset.view) === view.number));
  for (const eye of all(".eye")) eye.hidden = Number(eye.dataset.view) !== view.number;
  byId("slices").replaceChildren(...Array.from({ length: slicesOf(scan) }, (_, slice) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = `${slice + 1} ${mapOf(playing().index, slice).dataset.level}`;
    button.setAttribute("aria-pressed", String(slice === view.slice));
    button.addEventListener("click", () => toSlice(slice));
    return button;
  }));
  byId("contours").setAttribute("aria-pressed", String(view.contours));
  for (const stage of stages) stage.outlines.classList.toggle("bare", !view.contours);
  mark();
  draw();
};

const toView = (number) => {
  if (number >= told.views.length) return;
  view.number = number;
  arrange();
};
const toSlice = (slice) => {
  const kept = document.activeElement?.parentElement === byId("slices");
  view.slice = slice;
  arrange();
  if (kept) byId("slices").children[view.slice].focus();
};
const toFrame = (frame) => {
  if (!moves()) return;
  view.frame = clamp(frame, 0, playing().scan.film.frames - 1);
  draw();
};
const play = (on) => {
  clearInterval(view.timer);
  const next = () => toFrame((view.frame + 1) % playing().scan.film.frames);
  view.timer = on && moves() ? setInterval(next, 90) : null;
  byId("play").setAttribute("aria-pressed", String(view.timer !== null));
  byId("play").textContent = view.timer === null ? "Play" : "Pause";
};
const toWindow = (level, width) => {
  const { scan } = playing();
  const { low, high } = scan.film;
  const span = clamp(width, (high - low) / 255, high - low);
  const middle = clamp(level, low, high);
  scan.window = [middle - span / 2, middle + span / 2];
  draw();
};
const changeWindow = (level, width) => {
  const { film, window: [low, high] } = playing().scan;
  const step = (film.high - film.low) / 64;
  if (moves()) toWindow((low + high) / 2 + level * step, high - low + width * step);
};
const resetWindow = () => {
  playing().scan.window = [...playing().scan.film.shown];
  draw();
};
