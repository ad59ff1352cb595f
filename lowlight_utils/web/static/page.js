// The photos, each on its way from the visitor's device to the stage. The other scripts:
//   viewer.js  divider, zoom, full screen  bring.js   choose, take, drop, paste
//   stage.js   puts a photo on the stage   strip.js   shows the photos' states
//   adjust.js  strength, λ, method, undo   save.js    download, ZIP (zip.js), share, copy
//   words.js   the page's language         shrink.js  helps where a photo is too large
// Who makes the results is another script's matter: a server (server.js) or this browser
// (browser.js of the course's site). Either has
//   ask(it, options, signal)  gives { blob, name, seconds, size } for a photo, or throws a Problem
//   forget(it)                lets go of what is kept of a photo
"use strict";

const MAX_BYTES = Number(document.body.dataset.maxBytes);
const MAX_PIXELS = Number(document.body.dataset.maxPixels);
const KEPT = 12; // results of the photo on the stage, so that going back to one is free

// Why a photo is refused, and what helps: to shrink it here, or to try again.
class Problem extends Error {
  constructor(text, { shrink = false, again = false } = {}) {
    super(text);
    Object.assign(this, { shrink, again });
  }
}

function newPhoto(file, example = "") {
  return {
    file, // null for the example that the page opens with, until it is needed
    name: file?.name || "photo",
    example,
    size: null, // in pixels, where this browser can read the file
    token: "", // under which the server keeps it
    state: "waiting", // reading, sending, enhancing, receiving, busy; done or refused
    problem: null,
    settings: usual(),
    past: [], // the settings before, for undo
    result: null, // what its settings ask for, once it is there
    results: new Map(),
    saved: "", // the settings that it was saved with
    making: null, // a promise, while it is in work
    stop: new AbortController(), // of what is asked for it
  };
}

const photos = []; // those that the visitor brought, as the strip shows them
let shown = newPhoto(null, firstExample()); // on the stage: what the controls act on
let wanted = shown; // what the stage is to show next; another only while that is in work
shown.state = "done";

// --- On their way: one after the other ---------------------------------------------------------

function bring(files, example = "") {
  complain(null);
  for (const it of photos.filter((each) => each.state === "refused")) remove(it);
  const brought = files.map((file) => newPhoto(file, example));
  if (!example) photos.push(...brought);
  want(brought[0]);
  drawStrip();
}

// Show a photo as soon as it can be shown; one that waits comes next.
function want(it) {
  if (it.state === "refused") return complain(it.problem, it);
  wanted = it;
  markExample();
  if (it.state === "done") make(it);
  else tell(it, it.state);
  work();
}

let working = false;
async function work() {
  if (working) return;
  working = true;
  for (let it; (it = [wanted, ...photos].find((each) => each.state === "waiting")); ) await make(it);
  working = false;
}

// Have a photo enhanced as its settings say; put it on the stage if it is wanted there.
function make(it) {
  return (it.making = makeNow(it));
}

async function makeNow(it) {
  it.stop.abort();
  const { signal } = (it.stop = new AbortController());
  try {
    await check(it);
    const result = await resultOf(it, signal);
    const original = it === wanted && it !== shown && (await originalOf(it, signal));
    if (signal.aborted) return;
    it.result = result;
    tell(it, "done");
    if (it === wanted) await put(it, original || it.original);
  } catch (problem) {
    if (!signal.aborted) refuse(it, problem);
  }
}

async function check(it) {
  await haveFile(it);
  if (it.size) return;
  const { name, file } = it;
  tell(it, "reading");
  it.size = await sizeOf(file);
  if (file.size > MAX_BYTES) {
    const values = { name, size: megabytes(file.size), most: megabytes(MAX_BYTES) };
    throw new Problem(t("too many bytes", values), { shrink: true });
  }
  if (it.size && it.size.width * it.size.height > MAX_PIXELS) {
    const [number, most] = [it.size.width * it.size.height, MAX_PIXELS].map((each) => Math.round(each / 1e6));
    throw new Problem(t("too many pixels", { name, number, most }), { shrink: true });
  }
}

