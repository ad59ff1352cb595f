// What the stage shows: a photo, the result of its settings, and before that perhaps a preview.
"use strict";

// Put a photo on the stage: its original, and what was made of it.
async function put(it, original) {
  if (it !== shown) await display(it, original);
  const { result } = it;
  if (!result || it !== shown) return;
  setPicture($("after"), URL.createObjectURL(result.blob));
  stage.removeAttribute("data-preview");
  $("after-label").textContent = labelOf(result.method);
  const how = result.method === "generator" ? t("how.enhanced") : labelOf(result.method);
  const seconds = result.seconds === null ? "?" : digits(result.seconds, result.seconds < 0.95 ? 2 : 1);
  const said = { name: it.name, how, seconds, lambda: result.lambda };
  say(t(result.lambda ? "done.lambda" : "done", said));
  const pixels = result.size.replace("x", " × ");
  const { blob } = result;
  $("output").textContent = t("output", { pixels, quality: quality(blob.type), size: megabytes(blob.size) });
}

async function display(it, original) {
  const url = URL.createObjectURL(original);
  const trial = Object.assign(new Image(), { src: url });
  await trial.decode();
  if (it !== wanted) return URL.revokeObjectURL(url);
  leave(shown);
  shown = it;
  setPicture($("before"), url);
  setPicture($("base"), url);
  const what = it.example ? exampleText(it.example) : it.name;
  $("before").alt = t("alt.original", { what });
  $("after").alt = t("alt.enhanced", { what });
  const ratio = trial.naturalWidth / trial.naturalHeight;
  // Panoramas and towers get a stage that one can still zoom into.
  stage.style.setProperty("--ratio", within(ratio, 0.6, 2.4));
  stage.toggleAttribute("data-wide", ratio > 1);
  stage.toggleAttribute("data-clear", !/jpe?g/.test(original.type) && isClear(trial));
  document.body.toggleAttribute("data-own", !it.example);
  setControls(it.settings);
  setDivider(50);
  fit();
  drawStrip();
}

// On a slow line: what it will look like, before the whole file is there.
async function showPreview(it, blob) {
  if (it !== wanted || it.state !== "receiving") return;
  if (it !== shown && !it.size) return; // this browser cannot show the original
  if (it !== shown) await display(it, (it.original = it.file));
  if (it !== shown || it.state !== "receiving") return;
  setPicture($("after"), URL.createObjectURL(blob));
  $("after-label").textContent = t("label.preview");
  stage.setAttribute("data-preview", "");
}

// Of a photo that leaves the stage the current result stays, and nothing on the server.
function leave(it) {
  forget(it);
  it.results = new Map(it.result ? [[it.result.key, it.result]] : []);
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
