// One of two ways to have a photo enhanced, see page.js: a server does it. One request a result, with
// patience where it is busy.
"use strict";

const PHOTOS = document.body.dataset.photos; // the address of a kept photo, with TOKEN for its name
const PATIENCE = 5; // how often a busy server is asked again
const LONGEST_WAIT = 90; // seconds: told to come back later than that, the visitor decides
const SLOW = 3000; // milliseconds that the rest of a file takes to arrive, if the line is slow

// Ask for a result of a photo. Throws a Problem that says why there is none.
async function ask(it, options, signal) {
  await haveFile(it);
  for (let tries = 0; ; tries++) {
    if (signal.aborted) throw new DOMException("given up", "AbortError");
    tell(it, it.token ? "enhancing" : "sending");
    const answer = await send(it, options, signal);
    if (answer.status === 200) {
      it.token = answer.getResponseHeader("Photo-Token") || it.token;
      const total = /total;dur=([\d.]+)/.exec(answer.getResponseHeader("Server-Timing") ?? "");
      const name = nameIn(answer.getResponseHeader("Content-Disposition")) || it.name;
      const seconds = total ? total[1] / 1000 : null;
      const size = answer.getResponseHeader("Photo-Size");
      return { blob: answer.response, name, seconds, size };
    }
    if (answer.status === 410 && it.token) {
      it.token = ""; // forgotten in the meantime: send it again
      continue;
    }
    const wait = Number(answer.getResponseHeader("Retry-After"));
    if (wait && wait <= LONGEST_WAIT && tries < PATIENCE) await pause(it, wait, signal);
    else throw await problemOf(it, answer);
  }
}

// The photo that is looked at is kept, so that sliders need not send it again; the others are not.
function formOf(it, options) {
  const form = new FormData();
  for (const [name, value] of Object.entries(options)) form.append(name, value);
  if (it.token) {
    form.append("token", it.token);
    form.append("name", it.name);
  } else {
    if (it === wanted) form.append("keep", "1");
    form.append("photo", it.file, it.name);
  }
  return form;
}

// XMLHttpRequest, since fetch does not tell how much of an upload has been sent.
function send(it, options, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", $("work").getAttribute("action"));
    request.responseType = "blob";
    request.upload.onprogress = (event) => {
      if (event.lengthComputable && !it.token) tell(it, "sending", event.loaded / event.total);
    };
    request.upload.onload = () => tell(it, "enhancing");
    let began = null;
    let previewed = false;
    request.onprogress = (event) => {
      if (request.status !== 200) return;
      const share = event.lengthComputable ? event.loaded / event.total : null;
      tell(it, "receiving", share);
      began ??= performance.now();
      const passed = performance.now() - began;
      if (previewed || passed < SLOW / 4 || !share || (passed * (1 - share)) / share < SLOW) return;
      previewed = true;
      preview(it, request.getResponseHeader("Photo-Token") || it.token, options, signal);
    };
    request.onload = () => resolve(request);
    request.onerror = () => reject(new Problem(t("unreachable"), { again: true }));
    request.onabort = () => reject(new DOMException("given up", "AbortError"));
    signal.addEventListener("abort", () => request.abort());
    request.send(formOf(it, options));
  });
}

// The same result as small as the stage; the file at full size goes on arriving meanwhile.
async function preview(it, token, options, signal) {
  if (!token || it !== wanted) return;
  const side = Math.ceil(Math.max(stage.clientWidth, stage.clientHeight) * devicePixelRatio);
  const form = formOf({ token, name: it.name }, { ...options, format: "webp", "max-side": Math.min(side, 1600) });
  try {
    const answer = await fetch($("work").getAttribute("action"), { method: "POST", body: form, signal });
    if (answer.ok) await showPreview(it, await answer.blob());
  } catch {
    // then there is none: the file itself comes
  }
}

async function problemOf(it, answer) {
  const { status } = answer;
  const helps = { shrink: [413, 415].includes(status), again: [408, 429].includes(status) || status >= 500 };
  const what = WORDS[`status.${status}`];
  try {
    const { detail } = JSON.parse(await answer.response.text());
    const capital = detail.startsWith(it.name) ? detail : detail[0].toUpperCase() + detail.slice(1);
    return new Problem(t("problem", { what, detail: capital }), helps);
  } catch {
    return new Problem(what ?? t("problem.bare", { status }), helps);
  }
}

function nameIn(disposition) {
  const found = /filename\*=UTF-8''([^;]+)/.exec(disposition ?? "");
  return found ? decodeURIComponent(found[1]) : "";
}

// Let the server forget a photo at once; it would do so by itself some minutes later.
function forget(it) {
  if (it.token) fetch(PHOTOS.replace("TOKEN", it.token), { method: "DELETE", keepalive: true });
  it.token = "";
}

async function pause(it, seconds, signal) {
  for (let left = Math.ceil(seconds); left > 0 && !signal.aborted; left--) {
    tell(it, "busy", null, t("retry", { seconds: left }));
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}
