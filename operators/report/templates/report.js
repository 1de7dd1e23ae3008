"use strict";
(() => {
  const told = JSON.parse(document.getElementById("told").textContent);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const byId = (id) => document.getElementById(id);
  const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
  const view = { number: 0, slice: 0, frame: 0, contours: true, timer: null };

  /* Images and maps */

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
      cursor.style.display = moves() && Number(chart.dataset.scan) === playing().index ? "" : "none";
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

  /* Sectors */

  const [detail, readout] = [byId("detail"), byId("readout")];
  const hint = detail.innerHTML;
  readout.innerHTML = hint;
  let [lit, pinned] = [null, null];

  const element = (tag, text, parent, name) => {
    const made = document.createElement(tag);
    made.textContent = text;
    if (name) made.className = name;
    parent.append(made);
    return made;
  };
  const show = (number) => {
    const sector = told.sectors[number];
    detail.replaceChildren();
    element("h3", `${number} · ${sector.name} · ${sector.territory}`, detail);
    const table = element("table", "", detail);
    const line = (head, texts, cell = "td") => {
      const row = element("tr", "", table);
      if (head) element("th", head, row).scope = "row";
      else element("td", "", row);
      texts.forEach((text) => element(cell, text, row, "value"));
    };
    const lines = { quantity: "", mean: "mean", uncertainty: "uncertainty (SD)", interval: "95 % interval", spread: "SD over pixels", median: "median", endocardial: "endocardial", epicardial: "epicardial", pixels: "pixels" };
    line("", sector.scans.map((scan) => scan.title), "th");
    for (const [name, head] of Object.entries(lines)) line(head, sector.scans.map((scan) => scan[name]));
    if (told.views.length > told.scans.length) line("reserve", [sector.reserve]);
    table.rows[2].className = "total";
    readout.replaceChildren();
    element("b", `${number} ${sector.name}, ${sector.territory}`, readout);
    for (const scan of sector.scans) {
      const part = element("span", `${scan.title} `, readout);
      element("b", scan.mean, part);
      element("small", ` ${scan.uncertainty} ${scan.quantity}`, part);
    }
    if (told.views.length > told.scans.length) element("b", sector.reserve, element("span", "reserve ", readout));
  };
  const mark = () => {
    for (const node of all(".lit")) node.classList.remove("lit");
    for (const node of all(`[data-segment="${lit}"]`)) node.classList.add("lit");
    for (const cell of all(".cell")) cell.setAttribute("aria-pressed", String(cell.dataset.segment === pinned));
  };
  const light = (number) => {
    if (number === lit) return;
    lit = number;
    mark();
    if (number === null) [detail, readout].forEach((part) => { part.innerHTML = hint; });
    else show(number);
  };
  const pin = (number) => {
    pinned = number === pinned ? null : number;
    light(number);
    const slices = all(`.maps svg[data-scan="${playing().index}"]`).map((map) => map.querySelector(`[data-segment="${number}"]`) !== null);
    if (pinned !== null && !slices[view.slice] && slices.includes(true)) toSlice(slices.indexOf(true));
    else mark();
  };
  const step = (by) => {
    const next = lit === null ? (by > 0 ? 1 : 16) : ((Number(lit) - 1 + by + 16) % 16) + 1;
    pinned = null;
    pin(String(next));
  };
  const segmentAt = (target) => target.closest?.("[data-segment]")?.dataset.segment ?? null;
  document.addEventListener("pointerover", (event) => light(segmentAt(event.target) ?? pinned));
  document.addEventListener("focusin", (event) => {
    const number = segmentAt(event.target);
    if (number !== null) light(number);
  });
  document.addEventListener("click", (event) => {
    const number = segmentAt(event.target);
    if (number !== null && !dragged) pin(number);
  });

  /* Hands */

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

  /* One page of paper: the layout for print is tried on, and shrunk where it is longer than the page. */

  const paper = { width: 194, height: 278, pixels: 96 / 25.4 };
  const printing = [...document.styleSheets[0].cssRules].find((rule) => rule.media?.mediaText === "print");
  const { style } = document.body;
  addEventListener("beforeprint", () => {
    play(false);
    keys.Escape();
    printing.media.mediaText = "all";
    style.width = `${paper.width}mm`;
    const height = () => document.body.getBoundingClientRect().height / paper.pixels;
    for (style.zoom = 1; height() > paper.height && style.zoom > 0.1;) style.zoom *= Math.min(0.99, paper.height / height());
    printing.media.mediaText = "print";
  });
  addEventListener("afterprint", () => {
    style.width = style.zoom = "";
  });

  for (const part of [theme, ...all(".bar, .stage, .readout, .keys")]) part.hidden = false;
  view.slice = Math.floor(slicesOf(told.scans[0]) / 2);
  view.frame = told.scans[0].start[view.slice];
  arrange();
})();
