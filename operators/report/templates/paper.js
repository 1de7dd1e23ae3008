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
