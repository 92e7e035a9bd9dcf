// Light or dark, before the first paint: the system's wish until the reader chooses.
"use strict";
(() => {
  const key = "windlass.look";
  const system = window.matchMedia("(prefers-color-scheme: dark)");

  function chosen() {
    try {
      const look = localStorage.getItem(key);
      return look === "light" || look === "dark" ? look : null;
    } catch {
      return null; // Storage may be forbidden; the system's wish is left.
    }
  }

  function show() {
    const look = chosen() ?? (system.matches ? "dark" : "light");
    const root = document.documentElement;
    const changed = root.dataset.look !== look;
    root.dataset.look = look;
    // Swagger UI's own dark style hangs on this class.
    root.classList.toggle("dark-mode", look === "dark");
    const button = document.getElementById("look");
    if (button) {
      button.hidden = false;
      button.textContent = look === "dark" ? "Light" : "Dark";
      button.setAttribute("aria-label", `Switch to the ${look === "dark" ? "light" : "dark"} look`);
    }
    if (changed) document.dispatchEvent(new CustomEvent("look", { detail: look }));
  }

  show();
  system.addEventListener("change", show);
  window.addEventListener("storage", show);
  document.addEventListener("DOMContentLoaded", () => {
    show();
    document.getElementById("loading").hidden = false;
    document.getElementById("look").addEventListener("click", () => {
      const other = document.documentElement.dataset.look === "dark" ? "light" : "dark";
      try {
        localStorage.setItem(key, other);
        show();
      } catch {
        document.documentElement.dataset.look = other;
        document.documentElement.classList.toggle("dark-mode", other === "dark");
        document.dispatchEvent(new CustomEvent("look", { detail: other }));
      }
    });
  });
})();
