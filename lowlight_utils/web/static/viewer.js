// The stage: the divider, zoom and pan of both halves in step, full screen. It knows two pictures
// of one size and nothing of where they come from.
"use strict";

const $ = (id) => document.getElementById(id);
const stage = $("stage");
const SHARPEST = 8; // screen pixels to one of the photo, at most
const STEP = 1.25; // of a key, and of a notch of the wheel
const GRIP = 28; // screen pixels beside the divider that move it while the photo is zoomed

const view = { zoom: 1, x: 0, y: 0 }; // x, y: the stage's corner in the photo, in stages
const fingers = new Map(); // pointers that are down, by their numbers
let dragged = ""; // what they do: "divider" or "pan"

// --- The divider -----------------------------------------------------------------------------

// The range input is what keyboards and screen readers operate. Pointers drag on the whole stage:
// phones would only let the input's thumb be dragged.
function setDivider(percent) {
  $("divider").value = percent;
  $("divider").setAttribute("aria-valuetext", t("divider", { percent: Math.round(percent) }));
  stage.style.setProperty("--at", `${percent}%`);
}

const within = (value, least, most) => Math.min(most, Math.max(least, value));

function follow(event) {
  const box = stage.getBoundingClientRect();
  setDivider(within((100 * (event.clientX - box.left)) / box.width, 0, 100));
}

// --- Zoom ------------------------------------------------------------------------------------

// The box that a picture fills as far as its shape allows: the stage, or in the view side by side
// half of it.
const box = () => $("before").parentElement.getBoundingClientRect();

function fullSize() {
  const { naturalWidth, naturalHeight } = $("before");
  const { width, height } = box();
  const shown = Math.min(width / (naturalWidth || 1), height / (naturalHeight || 1));
  return 1 / (shown * devicePixelRatio);
}

// Zoom so that the point of the photo under (clientX, clientY) stays there.
function zoomTo(zoom, clientX, clientY) {
  const { left, top, width, height } = pictureAt(clientX);
  const across = clientX === undefined ? 0.5 : (clientX - left) / width;
  const down = clientY === undefined ? 0.5 : (clientY - top) / height;
  const next = within(zoom, 1, Math.max(1, SHARPEST * fullSize()));
  view.x += across / view.zoom - across / next;
  view.y += down / view.zoom - down / next;
  view.zoom = next;
  place();
}

function pictureAt(clientX) {
  const after = $("after").closest("figure").getBoundingClientRect();
  return stage.dataset.view === "side" && clientX > after.left ? after : box();
}

function place() {
  view.x = within(view.x, 0, 1 - 1 / view.zoom);
  view.y = within(view.y, 0, 1 - 1 / view.zoom);
  stage.style.setProperty("--zoom", view.zoom);
  stage.style.setProperty("--x", `${-100 * view.x * view.zoom}%`);
  stage.style.setProperty("--y", `${-100 * view.y * view.zoom}%`);
  stage.toggleAttribute("data-zoomed", view.zoom > 1);
  const share = view.zoom / fullSize();
  stage.toggleAttribute("data-pixels", share >= 1.99);
  $("zoom-value").textContent = view.zoom > 1 ? t("zoom.fit", { percent: Math.round(100 * share) }) : "100 %";
  $("zoom").setAttribute("aria-pressed", view.zoom > 1);
}

function fit() {
  Object.assign(view, { zoom: 1, x: 0, y: 0 });
  place();
}

function toggleZoom(clientX, clientY) {
  if (view.zoom > 1) fit();
  else zoomTo(fullSize() > 1.05 ? fullSize() : 2, clientX, clientY); // a small one fits already
}

function pan(across, down) {
  view.x -= across / box().width / view.zoom;
  view.y -= down / box().height / view.zoom;
  place();
}

// --- Pointers, wheel and keys ------------------------------------------------------------------

