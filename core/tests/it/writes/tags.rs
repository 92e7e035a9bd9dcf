//! `ETag`, `If-Match` and `If-None-Match`.

use std::sync::Arc;

use super::{send, setup};
use crate::app::with_app;

#[test]
fn tags() {
    with_app(setup(), |app| async move {
        let made = app.post("/api/things", r#"{"id":1,"code":"a"}"#).await.is(201);
        let tag = made.header("etag").to_owned();
        assert!(tag.len() == 34 && tag.starts_with('"'), "{tag}");
        for path in [
            "/api/things/1",
            "/api/things/1?select=id",
            "/api/things/1?select=code,x:id",
        ] {
            assert_eq!(app.get(path).await.is(200).header("etag"), tag, "{path}");
        }
        let with = |ask: &'static str, name: &'static str, value: String, body: &'static str| {
            let app = Arc::clone(&app);
            async move { send(&app, ask, &[(name, &value)], body).await }
        };
        let item = "GET /api/things/1";
        for (value, status) in [
            (tag.clone(), 304),
            (format!("W/{tag}"), 304),
            (format!("\"x\", {tag}"), 304),
            ("*".to_owned(), 304),
            ("\"x\"".to_owned(), 200),
            ("x".to_owned(), 400),
            ("".to_owned(), 400),
            (format!("*, {tag}"), 400),
        ] {
            let answer = with(item, "if-none-match", value.clone(), "").await;
            assert_eq!(answer.status, status, "{value}");
            if status == 304 {
                assert_eq!((answer.header("etag"), answer.text.as_str()), (tag.as_str(), ""));
            }
        }
        with("HEAD /api/things/1", "if-none-match", tag.clone(), "")
            .await
            .is(304);
        for (value, status) in [
            (tag.clone(), 200),
            ("*".to_owned(), 200),
            (format!("W/{tag}"), 412),
            ("\"x\"".to_owned(), 412),
        ] {
            assert_eq!(
                with(item, "if-match", value.clone(), "").await.status,
                status,
                "{value}"
            );
        }
        // A hidden column is no part of it; every other change is.
        let owner = app.owner().await;
        owner.batch_execute("update things set hidden = 'h'").await.unwrap();
        assert_eq!(app.get("/api/things/1").await.header("etag"), tag);
        let patch = "PATCH /api/things/1";
        let failed = with(patch, "if-match", "\"x\"".to_owned(), r#"{"note":"1"}"#)
            .await
            .is(412);
        assert_eq!(failed.json()["code"], "precondition_failed");
        with(patch, "if-match", format!("W/{tag}"), r#"{"note":"1"}"#)
            .await
            .is(412);
        let second = with(patch, "if-match", tag.clone(), r#"{"note":"1"}"#).await.is(200);
        assert_ne!(second.header("etag"), tag);
        let tag = second.header("etag").to_owned();
        assert_eq!(app.get("/api/things/1").await.header("etag"), tag);
        with(patch, "if-none-match", tag.clone(), r#"{"note":"2"}"#)
            .await
            .is(412);
        with(patch, "if-none-match", "*".to_owned(), r#"{"note":"2"}"#)
            .await
            .is(412);
        with(patch, "if-match", "*".to_owned(), r#"{"note":"1"}"#).await.is(200);
        with("PATCH /api/things/99", "if-match", tag.clone(), r#"{"note":"1"}"#)
            .await
            .is(404);
        with("PUT /api/things/1", "if-match", "\"x\"".to_owned(), r#"{"code":"a"}"#)
            .await
            .is(412);
        with("PUT /api/things/99", "if-match", "*".to_owned(), r#"{"code":"z"}"#)
            .await
            .is(412);
        with("PUT /api/things/1", "if-none-match", "*".to_owned(), r#"{"code":"a"}"#)
            .await
            .is(412);
        with("PUT /api/things/2", "if-none-match", "*".to_owned(), r#"{"code":"b"}"#)
            .await
            .is(201);
        with("PUT /api/logs/99", "if-none-match", "*".to_owned(), r#"{"text":"b"}"#)
            .await
            .is(404);
        let put = with("PUT /api/things/1", "if-match", tag.clone(), r#"{"code":"a"}"#)
            .await
            .is(200);
        assert_eq!(put.header("etag"), made.header("etag"), "the row is as it was at first");
        with("DELETE /api/things/1", "if-match", tag, "").await.is(412);
        app.get("/api/things/1").await.is(200);
        with("DELETE /api/things/1", "if-match", put.header("etag").to_owned(), "")
            .await
            .is(204);
        app.get("/api/things/1").await.is(404);
        with("DELETE /api/things/1", "if-match", "*".to_owned(), "")
            .await
            .is(404);
        // A collection has no tag; rows that may not be read have none either.
        with(
            "POST /api/things",
            "if-match",
            "\"x\"".to_owned(),
            r#"{"id":5,"code":"e"}"#,
        )
        .await
        .is(412);
        with(
            "POST /api/things",
            "if-none-match",
            "*".to_owned(),
            r#"{"id":5,"code":"e"}"#,
        )
        .await
        .is(412);
        with("POST /api/things", "if-match", "*".to_owned(), r#"{"id":5,"code":"e"}"#)
            .await
            .is(201);
        with("DELETE /api/things?id=eq.5", "if-match", "\"x\"".to_owned(), "")
            .await
            .is(412);
        app.post("/api/secrets", r#"{"id":1}"#).await.is(201);
        with(
            "PATCH /api/secrets/1",
            "if-match",
            "\"x\"".to_owned(),
            r#"{"word":"w"}"#,
        )
        .await
        .is(401);
        with("PATCH /api/secrets/1", "if-match", "*".to_owned(), r#"{"word":"w"}"#)
            .await
            .is(204);
        assert!(!app.get("/api/things").await.headers.contains_key("etag"));
    });
}

#[test]
fn of_many_writers_with_one_tag_one_wins() {
    with_app(setup(), |app| async move {
        app.post("/api/things", r#"{"id":1,"code":"a","low":0}"#).await.is(201);
        for round in 1..=5 {
            let tag = app.get("/api/things/1").await.header("etag").to_owned();
            let writers = (0..6).map(|n| {
                let (app, tag) = (Arc::clone(&app), tag.clone());
                tokio::spawn(async move {
                    let body = format!("{{\"low\":{}}}", round * 10 + n);
                    send(&app, "PATCH /api/things/1", &[("if-match", &tag)], &body)
                        .await
                        .status
                })
            });
            let mut statuses = Vec::new();
            for writer in writers.collect::<Vec<_>>() {
                statuses.push(writer.await.unwrap());
            }
            statuses.sort_unstable();
            assert_eq!(statuses, [200, 412, 412, 412, 412, 412]);
        }
        // The same for a row that is to be created.
        let writers: Vec<_> = (0..6)
            .map(|n| {
                let app = Arc::clone(&app);
                tokio::spawn(async move {
                    let body = format!("{{\"code\":\"c{n}\"}}");
                    send(&app, "PUT /api/things/2", &[("if-none-match", "*")], &body)
                        .await
                        .status
                })
            })
            .collect();
        let mut statuses = Vec::new();
        for writer in writers {
            statuses.push(writer.await.unwrap());
        }
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 412, 412, 412, 412, 412]);
    });
}
