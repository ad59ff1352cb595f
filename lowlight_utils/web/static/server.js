// One of two ways to have a photo enhanced, see page.js: a server does it. One request a result, with
// patience where it is busy.
"use strict";

const PHOTOS = document.body.dataset.photos; // the address of a kept photo, with TOKEN for its name
const PATIENCE = 5; // how often a busy server is asked again
const LONGEST_WAIT = 90; // seconds: told to come back later than that, the visitor decides

let request = null; // the request under way, so that it can be given up

// Ask for a result of the photo. Null if there is none; the page then says why.
async function ask(options) {
  const [mine, myTurn] = [photo, turn];
  await haveFile();
  for (let tries = 0; ; tries++) {
    if (myTurn !== turn) return null;
    const form = new FormData();
    for (const [name, value] of Object.entries(options)) form.append(name, value);
    if (mine.token) {
      form.append("token", mine.token);
      form.append("name", mine.name);
    } else {
      form.append("keep", "1");
      form.append("photo", mine.file, mine.name);
    }
    busy(mine.token ? "Enhancing" : "Sending");
    let answer;
    try {
      answer = await send(form);
    } catch (error) {
      if (error.message !== "given up") complain("The server cannot be reached. Try again.");
      return null;
    } finally {
      busy("");
    }
    if (answer.status === 200) {
      mine.token = answer.getResponseHeader("Photo-Token") || mine.token;
      const total = /total;dur=([\d.]+)/.exec(answer.getResponseHeader("Server-Timing") ?? "");
      const name = nameIn(answer.getResponseHeader("Content-Disposition")) || mine.name;
      const seconds = total ? total[1] / 1000 : null;
      const size = answer.getResponseHeader("Photo-Size");
      return { blob: answer.response, name, seconds, size };
    }
    if (answer.status === 410 && mine.token) {
      mine.token = ""; // forgotten in the meantime: send it again
      continue;
    }
    const wait = Number(answer.getResponseHeader("Retry-After"));
    if (wait && wait <= LONGEST_WAIT && tries < PATIENCE) {
      await pause(wait, myTurn);
      continue;
    }
    if (myTurn !== turn) return null;
    // What is too large or of another format, the browser may help with.
    complain(await explanation(answer), [413, 415].includes(answer.status) && mine.file);
    return null;
  }
}

// XMLHttpRequest, since fetch does not tell how much of an upload has been sent.
function send(form) {
  return new Promise((resolve, reject) => {
    const mine = new XMLHttpRequest();
    mine.open("POST", $("work").getAttribute("action"));
    mine.responseType = "blob";
    mine.upload.onprogress = (event) => {
      if (event.lengthComputable && request === mine) progress(event.loaded / event.total, "Sending");
    };
    mine.upload.onload = () => request === mine && busy("Enhancing");
    mine.onprogress = (event) => {
      if (mine.status !== 200 || request !== mine) return;
      if (event.lengthComputable) progress(event.loaded / event.total, "Receiving");
      else $("stage-text").textContent = "Receiving";
    };
    mine.onload = () => resolve(mine);
    mine.onerror = () => reject(new Error("unreachable"));
    mine.onabort = () => reject(new Error("given up"));
    request = mine;
    mine.send(form);
  });
}

async function explanation(answer) {
  try {
    const { detail } = JSON.parse(await answer.response.text());
    if (detail.startsWith(photo.name)) return `${detail}.`;
    return `${detail[0].toUpperCase()}${detail.slice(1)}.`;
  } catch {
    return `The server answered ${answer.status}. Try again, or another photo.`;
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

function abort() {
  request?.abort();
  request = null;
}

async function pause(seconds, myTurn) {
  for (let left = Math.ceil(seconds); left > 0 && myTurn === turn; left--) {
    busy(`The server is busy: trying again in ${left} s`);
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  busy("");
}

