// Rich text over a plain field ([data-rich] names it): what is typed goes back into the field as HTML, and the server
// cleans it again. Without the editor's script the field stays as it is.
(() => {
  const KEPT = new Set("P BR STRONG B EM I U UL OL LI H2 H3 H4 BLOCKQUOTE TABLE THEAD TBODY TR TH TD SUP SUB HR".split(" "));
  const GONE = new Set("SCRIPT STYLE IFRAME OBJECT EMBED SVG MATH TEMPLATE NOSCRIPT TEXTAREA SELECT TITLE".split(" "));

  function clean(node, page) {
    [...node.childNodes].forEach((child) => {
      if (child.nodeType === Node.TEXT_NODE) return;
      if (child.nodeType !== Node.ELEMENT_NODE || GONE.has(child.tagName.toUpperCase())) {
        child.remove();
        return;
      }
      clean(child, page);
      if (KEPT.has(child.tagName)) {
        [...child.attributes].forEach((a) => /^(colspan|rowspan|scope)$/.test(a.name) || child.removeAttribute(a.name));
      } else if (child.tagName === "DIV") {
        const block = page.createElement("p");
        block.append(...child.childNodes);
        child.replaceWith(block);
      } else {
        child.replaceWith(...child.childNodes);
      }
    });
  }

  function harmless(html) {
    const page = new DOMParser().parseFromString(html, "text/html");
    clean(page.body, page);
    const fragment = document.createDocumentFragment();
    fragment.append(...page.body.childNodes);
    return fragment;
  }

  function tool(bar, name, shown, work) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "tool";
    button.textContent = shown;
    button.setAttribute("aria-label", name);
    button.addEventListener("mousedown", (event) => event.preventDefault());
    button.addEventListener("click", work);
    bar.append(button);
    return button;
  }

  function dress(place) {
    const field = document.getElementById(place.dataset.rich);
    if (!window.Squire || !field || field.readOnly) return;
    const label = place.querySelector("label");
    label.id ||= `${field.id}-label`;
    const page = document.createElement("div");
    page.className = "input rich prose";
    page.setAttribute("role", "textbox");
    page.setAttribute("aria-multiline", "true");
    page.setAttribute("aria-labelledby", label.id);
    const bar = document.createElement("div");
    bar.className = "rich-bar";
    bar.setAttribute("role", "toolbar");
    bar.setAttribute("aria-label", "Formatting");
    field.before(bar, page);

    const rich = new window.Squire(page, { blockTag: "P", sanitizeToDOMFragment: harmless, addLinks: false });
    rich.setHTML(field.value);
    const written = () => {
      const html = rich
        .getHTML()
        .replace(/(<br>)+(?=<\/(p|li|h2|h3|h4|td|th|blockquote)>)/g, "")
        .replace(/(?<!&nbsp;|\s)&nbsp;(?!&nbsp;|\s)/g, " "); // a browser's way to hold a space at the end of what is typed
      field.value = /^(<p><\/p>)*$/.test(html) ? "" : html;
      field.dispatchEvent(new Event("change", { bubbles: true }));
      field.dispatchEvent(new Event("input", { bubbles: true }));
    };
    rich.addEventListener("input", written);
    const within = (tag) => rich.hasFormat(tag) || rich.getPath().split(">").some((step) => step.split(/[.#[]/)[0] === tag);
    const block = (tag) =>
      rich.modifyBlocks((fragment) => {
        [...fragment.children].forEach((old) => {
          if (!/^(P|H2|H3|H4)$/.test(old.tagName)) return;
          const made = document.createElement(old.tagName === tag ? "P" : tag);
          made.append(...old.childNodes);
          old.replaceWith(made);
        });
        return fragment;
      });
    const tools = [
      ["Bold", "Bold", "B", () => (within("B") ? rich.removeBold() : rich.bold())],
      ["Italic", "Italic", "I", () => (within("I") ? rich.removeItalic() : rich.italic())],
      ["Heading", "Heading", "H2", () => block("H2")],
      ["Subheading", "Subheading", "H3", () => block("H3")],
      ["List", "List", "UL", () => (within("UL") ? rich.removeList() : rich.makeUnorderedList())],
      ["1. List, numbered", "1. List", "OL", () => (within("OL") ? rich.removeList() : rich.makeOrderedList())],
      ["Undo", "↶", "", () => rich.undo()],
      ["Redo", "↷", "", () => rich.redo()],
    ];
    const buttons = tools.map(([name, shown, tag, work]) => {
      const button = tool(bar, name, shown, () => {
        work();
        written();
        rich.focus();
        state();
      });
      return [button, tag];
    });
    function state() {
      buttons.forEach(([button, tag]) => tag && button.setAttribute("aria-pressed", String(within(tag))));
    }
    const source = tool(bar, "Edit the HTML", "HTML", () => {
      const back = page.hidden;
      if (back) rich.setHTML(field.value);
      page.hidden = !back;
      field.hidden = back;
      source.setAttribute("aria-pressed", String(!back));
      buttons.forEach(([button]) => (button.disabled = !back));
    });
    source.classList.add("source");
    source.setAttribute("aria-pressed", "false");
    label.addEventListener("click", (event) => {
      if (page.hidden) return;
      event.preventDefault();
      page.focus();
    });
    rich.addEventListener("pathChange", state);
    state();
    field.hidden = true;
    place.querySelector(".hint")?.setAttribute("hidden", "");
  }

  document.querySelectorAll("[data-rich]").forEach(dress);
})();
