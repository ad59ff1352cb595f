// The page keeps one photo, asks for every result, and only blends original and result itself (the
// strength slider). viewer.js shows both, bring.js brings photos, and shrink.js helps where one is
// too large. Who makes the results is another script's matter: a server (server.js) or this
// browser (browser.js of the course's site). Either has
//   ask(options)   gives { blob, name, seconds, size } for the photo, or null once it has complained
//   abort()        breaks off what was asked last
//   forget(photo)  lets go of what is kept of a photo
"use strict";

const { maxBytes, maxPixels } = document.body.dataset;
const MAX_BYTES = Number(maxBytes);
const MAX_PIXELS = Number(maxPixels);
const KEPT = 12; // results of one photo, so that going back to one is free
const REST = 250; // milliseconds that λ's slider has to rest before anything is asked for

// The photo on the stage: its file (until the server has a token for it, and in case the server
// forgets), the results by method, and a number that tells late answers that they are late.
let photo = { file: null, name: "", example: firstExample(), token: "", results: new Map() };
let onStage = { photo, method: "generator" }; // what is shown, which one that is refused leaves alone
let turn = 0; // counts what was asked for; an answer to an earlier turn is of no use any more
let unsaved = false; // whether leaving the page would lose a result

// --- The photo -------------------------------------------------------------------------------

async function open(file, { example = "" } = {}) {
  complain("");
  if (file.size > MAX_BYTES) {
    const most = megabytes(MAX_BYTES);
    complain(`${file.name} has ${megabytes(file.size)}; up to ${most} are taken.`, file);
    return;
  }
  const size = await sizeOf(file);
  if (size && size.width * size.height > MAX_PIXELS) {
    const [has, most] = [size.width * size.height, MAX_PIXELS].map((each) => Math.round(each / 1e6));
    complain(`${file.name} has ${has} megapixels; up to ${most} are taken.`, file);
    return;
  }
  if (photo !== onStage.photo) forget(photo);
  giveUp();
  photo = { file, name: file.name || "photo", example, token: "", results: new Map() };
  const mine = photo;
  markExample();
  choose({ method: "generator" });
  const result = await enhance();
  if (mine !== photo) return;
  if (!result) return goBack();
  if (!(await display(file))) {
    // HEIC and TIFF: few browsers show them, so who enhances it says what is in it.
    const original = await ask({ method: "original", format: "jpeg" });
    if (mine !== photo) return;
    if (!original) return goBack();
    await display(original.blob);
  }
  forget(onStage.photo);
  onStage.photo = photo;
  document.body.toggleAttribute("data-own", !photo.example);
  show(result);
  setStrength(100);
  setDivider(50);
  fit();
}

// The photo was refused or given up: the one on the stage stays the page's.
function goBack() {
  photo = onStage.photo;
  choose(onStage);
  if ($("lambda") && onStage.lambda) {
    $("lambda").value = Math.log10(onStage.lambda);
    showLambda();
  }
  markExample();
}

// Set the controls that stand for an option of the interface; wanted() reads them.
function choose(options) {
  for (const control of document.querySelectorAll("[data-option]")) {
    const value = options[control.dataset.option];
    if (value === undefined) continue;
    if (control.type === "radio") control.checked = control.value === value;
    else control.value = value;
  }
  enableLambda();
}

// Show a file as the original. False if this browser cannot read it.
async function display(blob) {
  const url = URL.createObjectURL(blob);
  const trial = new Image();
  trial.src = url;
  try {
    await trial.decode();
  } catch {
    URL.revokeObjectURL(url);
    return false;
  }
  setPicture($("before"), url);
  setPicture($("base"), url);
  const name = photo.example ? exampleText(photo.example) : photo.name;
  $("before").alt = `${name}, as it was`;
  $("after").alt = `${name}, enhanced`;
  const ratio = trial.naturalWidth / trial.naturalHeight;
  // Panoramas and towers get a stage that one can still zoom into.
  stage.style.setProperty("--ratio", within(ratio, 0.6, 2.4));
  stage.toggleAttribute("data-wide", ratio > 1);
  stage.toggleAttribute("data-clear", !/jpe?g/.test(blob.type) && isClear(trial));
  return true;
}

// Whether any of a picture is transparent, judged on a small copy of it.
function isClear(image) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 64;
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0, 64, 64);
  return context.getImageData(0, 0, 64, 64).data.some((value, i) => i % 4 === 3 && value < 255);
}

function setPicture(image, url) {
  if (image.src.startsWith("blob:") && image.src !== url && image.id !== "base") {
    URL.revokeObjectURL(image.src);
  }
  image.src = url;
}

async function enhance() {
  const options = wanted();
  const key = JSON.stringify(options);
  if (!photo.results.has(key)) {
    const mine = photo;
    const result = await ask(options);
    if (!result || mine !== photo) return null;
    mine.results.set(key, { ...result, ...options, key });
    if (mine.results.size > KEPT) mine.results.delete(mine.results.keys().next().value);
  }
  return photo.results.get(key);
}

