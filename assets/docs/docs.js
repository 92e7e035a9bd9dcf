// Swagger UI over our own contract; nothing is asked of any other host.
"use strict";
window.addEventListener("DOMContentLoaded", () => {
  const main = document.getElementById("contract");
  if (typeof SwaggerUIBundle === "undefined") {
    main.removeAttribute("aria-busy");
    main.innerHTML = '<p class="notice">Swagger UI did not load. The contract itself is at <a href="/openapi.json">/openapi.json</a>.</p>';
    return;
  }
  window.ui = SwaggerUIBundle({
    url: "/openapi.json",
    domNode: main,
    presets: [SwaggerUIBundle.presets.apis],
    layout: "BaseLayout",
    deepLinking: true,
    tryItOutEnabled: true,
    filter: true,
    validatorUrl: null, // else a badge from another host
    displayRequestDuration: true,
    defaultModelsExpandDepth: 0,
    docExpansion: "list",
    persistAuthorization: false,
    syntaxHighlight: { activated: true, theme: "agate" },
    onComplete: () => main.removeAttribute("aria-busy"),
  });
});
