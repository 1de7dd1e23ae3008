"use strict";
(() => {
  const told = JSON.parse(document.getElementById("told").textContent);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const byId = (id) => document.getElementById(id);
  const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
  const view = { number: 0, slice: 0, frame: 0, contours: true, timer: null };

{% include "images.js" %}

{% include "sectors.js" %}

{% include "hands.js" %}

{% include "paper.js" %}

  for (const part of [theme, ...all(".bar, .stage, .readout, .keys")]) part.hidden = false;
  view.slice = Math.floor(slicesOf(told.scans[0]) / 2);
  view.frame = told.scans[0].start[view.slice];
  arrange();
})();
