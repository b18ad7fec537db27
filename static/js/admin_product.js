// The product editor beyond its form: pictures are dragged, what is earned and the search result follow what is typed.
(() => {
  const editor = document.querySelector("[data-editor]");
  if (!editor) return;
  const at = (name) => document.getElementById(`f-${name}`);

  const list = editor.querySelector(".pictures-editor");
  if (list && list.querySelector("[data-move]")) {
    const number = () => {
      const rows = [...list.children];
      rows.forEach((row, i) => {
        row.querySelector(".place input").value = i + 1;
        row.querySelector('[data-move="-1"]').disabled = i === 0;
        row.querySelector('[data-move="1"]').disabled = i === rows.length - 1;
      });
      rows[0].querySelector(".place input").dispatchEvent(new Event("change", { bubbles: true }));
    };
    list.addEventListener("click", (event) => {
      const button = event.target.closest("[data-move]");
      if (!button) return;
      event.preventDefault();
      const row = button.closest("li");
      if (button.dataset.move === "-1") row.previousElementSibling?.before(row);
      else row.nextElementSibling?.after(row);
      number();
      (button.disabled ? row.querySelector("[data-move]:not([disabled])") : button)?.focus();
    });
    let held = null;
    [...list.children].forEach((row) => {
      row.querySelector(".thumb").draggable = true;
      row.classList.add("can-drag");
    });
    list.addEventListener("dragstart", (event) => {
      held = event.target.closest("li");
      event.dataTransfer.effectAllowed = "move";
      held.classList.add("dragged");
    });
    list.addEventListener("dragover", (event) => {
      const over = event.target.closest("li");
      if (!held || !over) return;
      event.preventDefault();
      if (over === held) return;
      const box = over.getBoundingClientRect();
      over[event.clientY < box.top + box.height / 2 ? "before" : "after"](held);
    });
    list.addEventListener("dragend", () => {
      held?.classList.remove("dragged");
      held = null;
      number();
    });
  }

  const amount = (text) => parseFloat(text.replace(/[^0-9.,]/g, "").replace(",", "."));
  editor.querySelectorAll("[data-earned]").forEach((cell) => {
    const field = document.getElementById(cell.dataset.price);
    const start = field.value;
    const first = [...cell.childNodes];
    const places = (start.split(".")[1] || "").length;
    field.addEventListener("input", () => {
      const price = amount(field.value);
      if (field.value === start || !price) {
        cell.replaceChildren(...first);
        return;
      }
      const earned = price - Number(cell.dataset.earned) / 10 ** places;
      const said = document.createElement("span");
      said.className = earned < 0 ? "late" : "";
      const percent = document.createElement("span");
      percent.className = "block";
      percent.textContent = `${Math.round((100 * earned) / price)} %${earned < 0 ? " loss" : ""}`;
      said.append(`${earned < 0 ? "−" : ""}${Math.abs(earned).toFixed(places)} `, percent);
      cell.replaceChildren(said);
    });
  });

  const seo = editor.querySelector("[data-seo]");
  const cut = (text, most) => (text.length <= most ? text : `${text.slice(0, most - 1).trimEnd()}…`);
  const url = seo.querySelector("[data-seo-url]");
  const folder = url.textContent.replace(/[^/]*$/, "");
  editor.addEventListener("input", (event) => {
    if (!/^f-(title|description_html|seo_title|seo_description|slug)$/.test(event.target.id)) return;
    const page = new DOMParser().parseFromString(at("description_html").value.replace(/</g, " <"), "text/html");
    const words = page.body.textContent.replace(/\s+/g, " ").trim();
    seo.querySelector("[data-seo-title]").textContent = cut(at("seo_title").value || at("title").value, 60);
    seo.querySelector("[data-seo-text]").textContent = cut(at("seo_description").value || words, 155) || "No description.";
    url.textContent = folder + at("slug").value;
  });
})();
