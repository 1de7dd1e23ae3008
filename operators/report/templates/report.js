"use strict";
(() => {
  const sectors = JSON.parse(document.getElementById("sectors").textContent);
  const detail = document.getElementById("detail");
  const hint = detail.innerHTML;

  const element = (tag, text, parent, name) => {
    const made = document.createElement(tag);
    made.textContent = text;
    if (name) made.className = name;
    parent.append(made);
    return made;
  };

  const showCurves = (number) => {
    const charts = element("div", "", detail, "small-charts");
    document.querySelectorAll(".charts .chart").forEach((source, index) => {
      const figure = element("figure", "", charts);
      const chart = source.cloneNode(false);
      for (const id of [`aif-${index}`, `curve-${index}-${number}`]) {
        const copy = document.getElementById(id)?.cloneNode(true);
        copy?.removeAttribute("id");
        if (copy) chart.append(copy);
      }
      figure.append(chart);
      element("figcaption", sectors[number].scans[index].title, figure, "muted");
    });
  };

  const show = (number) => {
    const sector = sectors[number];
    detail.replaceChildren();
    element("h3", `${number} · ${sector.name} · ${sector.territory}`, detail);
    const table = element("table", "", detail);
    const head = element("tr", "", element("thead", "", table));
    const body = element("tbody", "", table);
    ["", "mean ± SD", "median", "endo / epi", "pixels"].forEach((text, k) => element("th", text, head, k ? "value" : ""));
    for (const scan of sector.scans) {
      const row = element("tr", "", body);
      element("th", scan.title, row);
      [scan.value, scan.median, `${scan.endocardial} / ${scan.epicardial}`, scan.pixels].forEach((text) => element("td", text, row, "value"));
    }
    if (sector.scans.length > 1 && document.querySelectorAll(".eye").length > sector.scans.length) {
      const row = element("tr", "", body);
      element("th", "reserve", row);
      element("td", sector.reserve, row, "value");
    }
    showCurves(number);
  };

  let lit = null;
  const light = (number) => {
    if (number === lit) return;
    lit = number;
    for (const node of document.querySelectorAll(".lit")) node.classList.remove("lit");
    if (number === null) {
      detail.innerHTML = hint;
      return;
    }
    for (const node of document.querySelectorAll(`[data-segment="${number}"]`)) node.classList.add("lit");
    show(number);
  };
  const segmentAt = (target) => target.closest?.("[data-segment]")?.dataset.segment ?? null;
  document.addEventListener("pointerover", (event) => {
    const number = segmentAt(event.target);
    if (number !== null || event.target.closest?.(".maps, .eye, tbody, .charts") === null) light(number);
  });
  document.addEventListener("focusin", (event) => {
    const number = segmentAt(event.target);
    if (number !== null) light(number);
  });

  const choose = (chosen) => {
    for (const tab of document.querySelectorAll(".switch button")) tab.setAttribute("aria-selected", String(tab.dataset.eye === chosen));
    for (const eye of document.querySelectorAll(".eye")) eye.hidden = eye.dataset.eye !== chosen;
  };
  for (const tab of document.querySelectorAll(".switch button")) tab.addEventListener("click", () => choose(tab.dataset.eye));
  choose("0");

  const theme = document.getElementById("theme");
  theme.hidden = false;
  theme.addEventListener("click", () => {
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  });
})();
