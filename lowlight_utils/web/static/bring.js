// Ways to bring photos: the examples; and to choose, take, drop or paste one or many.
"use strict";

const firstExample = () => document.querySelector("[data-example]").dataset.example;
const exampleButton = (name) => document.querySelector(`[data-example="${name}"]`);
const exampleText = (name) => exampleButton(name).dataset.what;

async function exampleFile(name) {
  const answer = await fetch(exampleButton(name).dataset.photo).catch(() => null);
  if (!answer?.ok) throw new Problem(t("unreachable"), { again: true });
  return new File([await answer.blob()], `${name}.png`, { type: "image/png" });
}

// The example that the page opens with has been shown without asking for it.
async function haveFile(it) {
  it.file ??= await exampleFile(it.example);
  if (it.example) it.name = it.file.name;
}

function markExample() {
  for (const button of document.querySelectorAll("[data-example]")) {
    if (button.dataset.example === wanted.example) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
  }
}

for (const button of document.querySelectorAll("[data-example]")) {
  button.addEventListener("click", () => {
    complain(null);
    want(newPhoto(null, button.dataset.example));
  });
}

// --- Four ways to bring photos: choose, take, drop, paste ----------------------------------------

$("file").multiple = true; // without a script the form sends one
for (const id of ["file", "camera"]) {
  $(id).addEventListener("change", (event) => {
    const files = [...event.target.files];
    event.target.value = ""; // so that the same file can be chosen again
    if (files.length) bring(files);
  });
}

const carriesFile = (event) => [...event.dataTransfer.types].includes("Files");
let depth = 0; // entering a child fires before leaving its parent
addEventListener("dragenter", (event) => {
  if (!carriesFile(event)) return;
  depth++;
  $("drop").hidden = false;
});
addEventListener("dragleave", (event) => {
  if (carriesFile(event) && --depth <= 0) $("drop").hidden = true;
});
addEventListener("dragover", (event) => {
  if (carriesFile(event)) event.preventDefault();
});
addEventListener("drop", (event) => {
  if (!carriesFile(event)) return;
  event.preventDefault();
  depth = 0;
  $("drop").hidden = true;
  const files = [...event.dataTransfer.files];
  if (files.length) bring(files);
});
addEventListener("paste", (event) => {
  const files = [...event.clipboardData.files].filter((each) => each.type.startsWith("image/"));
  if (files.length) bring(files);
});
