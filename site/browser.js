// One of two ways to have a photo enhanced, see page.js: this browser does it, in its worker.
"use strict";

const QUALITY = Number(document.body.dataset.quality);
const numbers = new WeakMap(); // files by the order they came in, as the worker knows them
let files = 0;

// iPhones and iPads hold no canvas of more than 4096 x 4096 pixels.
if (CSS.supports("-webkit-touch-callout", "none")) document.body.dataset.maxPixels = 4096 ** 2;

let last = Promise.resolve(); // the worker does one thing at a time, and gives up what was before

// Ask for a result of a photo. Throws a Problem that says why there is none.
function ask(it, options, signal) {
  const asking = last.then(() => askNow(it, options, signal));
  last = asking.catch(() => {});
  return asking;
}

async function askNow(it, { method, lambda, strength = 1, format }, signal) {
  await haveFile(it);
  if (lacking()) throw new Problem(lacking());
  if (signal.aborted) throw new DOMException("given up", "AbortError");
  if (!numbers.has(it.file)) numbers.set(it.file, ++files);
  const question = {
    number: numbers.get(it.file),
    file: it.file,
    method,
    lambda,
    strength,
    format: format || nearest(it.file.type),
    quality: QUALITY,
  };
  tell(it, "reading");
  signal.addEventListener("abort", giveUpCall);
  try {
    const { blob, seconds, width, height } = await call(question, (text, share = null) => {
      if (!signal.aborted) tell(it, "enhancing", share, text);
    });
    return { blob, name: savedName(it.name, blob.type), seconds, size: `${width}x${height}` };
  } catch (error) {
    throw new Problem(error.message, { shrink: true });
  } finally {
    signal.removeEventListener("abort", giveUpCall);
  }
}

function forget() {
  // The worker keeps one photo, until the next comes or the page is left.
}

// The format that a result is written in where none is asked for.
function nearest(type) {
  if (/png|tiff|bmp|gif/.test(type)) return "png";
  return type === "image/webp" ? "webp" : "jpeg";
}

// The photo's name, with another suffix if it became another kind of file.
function savedName(name, type) {
  const suffixes = { "image/jpeg": "jpe?g|jpe|jfif", "image/png": "png", "image/webp": "webp" };
  if (new RegExp(`\\.(${suffixes[type]})$`, "i").test(name)) return name;
  return name.replace(/\.[^.]*$/, "") + { "image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp" }[type];
}

addEventListener("DOMContentLoaded", () => {
  if (lacking()) complain(new Problem(lacking()));
});
