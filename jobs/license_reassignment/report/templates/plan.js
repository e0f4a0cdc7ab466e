"use strict";
// The search over the users of a plan: it hides the names that do not have every word, and opens the folds while it is
// used. A row of the table of remarks stays while one of its own users does.
for (const field of document.querySelectorAll(".find")) {
  const part = field.closest("section");
  const input = field.querySelector("input");
  const names = [...part.querySelectorAll(".people tbody tr, .names li")];
  const texts = names.map((name) => name.textContent.toLocaleLowerCase());
  input.addEventListener("input", () => {
    const words = input.value.toLocaleLowerCase().split(/\s+/).filter(Boolean);
    names.forEach((name, at) => { name.hidden = !words.every((word) => texts[at].includes(word)); });
    for (const row of part.querySelectorAll(".remarks tbody tr")) row.hidden = !row.querySelector(".names li:not([hidden])");
    for (const fold of part.querySelectorAll("details")) fold.open = words.length > 0;
  });
  field.hidden = false;
}
