/* One sector at a time is lit everywhere, and told about; a pinned one stays. */

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
    const known = scan.uncertainty === told.nothing ? "" : scan.uncertainty;
    element("small", ` ${known} ${scan.quantity}`, part);
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
