// One of two ways to have a photo enhanced, see page.js: this browser does it, in its worker.
"use strict";

const QUALITY = Number(document.body.dataset.quality);
const numbers = new WeakMap(); // files by the order they came in, as the worker knows them
let files = 0;

// iPhones and iPads hold no canvas of more than 4096 x 4096 pixels.
if (CSS.supports("-webkit-touch-callout", "none")) document.body.dataset.maxPixels = 4096 ** 2;

// Ask for a result of the photo. Null if there is none; the page then says why.
async function ask({ method, lambda, strength = 1, format }) {
  const [mine, myTurn] = [photo, turn];
  await haveFile();
  if (lacking()) {
    complain(lacking());
    return null;
  }
  if (!numbers.has(mine.file)) numbers.set(mine.file, ++files);
  const question = {
    number: numbers.get(mine.file),
    file: mine.file,
    method,
    lambda,
    strength,
    format: format || nearest(mine.file.type),
    quality: QUALITY,
  };
  busy("Reading");
  try {
    const { blob, seconds, width, height } = await call(question, (text, share) => {
      if (myTurn !== turn) return;
      if (share === undefined) busy(text);
      else progress(share, text);
    });
    return {
      blob,
      name: savedName(mine.name, blob.type),
      seconds,
      size: `${width}x${height}`,
    };
  } catch (error) {
    if (myTurn === turn && error.message !== "given up") complain(error.message);
    return null;
  } finally {
    if (myTurn === turn) busy("");
  }
}

const abort = giveUpCall;

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

addEventListener("DOMContentLoaded", () => complain(lacking()));
