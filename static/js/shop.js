// What the shop does beyond links and forms. Every page works without this file.
(() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const words = document.body.dataset;
  const smooth = matchMedia("(prefers-reduced-motion: reduce)").matches ? "instant" : "smooth";

  // Pages are the same for every visitor, so the cart's count comes from a cookie.
  function showCartCount() {
    const n = parseInt((document.cookie.match(/(?:^|; )cart_count=(\d+)/) || [])[1] || "0", 10);
    $$("[data-cart-count]").forEach((el) => {
      el.textContent = n > 99 ? "99+" : n;
      el.hidden = n === 0;
      const link = el.closest("[data-cart-label]");
      if (link && n) link.setAttribute("aria-label", link.dataset.cartLabel.replace("{n}", n));
    });
  }

  function toast(text) {
    const box = document.createElement("div");
    box.className = "toast";
    const said = document.createElement("span");
    said.textContent = text;
    const close = document.createElement("button");
    close.type = "button";
    close.dataset.dismiss = "";
    close.setAttribute("aria-label", words.dismissLabel);
    close.textContent = "×";
    box.append(said, close);
    $("#toasts").append(box);
    setTimeout(() => box.remove(), 8000);
  }

  // A second click on the same button sends nothing.
  function busy(form, on) {
    form.toggleAttribute("data-sending", on);
    $$("button:not([type=button])", form)
      .concat(form.id ? $$(`button[form="${form.id}"]`) : [])
      .forEach((b) => (on ? b.setAttribute("aria-busy", "true") : b.removeAttribute("aria-busy")));
  }
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.hasAttribute("data-sending")) {
      event.preventDefault();
      event.stopImmediatePropagation();
    } else if (form.method === "post") busy(form, true);
  }, true);
  addEventListener("pageshow", () => {
    $$("form[data-sending]").forEach((form) => busy(form, false));
    showCartCount();
  });

  document.addEventListener("click", (event) => {
    const el = event.target.closest("[data-dismiss],[data-step],[data-close],[data-zoom],[data-thumb],[data-open]");
    if (!el) return;
    if ("dismiss" in el.dataset) el.closest(".toast").remove();
    if ("close" in el.dataset) el.closest("dialog").close();
    if (el.dataset.open) $(el.dataset.open).showModal();
    if (el.dataset.step) {
      const input = $("input", el.closest("[data-stepper]"));
      const before = input.value;
      el.dataset.step > 0 ? input.stepUp() : input.stepDown();
      if (input.value !== before) input.dispatchEvent(new Event("change", { bubbles: true }));
    }
    if ("thumb" in el.dataset) {
      event.preventDefault();
      showPicture($(el.getAttribute("href")));
    }
    if ("zoom" in el.dataset && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      const dialog = $("#zoom");
      $("img", dialog).src = el.href;
      $("img", dialog).alt = $("img", el).alt;
      dialog.showModal();
      const pan = $(".pan", dialog);
      pan.scrollLeft = (pan.scrollWidth - pan.clientWidth) / 2;
    }
  });
  // A click beside a dialog, on its backdrop, closes it.
  document.addEventListener("click", (event) => {
    if (event.target.tagName === "DIALOG") event.target.close();
  });

  // Gallery: a strip that scrolls by itself; thumbs and colours only move it.
  const strip = $("[data-gallery]");
  function showPicture(slide) {
    if (slide) strip.scrollTo({ left: slide.offsetLeft - strip.offsetLeft, behavior: smooth });
  }
  function markThumb() {
    const at = Math.round(strip.scrollLeft / strip.clientWidth);
    const seen = $$("[data-slide]", strip).filter((s) => !s.hidden)[at];
    $$("[data-thumb]").forEach((t) => t.setAttribute("aria-current", Boolean(seen) && t.hash === "#" + seen.id));
  }
  if (strip) strip.addEventListener("scroll", () => requestAnimationFrame(markThumb), { passive: true });

  // Options: mark what cannot be had together, keep price, picture and button in step.
  const form = $("[data-product]");
  if (form) {
    const variants = JSON.parse($("#variants").textContent);
    const has = (v, id) => v.options.some((o) => String(o) === id);
    const picked = () => $$("input[data-value]:checked", form);
    const button = $("[data-buy]");
    function follow(changed) {
      const chosen = picked();
      $$("input[data-value]", form).forEach((input) => {
        const others = chosen.filter((c) => c.name !== input.name).map((c) => c.dataset.value);
        const can = variants.some((v) => v.available && has(v, input.dataset.value) && others.every((o) => has(v, o)));
        input.closest("label").classList.toggle("out", !can);
      });
      chosen.forEach((c) => {
        const name = $(`[data-chosen="${c.name}"]`);
        if (name) name.textContent = c.dataset.title;
      });
      const complete = chosen.length === $$("[data-option]", form).length;
      const variant = complete && variants.find((v) => chosen.every((c) => has(v, c.dataset.value)));
      $("[name=variant]", form).value = variant ? variant.id : "";
      const gone = complete && !(variant && variant.available);
      if (variants.some((v) => v.available)) {
        button.disabled = gone;
        $("[data-buy-word]").textContent = gone ? button.dataset.gone : button.dataset.add;
      }
      if (variant) {
        $$("[data-price]").forEach((el) => (el.textContent = variant.price_text));
        $$("[data-was]").forEach((el) => {
          el.hidden = !variant.compare_text;
          $("[data-was-text]", el).textContent = variant[el.dataset.was || "compare_text"] || "";
        });
        if (changed) history.replaceState(history.state, "", "?variant=" + variant.id);
      }
      const colour = chosen.find((c) => c.dataset.kind === "color");
      if (strip && colour && (!changed || changed === colour)) {
        const fits = (el) => !el.dataset.colours || el.dataset.colours.split(" ").includes(colour.dataset.value);
        if ($$("[data-slide]", strip).some(fits)) {
          $$("[data-slide],[data-thumb]").forEach((el) => (el.hidden = !fits(el)));
        }
        strip.scrollTo({ left: 0, behavior: "instant" });
        if (variant && variant.image != null && changed) showPicture($("#picture-" + variant.image + ":not([hidden])"));
        markThumb();
      }
    }
    form.addEventListener("change", (event) => event.target.dataset.value && follow(event.target));
    follow(null);
  }

  // Filters: at once beside the grid; by the button in the phone's drawer.
  document.addEventListener("change", (event) => {
    const filters = event.target.form;
    if (!filters || !filters.hasAttribute("data-filters") || !window.htmx) return;
    if (!filters.closest(":popover-open")) window.htmx.trigger(filters, "filter");
  });
  document.addEventListener("htmx:configRequest", (event) => {
    const { formData, verb } = event.detail;
    const usual = $("#sort option")?.value;
    if (verb === "get") [...formData.entries()].forEach(([k, v]) => (v === "" || (k === "sort" && v === usual)) && formData.delete(k));
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    const el = event.detail.elt;
    const sender = el.closest ? el.closest("form") : null;
    if (sender) busy(sender, false);
    showCartCount();
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    const target = event.detail.target;
    if (target.id === "cart-drawer" && target.childElementCount && !target.open) target.showModal();
    const first = $("[data-focus]", target);
    if (first) first.focus();
  });
  ["htmx:responseError", "htmx:sendError", "htmx:timeout"].forEach((name) =>
    document.addEventListener(name, () => toast(words.offline)));

  if ($("#viewed") && /cart_count/.test(document.cookie)) addEventListener("load", () => htmx.trigger("#viewed", "seen"));
  const summary = $("[data-focus]");
  if (summary) summary.focus();
  showCartCount();
})();
