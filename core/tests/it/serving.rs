//! Listeners, limits, docs, and the way out.

use std::time::{Duration, Instant};

use reqwest::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use windlass_core::app::Limits;

use crate::app::{Answer, Setup, with_app};

fn short() -> Setup<'static> {
    Setup {
        limits: Limits {
            body: 1000,
            header_timeout: Duration::from_secs(1),
            body_timeout: Duration::from_secs(1),
            idle_timeout: Duration::from_secs(2),
            ..Limits::default()
        },
        ..Setup::default()
    }
}

#[test]
fn bodies_heads_and_silence_are_bounded() {
    with_app(short(), |app| async move {
        let large = format!("{{\"name\":\"{}\"}}", "x".repeat(2000));
        assert_eq!(
            app.post("/api/people", &large).await.is(413).json()["code"],
            "body_too_large"
        );

        for (head, wanted) in [
            // No length announced: counted while it streams.
            (format!("POST /api/people HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n7d0\r\n{}\r\n0\r\n\r\n", "x".repeat(2000)), "413"),
            // A body that never comes, and a head that never ends.
            ("POST /api/people HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{".to_owned(), "408"),
            ("GET /api/people HTTP/1.1\r\nhost: x\r\nx-slow: ".to_owned(), ""),
            // Nothing at all.
            (String::new(), ""),
        ] {
            let started = Instant::now();
            let mut stream = TcpStream::connect(app.address).await.unwrap();
            stream.write_all(head.as_bytes()).await.unwrap();
            let mut reply = Vec::new();
            let read = tokio::time::timeout(Duration::from_secs(8), stream.read_to_end(&mut reply)).await;
            assert!(read.is_ok(), "a slow client was held for {:?}: {head:.60}", started.elapsed());
            let reply = String::from_utf8_lossy(&reply);
            assert!(reply.starts_with(&format!("HTTP/1.1 {wanted}")) || (wanted.is_empty() && !reply.contains(" 200 ")), "{head:.60} → {reply:.80}");
        }
        app.get("/health/live").await.is(200);
        assert_eq!(app.get("/health/ready").await.is(200).json()["status"], "ready");
    });
}

#[test]
fn documents_are_served_with_tags_and_compression() {
    with_app(Setup::default(), |app| async move {
        for path in [
            "/openapi.json",
            "/docs",
            "/redoc",
            "/docs/assets/swagger-ui/swagger-ui-bundle.js",
            "/docs/assets/redoc/redoc.standalone.js",
        ] {
            let plain = app.get(path).await.is(200);
            let etag = plain.header("etag").to_owned();
            assert!(
                etag.starts_with("W/\"") && plain.header("content-security-policy").contains("default-src 'none'"),
                "{path}"
            );
            let again = Answer::of(app.request(Method::GET, path).header("if-none-match", &etag))
                .await
                .is(304);
            assert!(again.text.is_empty());
            let packed = Answer::of(app.request(Method::HEAD, path).header("accept-encoding", "br, gzip"))
                .await
                .is(200);
            assert_eq!(packed.header("content-encoding"), "gzip", "{path}");
            let size = |answer: &Answer| answer.header("content-length").parse::<usize>().unwrap();
            assert!(size(&packed) < size(&plain), "{path}");
        }
        let page = app.get("/").await.is(200);
        assert!(page.text.contains("<title>"), "/ leads to the docs");
        let document = app.get("/openapi.json").await.json();
        assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
        for path in [
            "/api/people",
            "/api/people/{id}",
            "/api/notes/{person_id},{seq}",
            "/api/busy",
        ] {
            assert!(document["paths"].get(path).is_some(), "{path}");
        }
        assert!(document["paths"]["/api/busy"].get("post").is_none());
        assert!(!document.to_string().contains("secret"), "hidden columns stay hidden");
        let id = Answer::of(app.request(Method::GET, "/health/live").header("x-request-id", "abc-1")).await;
        assert_eq!(id.header("x-request-id"), "abc-1");
    });
}
