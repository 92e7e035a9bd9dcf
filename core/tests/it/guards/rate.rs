//! How often somebody may ask.

use reqwest::Method;

use super::setup;
use crate::app::{Answer, App, with_app};

async fn forwarded(app: &App, address: &str, path: &str) -> Answer {
    Answer::of(app.request(Method::GET, path).header("x-forwarded-for", address)).await
}

fn refused(answer: &Answer) {
    assert_eq!(answer.status, 429, "{}", answer.text);
    assert_eq!(answer.json()["code"], "rate_limited");
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let wait: u64 = answer.header("retry-after").parse().unwrap();
    assert!((1..=3600).contains(&wait), "{wait}");
    assert!(
        answer.header("ratelimit").contains(";r=0;t="),
        "{}",
        answer.header("ratelimit")
    );
}

#[test]
fn who_asks_too_often_is_told_to_wait() {
    with_app(
        setup("[rate]\nlimit = '3/h'\n[cors]\norigins = '*'"),
        |app| async move {
            let key = app.key(&[]).await;
            for left in [2, 1, 0] {
                let answer = app.get("/api/leads").await.is(200);
                assert_eq!(answer.header("ratelimit-policy"), "\"all\";q=3;w=3600");
                let standing = answer.header("ratelimit");
                assert!(standing.starts_with(&format!("\"all\";r={left};t=")), "{standing}");
            }
            // On every path, also where there is nothing; but health is told, and a preflight answered.
            for path in ["/api/leads", "/api/none", "/docs"] {
                refused(&app.get(path).await);
            }
            let answer = app.get("/health/live").await.is(200);
            assert_eq!(answer.header("ratelimit"), "");
            let preflight = app
                .request(Method::OPTIONS, "/api/leads")
                .header("origin", "https://a.example");
            Answer::of(preflight.header("access-control-request-method", "GET"))
                .await
                .is(204);
            // A page can read why.
            let request = app
                .request(Method::GET, "/api/leads")
                .header("origin", "https://a.example");
            let answer = Answer::of(request).await;
            refused(&answer);
            assert_eq!(answer.header("access-control-allow-origin"), "*");
            // A principal has an allowance of its own, and nobody says for whom a request is made unless trusted.
            for _ in 0..3 {
                app.get_as(&key, "/api/secrets").await.is(200);
            }
            refused(&app.get_as(&key, "/api/secrets").await);
            refused(&forwarded(&app, "198.51.100.1", "/api/leads").await);
        },
    );
}

#[test]
fn a_trusted_proxy_says_for_whom_it_asks() {
    const SETTINGS: &str = "[http]\ntrusted_proxies = ['127.0.0.0/8']\n[rate]\nlimit = '1/h'";
    with_app(setup(SETTINGS), |app| async move {
        forwarded(&app, "198.51.100.1", "/api/leads").await.is(200);
        refused(&forwarded(&app, "198.51.100.1", "/api/leads").await);
        // What a client wrote itself stands before what the proxy appended.
        refused(&forwarded(&app, "203.0.113.5, 198.51.100.1", "/api/leads").await);
        forwarded(&app, "198.51.100.2", "/api/leads").await.is(200);
    });
}

#[test]
fn paths_and_routes_have_allowances_of_their_own() {
    const SETTINGS: &str = "[[rate.paths]]\npath = '/api/secrets'\nlimit = '2/h'\n\
        [[rate.routes]]\nroute = 'POST /api/leads'\nlimit = '1/h'";
    with_app(setup(SETTINGS), |app| async move {
        let key = app.key(&[]).await;
        app.send_as(&key, Method::POST, "/api/leads", r#"{"name":"Joan"}"#)
            .await
            .is(201);
        let over = app
            .send_as(&key, Method::POST, "/api/leads", r#"{"name":"Joan"}"#)
            .await;
        refused(&over);
        assert_eq!(over.header("ratelimit-policy"), "\"POST /api/leads\";q=1;w=3600");
        let answer = app.get_as(&key, "/api/leads?name=eq.Joan").await.is(200);
        assert_eq!(
            answer.json().as_array().unwrap().len(),
            1,
            "what is refused is not done"
        );
        assert_eq!(answer.header("ratelimit"), "");
        app.get_as(&key, "/api/secrets").await.is(200);
        app.get_as(&key, "/api/secrets").await.is(200);
        refused(&app.get_as(&key, "/api/secrets").await);
    });
}

#[test]
fn guessing_credentials_is_stopped_before_they_are_looked_at() {
    with_app(setup("[rate]\nfailures = '2/h'"), |app| async move {
        let key = app.key(&[]).await;
        app.get_as(&key, "/api/secrets").await.is(200);
        app.get_as("wl_wrong", "/api/secrets").await.is(401);
        app.get_as("a.b.c", "/api/secrets").await.is(401);
        refused(&app.get_as("wl_wrong", "/api/secrets").await);
        // A right guess is not told from a wrong one any more; who sends none is not concerned.
        let answer = app.get_as(&key, "/api/secrets").await;
        refused(&answer);
        assert_eq!(answer.header("ratelimit-policy"), "\"failures\";q=2;w=3600");
        app.get("/api/leads").await.is(200);
    });
}
