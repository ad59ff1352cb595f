// The worker: photos are read, enhanced and written here, so that the page never freezes. Questions
// come from call.js, one at a time, and each is answered with its number.

import { enhance } from "./enhance.js";
import { load } from "./network.js";

const TYPES = { jpeg: "image/jpeg", png: "image/png", webp: "image/webp" };
let photo = {}; // the last one: its number, pixels, and results by method and λ
let current = 0; // the latest question; what was asked before it is given up
let last = Promise.resolve(); // a network computes one picture at a time

self.onmessage = ({ data: { id, question } }) => {
  if (question) {
    current = id;
    last = last.then(() => reply(id, question));
  } else if (id === current) {
    current = 0;
  }
};

async function reply(id, question) {
  const tell = (text, share) => self.postMessage({ id, text, share });
  try {
    requireCurrent(id);
    const answer = await (question.format ? toFile(question, tell, id) : toPixels(question, tell, id));
    self.postMessage({ id, answer });
  } catch (error) {
    const tooLarge = error instanceof RangeError;
    self.postMessage({ id, error: tooLarge ? "The photo takes more memory than there is; make it smaller." : error.message });
  }
}

function requireCurrent(id) {
  if (id !== current) throw new Error("given up");
}

async function toPixels({ number, file, method, lambda }, tell, id) {
  await read(number, file);
  const { pixels, seconds } = await enhanced(method, lambda, tell, id);
  return { picture: new ImageData(pixels, photo.width, photo.height), seconds };
}

async function toFile({ number, file, method, lambda, strength, format, quality }, tell, id) {
  await read(number, file);
  const { pixels, seconds } = await enhanced(method, lambda, tell, id);
  tell("Writing");
  blend(photo.data, pixels, strength);
  if (format === "jpeg") onWhite(pixels);
  const canvas = new OffscreenCanvas(photo.width, photo.height);
  canvas.getContext("2d").putImageData(new ImageData(pixels, photo.width, photo.height), 0, 0);
  const blob = await canvas.convertToBlob({ type: TYPES[format], quality });
  return { blob, seconds, width: photo.width, height: photo.height };
}

async function read(number, file) {
  if (photo.number === number) return;
  photo = {}; // its memory is needed
  const bitmap = await createImageBitmap(file).catch(() => {
    throw new Error(`${file.name}: this browser cannot read it as a picture; save it as JPEG or PNG first.`);
  });
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  const { data } = context.getImageData(0, 0, width, height); // in sRGB, upright
  photo = { number, data, width, height, results: new Map() };
}

async function enhanced(method, lambda, tell, id) {
  if (method === "original") return { pixels: photo.data.slice(), seconds: 0 };
  const key = `${method} ${lambda}`;
  if (!photo.results.has(key)) {
    const network = await load(method, (share) => tell("Fetching the network", share));
    tell("Enhancing");
    const pause = async (share) => {
      if (share) tell("Enhancing", share);
      await new Promise((go) => setTimeout(go)); // messages are looked at in between
      requireCurrent(id);
    };
    const began = performance.now();
    const pixels = await enhance(photo, network, lambda, pause);
    photo.results.clear(); // each takes 4 bytes a pixel
    photo.results.set(key, { pixels, seconds: (performance.now() - began) / 1000 });
  }
  const { pixels, seconds } = photo.results.get(key);
  return { pixels: pixels.slice(), seconds };
}

// Mix into the enhanced picture as much of the original as its strength leaves.
function blend(before, after, strength) {
  if (strength === 1) return;
  for (let i = 0; i < after.length; i++) after[i] = before[i] + strength * (after[i] - before[i]);
}

// JPEG has no transparency: what is clear lies on white, as on a page.
function onWhite(pixels) {
  for (let i = 0; i < pixels.length; i += 4) {
    const opacity = pixels[i + 3];
    if (opacity === 255) continue;
    for (let k = i; k < i + 3; k++) pixels[k] = (pixels[k] * opacity) / 255 + 255 - opacity;
    pixels[i + 3] = 255;
  }
}
