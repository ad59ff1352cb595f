// The λ page: at every move of the slider the worker computes the photo anew, at the latest λ.
"use strict";

const $ = (id) => document.getElementById(id);
const GAIN = 4; // of the picture of differences
const SIDE = 256;
const started = { lambda: null, scene: "" }; // what is shown, once something was computed
let running = false;

const lambda = () => Number((10 ** Number($("lambda").value)).toPrecision(3));
const chosen = () => document.querySelector("input[name=scene]:checked");

// --- Compute -----------------------------------------------------------------------------------

// Show the photo at the slider's λ; while one picture is computed the slider may move on.
async function show() {
  say();
  if (running) return;
  running = true;
  try {
    while (started.lambda !== lambda() || started.scene !== chosen().value) {
      const [at, scene] = [lambda(), chosen().value];
      const question = { number: scene, file: await fileOf(scene), method: "lambda", lambda: at };
      const { picture, seconds } = await call(question, loading);
      busy("");
      if (scene === chosen().value) await draw(picture, at, seconds);
      Object.assign(started, { lambda: at, scene });
    }
  } catch (error) {
    complain(error.message);
  } finally {
    busy("");
    running = false;
  }
}

const files = new Map(); // the dark photos, by scene
async function fileOf(scene) {
  if (!files.has(scene)) {
    const answer = await fetch(`scenes/${scene}-low.png`).catch(() => null);
    if (!answer?.ok) throw new Error("The photo could not be fetched. Is there a connection?");
    files.set(scene, await answer.blob());
  }
  return files.get(scene);
}

async function draw(picture, at, seconds) {
  const truth = await pixelsOf($("truth"));
  $("enhanced").getContext("2d").putImageData(picture, 0, 0);
  $("enhanced").setAttribute("aria-label", `${chosen().dataset.what}, enhanced at λ = ${at}`);
  $("enhanced").hidden = false;
  $("made").hidden = true;
  $("at").textContent = at;
  const error = drawDifference(picture, truth);
  const score = (10 * Math.log10(255 ** 2 / error)).toFixed(2);
  $("status").textContent = `λ = ${at}: PSNR ${score} dB, computed in ${Math.round(1000 * seconds)} ms.`;
}

async function pixelsOf(image) {
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIDE;
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0, SIDE, SIDE);
  return context.getImageData(0, 0, SIDE, SIDE);
}

// Where two pictures differ, made stronger; gives their mean squared error.
function drawDifference({ data }, truth) {
  const difference = new ImageData(SIDE, SIDE);
  let error = 0;
  for (let i = 0; i < data.length; i++) {
    if (i % 4 === 3) {
      difference.data[i] = 255;
      continue;
    }
    const apart = data[i] - truth.data[i];
    error += apart ** 2;
    difference.data[i] = GAIN * Math.abs(apart);
  }
  $("difference").getContext("2d").putImageData(difference, 0, 0);
  return error / ((data.length / 4) * 3);
}

// --- What is said ------------------------------------------------------------------------------

function say() {
  $("lambda-value").textContent = lambda();
  $("lambda").setAttribute("aria-valuetext", lambda());
}

function loading(text, share) {
  if (share === undefined || text === "Enhancing") return;
  busy(`${text}: ${Math.round(100 * share)} %`);
  $("progress").value = share;
}

function busy(text) {
  $("working").hidden = !text;
  $("stage-text").textContent = text;
  $("row").setAttribute("aria-busy", Boolean(text));
}

function complain(text) {
  $("problem").textContent = text;
  $("problem").hidden = !text;
}

// --- Controls ----------------------------------------------------------------------------------

$("lambda").addEventListener("input", () => {
  complain("");
  show();
});

for (const radio of document.querySelectorAll("input[name=scene]")) {
  radio.addEventListener("change", async () => {
    complain("");
    const { value, dataset } = radio;
    const what = dataset.what;
    set($("low"), `scenes/${value}-low.png`, `${what}, in the dark`);
    set($("truth"), `scenes/${value}-truth.png`, `${what}, well lit`);
    for (const image of document.querySelectorAll("#strip img")) {
      image.src = `scenes/${value}-${image.dataset.lambda}.jpg`;
    }
    $("strip-of").textContent = what.toLowerCase();
    if (lacking()) set($("made"), `scenes/${value}-115.jpg`, `${what}, enhanced`);
    else show();
  });
}

function set(image, src, alt) {
  Object.assign(image, { src, alt });
}

$("lambda").value = $("lambda").defaultValue; // a browser that reloads a page keeps what was set
document.querySelector("input[name=scene]").checked = true;
say();
// The first difference needs no network: it is that of the picture computed beforehand.
Promise.all([$("made"), $("truth")].map(pixelsOf)).then((pair) => drawDifference(...pair));
if (lacking()) {
  complain(`${lacking()} The strip below was computed beforehand.`);
  $("lambda").disabled = true;
}