stage.addEventListener("pointerdown", (event) => {
  if (event.button !== 0 || event.target.closest(".working, button")) return;
  stage.setPointerCapture(event.pointerId);
  $("zoom").focus({ preventScroll: true }); // so that the keys work from here on ...
  fingers.set(event.pointerId, event);
  const { left, width } = stage.getBoundingClientRect();
  const line = left + (width * Number($("divider").value)) / 100;
  const near = view.zoom === 1 || Math.abs(event.clientX - line) < GRIP;
  dragged = stage.dataset.view === "divider" && near && fingers.size === 1 ? "divider" : "pan";
  if (dragged === "divider") follow(event);
});

stage.addEventListener("pointermove", (event) => {
  const before = fingers.get(event.pointerId);
  if (!before) return;
  const other = [...fingers.values()].find((each) => each.pointerId !== event.pointerId);
  fingers.set(event.pointerId, event);
  if (other) pinch(before, event, other);
  else if (dragged === "divider") follow(event);
  else pan(event.clientX - before.clientX, event.clientY - before.clientY);
});

function pinch(before, now, other) {
  const apart = (one) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
  const middle = [(now.clientX + other.clientX) / 2, (now.clientY + other.clientY) / 2];
  pan((now.clientX - before.clientX) / 2, (now.clientY - before.clientY) / 2);
  zoomTo((view.zoom * apart(now)) / Math.max(1, apart(before)), ...middle);
}

for (const name of ["pointerup", "pointercancel", "lostpointercapture"]) {
  stage.addEventListener(name, (event) => {
    fingers.delete(event.pointerId);
    dragged = "pan"; // the finger that stays does not fetch the divider
  });
}

stage.addEventListener("dblclick", (event) => {
  if (!event.target.closest(".working")) toggleZoom(event.clientX, event.clientY);
});

// Unzoomed, the wheel scrolls the page, unless Ctrl says otherwise (as a trackpad's pinch does).
stage.addEventListener(
  "wheel",
  (event) => {
    if (view.zoom === 1 && !event.ctrlKey && !isFull()) return;
    event.preventDefault();
    zoomTo(view.zoom * STEP ** within(-event.deltaY / 50, -2, 2), event.clientX, event.clientY);
  },
  { passive: false },
);

const KEYS = {
  "+": () => zoomTo(view.zoom * STEP),
  "=": () => zoomTo(view.zoom * STEP),
  "-": () => zoomTo(view.zoom / STEP),
  0: fit,
  1: () => zoomTo(fullSize()),
  f: () => setFull(!isFull()),
};
const PAN = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };
$("viewer").addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const key = event.shiftKey && PAN[event.key];
  if (!key && !KEYS[event.key]) return;
  event.preventDefault();
  if (key) pan(...key);
  else KEYS[event.key]();
});

stage.addEventListener("mousedown", (event) => {
  if (!event.target.closest("button")) event.preventDefault(); // ... and the mouse does not take it
});
stage.addEventListener("dragstart", (event) => event.preventDefault()); // of the image itself
$("divider").addEventListener("input", (event) => setDivider(Number(event.target.value)));
$("zoom").addEventListener("click", () => toggleZoom());
for (const radio of document.querySelectorAll("input[name=view]")) {
  radio.addEventListener("change", () => {
    stage.dataset.view = radio.value;
    fit();
  });
}

// --- Full screen -------------------------------------------------------------------------------

const isFull = () => $("viewer").classList.contains("full");

// The class does the work; the browser's own full screen only adds to it, where there is one.
async function setFull(full) {
  $("viewer").classList.toggle("full", full);
  document.body.classList.toggle("covered", full);
  $("full").setAttribute("aria-pressed", full);
  fit();
  try {
    if (full) await $("viewer").requestFullscreen?.();
    else if (document.fullscreenElement) await document.exitFullscreen();
  } catch {
    // refused: the page fills the window all the same
  }
}

$("full").addEventListener("click", () => setFull(!isFull()));
addEventListener("keydown", (event) => {
  if (event.key === "Escape" && isFull()) setFull(false);
});
document.addEventListener("fullscreenchange", () => {
  if (!document.fullscreenElement && isFull()) setFull(false);
});
addEventListener("resize", place);

setDivider(50);
fit();
