// How strong a new password is, in words, while it is typed. The server has the last word.
(() => {
  const bits = (text) => {
    const pool = [[/[a-z]/, 26], [/[A-Z]/, 26], [/\d/, 10], [/[^A-Za-z\d]/, 20]]
      .reduce((sum, [sign, size]) => sum + (sign.test(text) ? size : 0), 0);
    const pairs = new Set();
    for (let i = 0; i + 1 < text.length; i += 1) pairs.add(text.slice(i, i + 2));
    return pairs.size * Math.log2(pool || 1);
  };
  const word = (text) => {
    if (text.length < 12) return `${12 - text.length} more to go.`;
    const found = bits(text);
    return found >= 90 ? "Strong." : found >= 68 ? "Good." : found >= 50 ? "Fair: longer is better." : "Weak: longer is better.";
  };
  document.querySelectorAll("[data-strength]").forEach((line) => {
    const input = document.getElementById(line.dataset.strength);
    input?.addEventListener("input", () => {
      line.hidden = !input.value;
      line.textContent = input.value ? word(input.value) : "";
    });
  });
})();
