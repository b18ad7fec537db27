// The admin beyond links and forms: busy buttons, toasts, chosen rows, keys, unsaved changes.
(() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const words = document.body.dataset;

  function toast(text) {
    const box = document.createElement("div");
    box.className = "toast";
    const said = document.createElement("span");
    said.textContent = text;
    const close = document.createElement("button");
    close.type = "button";
    close.dataset.dismiss = "";
    close.setAttribute("aria-label", words.dismissLabel || "Dismiss");
    close.textContent = "×";
    box.append(said, close);
    $("#toasts").append(box);
    setTimeout(() => box.remove(), 8000);
  }

  function busy(form, on) {
    form.toggleAttribute("data-sending", on);
    $$("button:not([type=button])", form)
      .concat(form.id ? $$(`button[form="${form.id}"]`) : [])
      .forEach((b) => (on ? b.setAttribute("aria-busy", "true") : b.removeAttribute("aria-busy")));
  }
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.submitter && event.submitter.formTarget) return; // a preview in a frame: this page stays
    if (form.hasAttribute("data-sending")) {
      event.preventDefault();
      event.stopImmediatePropagation();
    } else if (form.method === "post") {
      form.removeAttribute("data-dirty");
      busy(form, true);
    }
  }, true);
  addEventListener("pageshow", () => $$("form[data-sending]").forEach((form) => busy(form, false)));
  document.addEventListener("htmx:afterRequest", (event) => {
    const form = event.detail.elt.closest && event.detail.elt.closest("form");
    if (form) busy(form, false);
  });
  ["htmx:responseError", "htmx:sendError", "htmx:timeout"].forEach((name) =>
    document.addEventListener(name, () => toast(words.offline)));

  document.addEventListener("click", (event) => {
    const el = event.target.closest("[data-dismiss],[data-close],[data-open],[data-copy]");
    if (event.target.tagName === "DIALOG") event.target.close();
    if (!el) return;
    if ("dismiss" in el.dataset) el.closest(".toast").remove();
    if ("close" in el.dataset) el.closest("dialog").close();
    if (el.dataset.open) $(el.dataset.open).showModal();
    if (el.dataset.copy) navigator.clipboard.writeText(el.dataset.copy);
  });

  // Index pages: [data-rows] holds the table, [data-pick] the boxes, [data-bulk] the bar, [data-picked] its count.
  function countPicked() {
    $$("[data-rows]").forEach((index) => {
      const boxes = $$("[data-pick]", index);
      const picked = boxes.filter((b) => b.checked);
      boxes.forEach((b) => b.closest("tr").setAttribute("aria-selected", b.checked));
      const all = $("[data-pick-all]", index);
      if (all) {
        all.checked = boxes.length > 0 && picked.length === boxes.length;
        all.indeterminate = picked.length > 0 && picked.length < boxes.length;
      }
      const bar = $("[data-bulk]", index) || $("[data-bulk]");
      if (bar) {
        bar.hidden = picked.length === 0;
        $("[data-picked]", bar).textContent = picked.length;
      }
    });
  }
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-pick-all]")) {
      $$("[data-pick]", event.target.closest("[data-rows]")).forEach((b) => (b.checked = event.target.checked));
    }
    if (event.target.matches("[data-pick],[data-pick-all]")) countPicked();
    if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
    const form = event.target.form;
    if (form && form.hasAttribute("data-watch")) {
      form.setAttribute("data-dirty", "");
      $$("[data-save-bar]", form).forEach((bar) => (bar.hidden = false));
    }
  });
  addEventListener("beforeunload", (event) => $("form[data-dirty]") && event.preventDefault());

  // Ctrl-K opens the palette over every page; arrows walk its hits, Enter opens the chosen one or the first.
  const palette = $("#palette");
  function openPalette() {
    if (palette.open) return;
    palette.showModal();
    $("#palette-q").select();
    palette.dispatchEvent(new Event("open"));
  }
  if (palette) {
    document.addEventListener("keydown", (event) => {
      if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k") {
        event.preventDefault();
        openPalette();
      }
    });
    $$("[data-palette]").forEach((link) => link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      if (link.closest("[popover]:popover-open")) link.closest("[popover]").hidePopover();
      openPalette();
    }));
    // Enter opens the first hit of what was typed, and waits for it where the answer is still on its way.
    let enter = false;
    function openFirst() {
      const answered = $("[data-for]", palette);
      if (!enter || !answered || answered.dataset.for !== $("#palette-q").value.trim()) return;
      enter = false;
      $("[data-hit]", answered)?.click();
    }
    palette.addEventListener("htmx:afterSwap", openFirst);
    palette.addEventListener("input", () => (enter = false));
    palette.addEventListener("keydown", (event) => {
      const hits = $$("[data-hit]", palette);
      const at = hits.indexOf(document.activeElement);
      if (event.key === "Enter" && at < 0) {
        event.preventDefault();
        enter = true;
        openFirst();
      }
      if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
      event.preventDefault();
      const to = at + (event.key === "ArrowDown" ? 1 : -1);
      (to < 0 ? $("#palette-q") : hits[Math.min(to, hits.length - 1)])?.focus();
    });
  }

  // j and k walk the rows, x picks one, Enter opens it, / goes to the search.
  document.addEventListener("keydown", (event) => {
    if (event.target.closest("input,textarea,select,button,dialog") || event.ctrlKey || event.metaKey || event.altKey) return;
    const rows = $$("[data-rows] tbody tr");
    const at = rows.findIndex((r) => r.classList.contains("current"));
    const go = (n) => {
      rows.forEach((r, i) => r.classList.toggle("current", i === n));
      rows[n].scrollIntoView({ block: "nearest" });
    };
    if (event.key === "/" && $("[data-search]")) {
      event.preventDefault();
      $("[data-search]").focus();
    }
    if (!rows.length) return;
    if (event.key === "j") go(Math.min(at + 1, rows.length - 1));
    if (event.key === "k") go(Math.max(at - 1, 0));
    if (event.key === "x" && at >= 0) $("[data-pick]", rows[at])?.click();
    if (event.key === "Enter" && at >= 0 && event.target === document.body) $(".open", rows[at])?.click();
  });

  document.addEventListener("htmx:afterSwap", (event) => {
    countPicked();
    $("[data-focus]", event.detail.target)?.focus();
  });
  $("[data-focus]")?.focus();
  countPicked();
})();
