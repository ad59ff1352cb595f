// Ask the worker, which computes while the page stays awake, and say what this browser lacks.
"use strict";

let worker = null; // started with the first question
let asked = 0; // counts the questions, so that each finds its answer
const waiting = new Map();

// Ask; `progress(text, share)` hears how far it is. Rejected if it cannot be done.
function call(question, progress = () => {}) {
  worker ??= startWorker();
  const id = ++asked;
  worker.postMessage({ id, question });
  return new Promise((resolve, reject) => waiting.set(id, { resolve, reject, progress }));
}

function giveUpCall() {
  worker?.postMessage({ id: asked });
}

function startWorker() {
  const started = new Worker("worker.js", { type: "module" });
  started.onmessage = ({ data: { id, text, share, answer, error } }) => {
    const question = waiting.get(id);
    if (text) return question?.progress(text, share);
    waiting.delete(id);
    if (error) question?.reject(new Error(error));
    else question?.resolve(answer);
  };
  started.onerror = () => {
    for (const { reject } of waiting.values()) reject(new Error(STOPPED));
    waiting.clear();
    worker = null; // the next question starts another
  };
  return started;
}

const STOPPED = "The part that computes could not start, or stopped. Load the page again.";

// One 128-bit constant: a module that only a browser with WebAssembly's vectors takes.
const VECTORS = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11];

// What this browser would need to compute here; "" if it has it all.
function lacking() {
  const needs = {
    "module workers": typeof Worker !== "undefined" && "noModule" in HTMLScriptElement.prototype,
    OffscreenCanvas: typeof OffscreenCanvas !== "undefined",
    DecompressionStream: typeof DecompressionStream !== "undefined",
    "WebAssembly with SIMD": typeof WebAssembly === "object" && WebAssembly.validate(new Uint8Array(VECTORS)),
  };
  const missing = Object.keys(needs).filter((name) => !needs[name]);
  if (!missing.length) return "";
  return `This browser cannot compute the pictures itself: it lacks ${missing.join(" and ")}. A current Firefox, Chrome, Edge or Safari can.`;
}

// Keeps what has been fetched, so that the pages work without a connection afterwards.
navigator.serviceWorker?.register("offline.js").catch(() => {}); // private windows may refuse
