// The payment page's comforts: card spacing, live totals, one click is one payment. Everything works without it.
(() => {
  "use strict";
  const form = document.getElementById("form");
  if (!form) return;
  document.documentElement.classList.add("scripted");
  const byName = (name) => form.elements.namedItem(name);

  document.getElementById("problems")?.focus();

  const number = byName("card_number");
  number?.addEventListener("input", () => {
    const digits = number.value.replace(/\D/g, "").slice(0, 19);
    const groups = digits.startsWith("3")
      ? [digits.slice(0, 4), digits.slice(4, 10), digits.slice(10)]
      : digits.match(/.{1,4}/g) || [];
    number.value = groups.filter(Boolean).join(" ");
  });
  const expiry = byName("card_expiry");
  expiry?.addEventListener("input", (event) => {
    const digits = expiry.value.replace(/\D/g, "").slice(0, 4);
    const erasing = event.inputType === "deleteContentBackward";
    expiry.value = digits.length > 2 || (digits.length === 2 && !erasing) ? `${digits.slice(0, 2)} / ${digits.slice(2)}` : digits;
  });

  for (const button of form.querySelectorAll("[data-card]")) {
    button.addEventListener("click", (event) => {
      event.preventDefault();
      number.value = button.dataset.card;
      expiry.value = "12 / 34";
      byName("card_cvc").value = "123";
      const name = byName("card_name");
      if (!name.value) name.value = byName("ship_name")?.value || "Test Buyer";
      number.focus();
    });
  }

  let asked = 0;
  const quote = async () => {
    const turn = ++asked;
    const answer = await fetch(form.dataset.quote, { method: "POST", body: new URLSearchParams(new FormData(form)) }).catch(() => null);
    if (!answer || !answer.ok || turn !== asked) return;
    const facts = await answer.json();
    document.getElementById("totals").innerHTML = facts.totals;
    for (const place of document.querySelectorAll("h1 [data-total], .pay [data-total]")) place.textContent = facts.total;
    byName("shown_total").value = facts.amount;
  };
  form.addEventListener("change", (event) => {
    if (/^(shipping_option|ship_country|ship_state|bill_country|bill_state)$/.test(event.target.name)) quote();
  });
  // A page restored by the browser may hold other choices than the totals it shows.
  if (byName("shipping_option") || byName("ship_country")?.value) quote();

  let sent = false;
  form.addEventListener("submit", (event) => {
    if (event.submitter && event.submitter.value !== "pay") return;
    if (sent) {
      event.preventDefault();
      return;
    }
    sent = true;
    const button = form.querySelector(".pay");
    button.setAttribute("aria-busy", "true");
    button.firstElementChild.textContent = button.dataset.busy;
  });
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) window.location.reload();
  });
})();
