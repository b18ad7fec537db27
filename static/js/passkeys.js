// Passkeys. A form with data-passkey="create" or "get" is shown where the browser knows them; its button asks the server
// what is to be signed (data-question), the browser for the signature, and sends that with the form.
(() => {
  "use strict";
  const forms = document.querySelectorAll("form[data-passkey]");
  if (!forms.length || !window.PublicKeyCredential || !navigator.credentials) return;

  function bytes(text) {
    const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(plain, (sign) => sign.charCodeAt(0));
  }
  function text(buffer) {
    const plain = String.fromCharCode(...new Uint8Array(buffer));
    return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  }
  function understood(question) {
    question.challenge = bytes(question.challenge);
    if (question.user) question.user.id = bytes(question.user.id);
    for (const name of ["excludeCredentials", "allowCredentials"]) {
      (question[name] || []).forEach((key) => (key.id = bytes(key.id)));
    }
    return question;
  }
  function written(key) {
    const response = {};
    for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (key.response[name]) response[name] = text(key.response[name]);
    }
    return JSON.stringify({ id: key.id, rawId: text(key.rawId), type: key.type, response, clientExtensionResults: {} });
  }

  async function sign(form) {
    const body = new URLSearchParams({ csrf_token: form.elements.csrf_token.value });
    const answer = await fetch(form.dataset.question, { method: "POST", body, headers: { Accept: "application/json" } });
    const question = await answer.json();
    if (!answer.ok) throw new Error(question.said);
    const key = await navigator.credentials[form.dataset.passkey]({ publicKey: understood(question) });
    form.elements.answer.value = written(key);
  }

  forms.forEach((form) => {
    const said = form.querySelector("[data-passkey-said]");
    const button = form.querySelector("button");
    form.hidden = false;
    const without = document.querySelector("[data-without-passkeys]");
    if (without) without.hidden = true;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      said.textContent = "";
      button.disabled = true;
      sign(form)
        .then(() => form.submit())
        .catch((error) => {
          const ours = error.constructor === Error && error.message;
          said.textContent = ours || (error.name === "InvalidStateError" ? form.dataset.known : form.dataset.stopped);
          button.disabled = false;
        });
    });
  });
})();