function show(result) {
  setPicture($("after"), URL.createObjectURL(result.blob));
  $("after-label").textContent = labelOf(result.method);
  onStage = { photo: onStage.photo, ...result };
  unsaved = !photo.example;
  const how = result.method === "generator" ? "enhanced" : labelOf(result.method);
  const at = result.lambda ? `, λ ${result.lambda},` : "";
  const seconds = result.seconds?.toFixed(result.seconds < 0.95 ? 2 : 1) ?? "?";
  say(`${photo.name}: ${how}${at} in ${seconds} s.`);
  $("output").textContent = `${result.size.replace("x", " × ")} pixels, ${quality(result.blob.type)}, ${megabytes(result.blob.size)}`;
}

// --- What is said ----------------------------------------------------------------------------

function busy(text) {
  $("working").hidden = !text;
  stage.setAttribute("aria-busy", Boolean(text));
  $("stage-text").textContent = text;
  $("progress").removeAttribute("value");
  if (text) say(`${text} …`);
}

function progress(share, text) {
  $("progress").value = share;
  $("stage-text").textContent = `${text}: ${Math.round(100 * share)} %`;
}

function say(text) {
  $("status").textContent = text;
}

// Say what went wrong where it is seen, with what can be done: here, with the file that was refused.
async function complain(text, file = null) {
  $("problem").hidden = !text;
  $("problem-text").textContent = text;
  $("shrink").hidden = true;
  if (text) say("");
  if (file && (await sizeOf(file)) && $("problem-text").textContent === text) {
    $("shrink").hidden = false; // this browser can read what is not taken
  }
  $("shrink").onclick = async () => {
    complain("");
    busy("Making it smaller");
    const smaller = await shrink(file, MAX_PIXELS, MAX_BYTES);
    busy("");
    if (smaller) open(smaller);
    else complain(`This browser cannot read ${file.name}; save it as a smaller JPEG first.`);
  };
}

const megabytes = (bytes) => `${(bytes / 2 ** 20).toFixed(bytes < 2 ** 20 ? 2 : 0)} MB`;
// What the controls ask for; λ only where the method takes it.
function wanted() {
  const options = {};
  for (const { dataset, type, checked, value } of document.querySelectorAll("[data-option]")) {
    if (type !== "radio" || checked) options[dataset.option] = value;
  }
  return takesLambda(options.method) ? { ...options, lambda: lambda() } : options;
}

const takesLambda = (method) => method === $("lambda")?.dataset.method;

function enableLambda() {
  if ($("lambda")) $("lambda").disabled = !takesLambda(chosenMethod());
}

function quality(type) {
  const option = document.querySelector(`#format option[data-type="${type}"]`);
  return option.dataset.quality;
}

const chosenMethod = () => document.querySelector("input[name=how]:checked").value;

function labelOf(method) {
  if (method === "generator") return "Enhanced";
  return document.querySelector(`input[name=how][value="${method}"]`).parentElement.textContent.trim();
}

// --- Controls --------------------------------------------------------------------------------

function setStrength(percent) {
  $("strength").value = percent;
  $("strength-value").textContent = `${percent} %`;
  stage.style.setProperty("--strength", percent / 100);
}
$("strength").addEventListener("input", (event) => setStrength(Number(event.target.value)));

function giveUp() {
  turn++;
  abort();
}

let resting; // a timer: a slider that moves asks for nothing until it rests
async function change() {
  clearTimeout(resting);
  enableLambda();
  complain("");
  giveUp();
  const mine = turn;
  const result = await enhance();
  if (mine !== turn) return;
  if (!result) goBack(); // refused: the controls say what is shown
  else if (result.key === JSON.stringify(wanted())) show(result);
}
for (const control of document.querySelectorAll("[data-option]")) {
  control.addEventListener("change", change);
}
// The slider moves λ's logarithm, so that 1 is as far from 10 as 10 from 100.
function lambda() {
  const { value, dataset } = $("lambda");
  const rounded = Number((10 ** Number(value)).toPrecision(3));
  return Math.min(Number(dataset.most), Math.max(Number(dataset.least), rounded));
}

function showLambda() {
  $("lambda-value").textContent = lambda();
  $("lambda").setAttribute("aria-valuetext", lambda());
}

$("lambda")?.addEventListener("input", () => {
  showLambda();
  clearTimeout(resting);
  resting = setTimeout(change, REST);
});

$("cancel").addEventListener("click", () => {
  giveUp();
  busy("");
  if (photo !== onStage.photo) forget(photo);
  goBack();
  say("Given up.");
});
$("dismiss").addEventListener("click", () => complain(""));
$("another").addEventListener("click", () => $("file").click());

// What is shown is a blend made here; what is saved is made anew, at full size.
$("download").addEventListener("click", async () => {
  complain("");
  const strength = Number($("strength").value) / 100;
  const format = $("format").value;
  let result;
  if (strength === 1 && !format) result = await enhance();
  else result = await ask({ ...wanted(), strength, format });
  if (!result) return;
  const link = document.createElement("a");
  link.href = URL.createObjectURL(result.blob);
  link.download = result.name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  say(`Saved ${result.name}, ${megabytes(result.blob.size)}.`);
  unsaved = false;
});
addEventListener("beforeunload", (event) => {
  if (unsaved) event.preventDefault(); // the browser asks
});

addEventListener("pagehide", () => forget(photo));
$("work").addEventListener("submit", (event) => event.preventDefault());
for (const place of document.querySelectorAll(".here")) place.textContent = new URL("./", location);
setStrength(100); // a browser that reloads a page keeps what was set
if ($("lambda")) {
  $("lambda").value = $("lambda").defaultValue;
  showLambda();
  enableLambda();
}
