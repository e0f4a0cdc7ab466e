"use strict";
// The search over the users of a plan: it hides the rows that do not have every word, and opens the fold while it is used.
(() => {
  const field = document.getElementById("people-find");
  if (!field) return;
  const input = document.getElementById("people-q");
  const rows = [...document.querySelectorAll("#people tbody tr")];
  const texts = rows.map((row) => row.textContent.toLocaleLowerCase());
  input.addEventListener("input", () => {
    const words = input.value.toLocaleLowerCase().split(/\s+/).filter(Boolean);
    rows.forEach((row, at) => { row.hidden = !words.every((word) => texts[at].includes(word)); });
    for (const fold of document.querySelectorAll("#people details")) fold.open = words.length > 0;
  });
  field.hidden = false;
})();
