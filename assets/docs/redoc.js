// ReDoc over our own contract, drawn again when the look changes: its colours are fixed when it starts.
"use strict";
window.addEventListener("DOMContentLoaded", () => {
  const main = document.getElementById("contract");
  const looks = {
    light: { text: "#1c2b33", quiet: "#5b6b73", back: "#ffffff", side: "#f3f6f7", line: "#d7dfe2", main: "#0f766e", right: "#16262e", code: "#0e1a20", wrong: "#b42318", inline: "#a1320f", inlineBack: "#f3f6f7" },
    dark: { text: "#dbe4e8", quiet: "#93a4ad", back: "#11191d", side: "#162126", line: "#2b3a41", main: "#2dd4bf", right: "#0c1316", code: "#070c0e", wrong: "#f87171", inline: "#fdba74", inlineBack: "#1d2a30" },
  };

  function theme(c) {
    const sans = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Liberation Sans', sans-serif";
    const mono = "ui-monospace, 'Cascadia Mono', Menlo, Consolas, 'Liberation Mono', monospace";
    return {
      colors: {
        primary: { main: c.main },
        error: { main: c.wrong },
        text: { primary: c.text, secondary: c.quiet },
        border: { dark: c.line, light: c.line },
        gray: { 50: c.side, 100: c.line },
        responses: {
          success: { color: c.main, backgroundColor: `${c.main}1f` },
          error: { color: c.inline, backgroundColor: `${c.inline}1f` },
          redirect: { color: c.quiet, backgroundColor: c.side },
          info: { color: c.quiet, backgroundColor: c.side },
        },
      },
      schema: { nestedBackground: c.side, linesColor: c.line, typeNameColor: c.quiet, typeTitleColor: c.text, requireLabelColor: c.wrong },
      typography: {
        fontSize: "15px",
        fontFamily: sans,
        headings: { fontFamily: sans, fontWeight: "600" },
        code: { fontFamily: mono, color: c.inline, backgroundColor: c.inlineBack, wrap: true },
        links: { color: c.main, visited: c.main, hover: c.main },
      },
      sidebar: { backgroundColor: c.side, textColor: c.text, activeTextColor: c.main, width: "270px" },
      rightPanel: { backgroundColor: c.right, textColor: "#e6eef1" },
      codeBlock: { backgroundColor: c.code },
      fab: { backgroundColor: c.side, color: c.main },
    };
  }

  if (typeof Redoc === "undefined") {
    main.removeAttribute("aria-busy");
    main.innerHTML = '<p class="notice">ReDoc did not load. The contract itself is at <a href="/openapi.json">/openapi.json</a>.</p>';
    return;
  }

  let contract = null;
  let wanted = 0;

  function draw() {
    if (contract === null) return;
    const turn = (wanted += 1);
    const place = document.createElement("div");
    main.replaceChildren(place);
    Redoc.init(
      contract,
      {
        theme: theme(looks[document.documentElement.dataset.look] ?? looks.light),
        scrollYOffset: ".bar",
        hideDownloadButtons: true,
        hideLoading: true,
        nativeScrollbars: true,
        pathInMiddlePanel: false,
        jsonSamplesExpandLevel: 3,
        generatedSamplesMaxDepth: 4,
      },
      place,
      () => turn === wanted && main.removeAttribute("aria-busy"),
    );
  }

  document.addEventListener("look", draw);
  fetch("/openapi.json")
    .then((reply) => (reply.ok ? reply.json() : Promise.reject(new Error(`/openapi.json answered ${reply.status}`))))
    .then((document_) => {
      contract = document_;
      draw();
    })
    .catch((error) => {
      const notice = document.createElement("p");
      notice.className = "notice";
      notice.textContent = `The contract could not be loaded: ${error.message}. Reload the page, or open /openapi.json.`;
      main.replaceChildren(notice);
      main.removeAttribute("aria-busy");
    });
});
