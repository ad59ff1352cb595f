// Ways to bring a photo: the examples; and to choose, take, drop or paste one.
"use strict";

function firstExample() {
  return document.querySelector("[data-example]").dataset.example;
}

function exampleText(name) {
  const button = document.querySelector(`[data-example="${name}"]`);
  return button.getAttribute("aria-label").replace("Example: ", "");
}

async function exampleFile(name) {
  const button = document.querySelector(`[data-example="${name}"]`);
  const answer = await fetch(button.dataset.photo);
  return new File([await answer.blob()], `${name}.png`, { type: "image/png" });
}

// The example that the page opens with has been shown without asking for it.
async function haveFile() {
  const mine = photo;
  if (!mine.file) mine.file = await exampleFile(mine.example);
  mine.name = mine.name || mine.file.name;
}

function markExample() {
  for (const button of document.querySelectorAll("[data-example]")) {
    if (button.dataset.example === photo.example) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
  }
}

for (const button of document.querySelectorAll("[data-example]")) {
  button.addEventListener("click", async () => {
    open(await exampleFile(button.dataset.example), { example: button.dataset.example });
  });
}

// --- Four ways to bring a photo: choose, take, drop, paste -------------------------------------

for (const id of ["file", "camera"]) {
  $(id).addEventListener("change", (event) => {
    if (event.target.files.length) open(event.target.files[0]);
    event.target.value = ""; // so that the same file can be chosen again
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
  if (event.dataTransfer.files.length) open(event.dataTransfer.files[0]);
});
addEventListener("paste", (event) => {
  const file = [...event.clipboardData.files].find((each) => each.type.startsWith("image/"));
  if (file) open(file);
});

