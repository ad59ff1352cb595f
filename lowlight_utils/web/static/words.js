// The page's words in its language; ../translations has a file for each.
"use strict";

const LANGUAGE = document.documentElement.lang;
const WORDS = JSON.parse(document.getElementById("words").textContent);
// In Arabic a file's name would turn the sentence around it, without these two marks.
const [OPEN, CLOSE] = document.documentElement.dir === "rtl" ? ["\u2068", "\u2069"] : ["", ""];

// A sentence, with its {names} replaced.
function t(key, values = {}) {
  return WORDS[key].replace(/\{(\w+)\}/g, (_, name) => OPEN + values[name] + CLOSE);
}

function digits(number, after) {
  return number.toLocaleString(LANGUAGE, { minimumFractionDigits: after, maximumFractionDigits: after });
}

const megabytes = (bytes) => t("megabytes", { number: digits(bytes / 2 ** 20, bytes < 2 ** 20 ? 2 : 0) });
