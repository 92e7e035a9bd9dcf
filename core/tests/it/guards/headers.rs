//! What keeps browsers careful.

use super::setup;
use crate::app::with_app;

const USUAL: &[(&str, &str)] = &[
    ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("origin-agent-cluster", "?1"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
    ("x-dns-prefetch-control", "off"),
    ("x-download-options", "noopen"),
    ("x-frame-options", "DENY"),
    ("x-permitted-cross-domain-policies", "none"),
    ("x-xss-protection", "0"),
];

#[test]
fn every_reply_keeps_browsers_careful() {
    with_app(setup(""), |app| async move {
        for (path, status) in [
            ("/api/leads", 200),
            ("/api/secrets", 401),
            ("/api/none", 404),
            ("/health/live", 200),
            ("/openapi.json", 200),
            ("/docs", 200),
            ("/docs/assets/docs.js", 200),
        ] {
            let answer = app.get(path).await.is(status);
            for (name, value) in USUAL {
                assert_eq!(answer.headers.get_all(*name).iter().count(), 1, "{path} {name}");
                // The docs' own policy lets the binary's scripts run, and nobody else's.
                if *name == "content-security-policy" && (path.starts_with("/docs") || path == "/openapi.json") {
                    let policy = answer.header(name);
                    assert!(policy.contains("script-src 'self';"), "{path} {policy}");
                    assert!(policy.contains("frame-ancestors 'none'"), "{path} {policy}");
                } else {
                    assert_eq!(answer.header(name), *value, "{path} {name}");
                }
            }
            for name in ["strict-transport-security", "x-powered-by", "server"] {
                assert_eq!(answer.header(name), "", "{path} {name}");
            }
        }
        // Where scripts may come from the binary alone, pages must have none of their own.
        for path in ["/docs", "/redoc"] {
            let page = app.get(path).await.is(200).text;
            assert!(page.contains("<script src=") && !page.contains("<script>"), "{path}");
        }
    });
}

#[test]
fn settings_change_what_is_sent() {
    const SETTINGS: &str = "[headers]\nframe_options = ''\nreferrer_policy = 'same-origin'\n\
        strict_transport_security = 'max-age=31536000; includeSubDomains'";
    with_app(setup(SETTINGS), |app| async move {
        let answer = app.get("/api/leads").await.is(200);
        assert_eq!(answer.header("x-frame-options"), "");
        assert_eq!(answer.header("referrer-policy"), "same-origin");
        let transport = answer.header("strict-transport-security");
        assert_eq!(transport, "max-age=31536000; includeSubDomains");
        assert_eq!(answer.header("x-xss-protection"), "0");
    });
    with_app(setup("headers.enabled = false"), |app| async move {
        let answer = app.get("/api/leads").await.is(200);
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("content-security-policy"), "");
        assert_eq!(answer.header("x-xss-protection"), "");
    });
}
