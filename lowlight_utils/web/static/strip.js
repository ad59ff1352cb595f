// The strip: an entry for each photo that the visitor brought, with its state; a click shows it.
"use strict";

const THUMB = 144; // pixels

function drawStrip() {
  $("strip").hidden = photos.length < 2;
  photos.forEach(entryOf);
  const done = photos.filter((each) => each.state === "done").length;
  $("strip-count").textContent = t("strip.count", { done, all: photos.length });
  for (const it of photos) {
    const button = entryOf(it).querySelector(".entry");
    if (it === shown) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
  }
  const refused = photos.filter((each) => each.state === "refused").length;
  $("zip").hidden = photos.length - refused < 2;
  $("zip").disabled = done + refused < photos.length;
  $("same").hidden = photos.length < 2 || Boolean(shown.example);
}

function entryOf(it) {
  if (!it.entry) {
    it.entry = $("entry").content.firstElementChild.cloneNode(true);
    it.entry.querySelector(".name").textContent = it.name;
    it.entry.querySelector(".entry").addEventListener("click", () => want(it));
    it.entry.querySelector(".remove").addEventListener("click", () => remove(it));
    it.entry.querySelector(".remove").setAttribute("aria-label", t("strip.remove", { name: it.name }));
    $("entries").append(it.entry); // and it stays: who has come to it by Tab is not to lose it
    drawEntry(it);
    drawThumb(it, it.file);
  }
  return it.entry;
}

// Say in its entry how far a photo is.
function drawEntry(it, share = null, text = t(`state.${it.state}`)) {
  if (!it.entry) return;
  const [state, progress] = [".state", "progress"].map((each) => it.entry.querySelector(each));
  it.entry.dataset.state = it.state;
  state.textContent = it.state === "refused" ? it.problem.message.replace(`${it.name}: `, "") : text;
  progress.hidden = share === null;
  if (share !== null) progress.value = share;
  if (it.state === "done" && it.result) drawThumb(it, it.result.blob);
  if (["done", "refused"].includes(it.state)) drawStrip();
}

// A small picture, cut square; of what this browser cannot read there is none.
async function drawThumb(it, blob) {
  if (it.thumb === blob) return;
  it.thumb = blob;
  const picture = await createImageBitmap(blob, { resizeHeight: THUMB }).catch(() => null);
  if (!picture || it.thumb !== blob) return;
  const scale = Math.max(1, THUMB / picture.width);
  const [width, height] = [picture.width * scale, picture.height * scale];
  const context = it.entry.querySelector("canvas").getContext("2d");
  context.drawImage(picture, (THUMB - width) / 2, (THUMB - height) / 2, width, height);
  picture.close();
}
