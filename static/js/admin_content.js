// Content pages beyond links and forms: a preview that follows what is typed.
(() => {
  const form = document.querySelector("[data-live-preview]");
  const button = form && form.querySelector("[data-preview]");
  if (!button) return;
  let waiting;
  const show = () => form.reportValidity && form.checkValidity() && form.requestSubmit(button);
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(show, 600);
  });
})();
