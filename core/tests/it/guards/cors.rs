//! Pages of other sites.

use reqwest::Method;

use super::setup;
use crate::app::{Answer, App, with_app};

const ORIGIN: &str = "access-control-allow-origin";

async fn from(app: &App, origin: &str, method: Method, path: &str) -> Answer {
    Answer::of(app.request(method, path).header("origin", origin)).await
}

async fn preflight(app: &App, origin: &str, path: &str) -> Answer {
    let request = app.request(Method::OPTIONS, path).header("origin", origin);
    Answer::of(
        request
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "authorization, content-type"),
    )
    .await
}

#[test]
fn pages_of_listed_sites_may_ask_and_read() {
    const SETTINGS: &str = "[cors]\norigins = ['https://a.example']\ncredentials = true\n\
        [[cors.paths]]\npath = '/api/leads'\norigins = '*'\ncredentials = false\n";
    with_app(setup(SETTINGS), |app| async move {
        // Before authentication, though nobody without credentials may read it.
        let answer = preflight(&app, "https://a.example", "/api/secrets").await.is(204);
        assert_eq!(answer.header(ORIGIN), "https://a.example");
        assert_eq!(answer.header("access-control-allow-credentials"), "true");
        assert_eq!(
            answer.header("access-control-allow-methods"),
            "GET, HEAD, POST, PUT, PATCH, DELETE"
        );
        let names = answer.header("access-control-allow-headers").to_lowercase();
        assert!(
            names.contains("authorization, ") && names.contains("content-type"),
            "{names}"
        );
        assert_eq!(answer.header("access-control-max-age"), "600");
        assert!(
            answer.header("vary").starts_with("origin, "),
            "{}",
            answer.header("vary")
        );
        assert!(!answer.header("x-request-id").is_empty());
        // A preflight with credentials that are not valid is a preflight all the same.
        let request = app.request(Method::OPTIONS, "/api/secrets").bearer_auth("wl_wrong");
        let request = request.header("origin", "https://a.example");
        Answer::of(request.header("access-control-request-method", "GET"))
            .await
            .is(204);
        // Another site's is told nothing.
        let answer = preflight(&app, "https://b.example", "/api/secrets").await.is(204);
        assert_eq!(answer.header(ORIGIN), "");
        assert_eq!(answer.header("access-control-allow-methods"), "");

        // Errors can be read, too.
        for (path, status) in [("/api/secrets", 401), ("/api/none", 404), ("/health/live", 200)] {
            let answer = from(&app, "https://a.example", Method::GET, path).await.is(status);
            assert_eq!(answer.header(ORIGIN), "https://a.example", "{path}");
            let exposed = answer.header("access-control-expose-headers");
            for name in ["Content-Range", "Location", "Link", "ETag", "X-Request-Id", "RateLimit"] {
                assert!(exposed.split(", ").any(|one| one == name), "{name}: {exposed}");
            }
            assert!(answer.header("vary").contains("origin"), "{path}");
            let answer = from(&app, "https://b.example", Method::GET, path).await.is(status);
            assert_eq!(answer.header(ORIGIN), "", "{path}");
            // Whoever caches a reply to nobody's page must not give it to one.
            assert!(app.get(path).await.header("vary").contains("origin"), "{path}");
        }
        // The path's own rule, and what the reply itself varies by.
        let answer = from(&app, "https://b.example", Method::GET, "/api/leads").await.is(200);
        assert_eq!(answer.header(ORIGIN), "*");
        assert_eq!(answer.header("access-control-allow-credentials"), "");
        let vary = answer.header("vary");
        assert!(vary.contains("accept") && vary.ends_with("x-api-key, origin"), "{vary}");
        assert_eq!(answer.headers.get_all("vary").iter().count(), 1);
        // What is no preflight is answered as ever.
        let answer = from(&app, "https://a.example", Method::OPTIONS, "/api/leads")
            .await
            .is(204);
        assert_eq!(answer.header("allow"), "GET, HEAD, POST, OPTIONS");
    });
}

#[test]
fn without_a_setting_nothing_is_told() {
    with_app(setup(""), |app| async move {
        for answer in [
            from(&app, "https://a.example", Method::GET, "/api/leads").await.is(200),
            preflight(&app, "https://a.example", "/api/leads").await.is(204),
        ] {
            let told = answer
                .headers
                .keys()
                .any(|name| name.as_str().starts_with("access-control"));
            assert!(
                !told && !answer.header("vary").contains("origin"),
                "{:?}",
                answer.headers
            );
        }
    });
}
