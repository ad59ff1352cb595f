// Ways to take the photos home: download, all in one ZIP, share, copy. What the stage shows is a blend
// made here; what is saved is made anew, at full size.
"use strict";

// A photo as its settings and the chosen format have it.
async function fileOf(it) {
  const strength = it.settings.strength / 100;
  const format = $("format").value;
  const key = JSON.stringify([it.settings, format]);
  if (it.made?.key === key) return it.made;
  await it.making;
  const { signal } = (it.stop = new AbortController());
  try {
    await check(it);
    const plain = strength === 1 && !format;
    const made = plain ? await resultOf(it, signal) : await ask(it, { ...optionsOf(it.settings), strength, format }, signal);
    it.made = { ...made, key };
    return it.made;
  } finally {
    tell(it, "done");
  }
}

function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  say(t("saved", { name, size: megabytes(blob.size) }));
}

const noted = (it) => JSON.stringify(it.settings);
const isUnsaved = (it) => it.state !== "refused" && it.saved !== noted(it);

addEventListener("beforeunload", (event) => {
  if (photos.some(isUnsaved)) event.preventDefault(); // the browser asks
});

// Do something with the file of the photo on the stage; say so if that cannot be.
async function withFile(use) {
  const it = shown;
  complain(null);
  try {
    await use(await fileOf(it), it);
  } catch (problem) {
    if (problem.name !== "AbortError") complain(problem, it);
  }
}

$("download").addEventListener("click", () =>
  withFile(({ blob, name }, it) => {
    save(blob, name);
    it.saved = noted(it);
  }),
);

$("zip").addEventListener("click", async () => {
  complain(null);
  const files = [];
  const taken = photos.filter((each) => each.state === "done");
  for (const it of taken) {
    say(t("packing", { number: files.length + 1, all: taken.length }));
    try {
      const { name, blob } = await fileOf(it);
      files.push({ name: nameBeside(name, files), blob });
    } catch (problem) {
      if (problem.name !== "AbortError") complain(problem, it);
      return;
    }
  }
  const packed = await zip(files);
  if (!packed) return complain(new Problem(t("zip.large")));
  save(packed, t("zip.name"));
  for (const it of taken) it.saved = noted(it);
});

// Two photos of one name: "walk.jpg" and "walk (2).jpg".
function nameBeside(name, files) {
  const [, stem, suffix] = /^(.*?)(\.[^.]*)?$/.exec(name);
  let free = name;
  for (let number = 2; files.some((each) => each.name === free); number++) free = `${stem} (${number})${suffix ?? ""}`;
  return free;
}

// --- Share and copy, where the browser can -----------------------------------------------------------

$("share").hidden = !navigator.canShare?.({ files: [new File([], "a.jpg", { type: "image/jpeg" })] });
$("share").addEventListener("click", () =>
  withFile(async ({ blob, name }, it) => {
    try {
      await navigator.share({ files: [new File([blob], name, { type: blob.type })] });
      it.saved = noted(it);
    } catch (error) {
      if (error.name === "AbortError") return; // the visitor thought better of it
      // Making the file may have taken longer than browsers remember the press of a button.
      if (error.name === "NotAllowedError") say(t("share.again"));
      else throw new Problem(t("share.failed"));
    }
  }),
);

$("copy").hidden = !(navigator.clipboard?.write && window.ClipboardItem);
$("copy").addEventListener("click", async () => {
  complain(null);
  try {
    await navigator.clipboard.write([new ClipboardItem({ "image/png": blended() })]);
    say(t("copied"));
  } catch {
    complain(new Problem(t("copy.failed")));
  }
});

// What the stage shows, as PNG: the one kind of picture that every clipboard takes.
function blended() {
  const { naturalWidth: width, naturalHeight: height } = $("after");
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = canvas.getContext("2d");
  const strength = shown.settings.strength / 100;
  context.globalAlpha = 1 - strength;
  context.drawImage($("base"), 0, 0, width, height);
  context.globalCompositeOperation = "lighter";
  context.globalAlpha = strength;
  context.drawImage($("after"), 0, 0, width, height);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}