async function resultOf(it, signal) {
  const options = optionsOf(it.settings);
  const key = JSON.stringify(options);
  if (!it.results.has(key)) {
    const result = await ask(it, options, signal);
    it.results.set(key, { ...result, ...options, options, key });
    if (it.results.size > KEPT) it.results.delete(it.results.keys().next().value);
  }
  return it.results.get(key);
}

// What this browser can show of a photo. HEIC and TIFF few can: then who enhances it says what is in it.
async function originalOf(it, signal) {
  it.original ??= it.size ? it.file : (await ask(it, { method: "original", format: "jpeg" }, signal)).blob;
  return it.original;
}

// It was refused, or the change of its settings was: the stage keeps what it shows.
function refuse(it, problem) {
  if (!(problem instanceof Problem)) problem = new Problem(problem.message, { again: true });
  const already = it.result || it.example;
  it.problem = problem;
  if (already) goBack(it);
  tell(it, already ? "done" : "refused");
  if (it !== wanted) return;
  wanted = (shown.example && photos.find((each) => each.state === "waiting")) || shown;
  markExample();
  complain(problem, it);
}

// Let the controls say again what the stage shows of a photo.
function goBack(it) {
  it.settings = { ...it.settings, ...(it.result?.options ?? optionsOf(usual())) };
  if (it === shown) setControls(it.settings);
}

function remove(it) {
  it.stop.abort();
  forget(it);
  if (photos.includes(it)) photos.splice(photos.indexOf(it), 1);
  it.entry?.remove();
  if (it !== wanted) return drawStrip();
  if (it === shown) want(photos.find((each) => each.state === "done") ?? newPhoto(null, firstExample()));
  else wanted = shown;
  drawStrip();
}

// --- What is said --------------------------------------------------------------------------------

// A photo has come further: its entry in the strip says so, and the stage if it is to be shown there.
function tell(it, state, share = null, text = t(`state.${state}`)) {
  it.state = state;
  drawEntry(it, share, text);
  if (it !== wanted) return;
  const rests = state === "done" || state === "refused";
  $("working").hidden = rests;
  stage.setAttribute("aria-busy", !rests);
  if (rests) return;
  $("stage-text").textContent = share === null ? text : t("share", { text, percent: Math.round(100 * share) });
  if (share === null) $("progress").removeAttribute("value");
  else $("progress").value = share;
  if (share === null) say(`${text} …`);
}

function say(text) {
  $("status").textContent = text;
}

// Say what went wrong where it is seen, and what can be done about it.
async function complain(problem, it = null) {
  $("problem").hidden = !problem;
  $("problem-text").textContent = problem?.message ?? "";
  $("shrink").hidden = !(problem?.shrink && it?.size);
  $("again").hidden = !problem?.again;
  if (!problem) return;
  say("");
  $("again").onclick = () => {
    complain(null);
    if (it.state === "refused") it.state = "waiting";
    want(it);
  };
  $("shrink").onclick = () => makeItFit(it);
}

async function makeItFit(it) {
  complain(null);
  wanted = it;
  tell(it, "reading", null, t("shrinking"));
  const smaller = await shrink(it.file, MAX_PIXELS, MAX_BYTES);
  if (!smaller) return refuse(it, new Problem(t("unreadable", { name: it.name })));
  Object.assign(it, { file: smaller, name: smaller.name, size: null, state: "waiting" });
  want(it);
}

$("cancel").addEventListener("click", () => {
  const it = wanted;
  it.stop.abort();
  wanted = shown;
  if (it === shown) {
    goBack(it);
    tell(it, "done");
  } else {
    $("working").hidden = true;
    stage.setAttribute("aria-busy", false);
    if (it.result) it.state = "done";
    else remove(it);
  }
  markExample();
  drawStrip();
  say(t("given up"));
});
$("dismiss").addEventListener("click", () => complain(null));
$("another").addEventListener("click", () => $("file").click());
$("work").addEventListener("submit", (event) => event.preventDefault());
addEventListener("pagehide", () => forget(shown));
for (const place of document.querySelectorAll(".here")) place.textContent = new URL("./", location);
setControls(shown.settings);
