//! `Idempotency-Key`: a write that is sent again is done once.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use super::{MINIMAL, send, setup};
use crate::app::with_app;
use windlass_core::db::cluster::Role;
use windlass_core::db::pool::Pool;
use windlass_core::db::store::idempotency;

#[test]
fn one_key_one_write() {
    with_app(setup(), |app| async move {
        let key = ("idempotency-key", "k1");
        let first = send(&app, "POST /api/logs", &[key], r#"{"text":"once"}"#).await.is(201);
        assert!(!first.headers.contains_key("idempotency-replayed"));
        let again = send(&app, "POST /api/logs", &[key], r#"{"text":"once"}"#).await.is(201);
        assert_eq!(again.header("idempotency-replayed"), "true");
        assert_eq!(again.text, first.text);
        for name in ["location", "etag", "content-type"] {
            assert_eq!(again.header(name), first.header(name), "{name}");
        }
        assert_ne!(again.header("x-request-id"), first.header("x-request-id"));
        for (ask, headers, body) in [
            ("POST /api/logs", &[key][..], r#"{"text":"other"}"#),
            ("POST /api/logs?select=id", &[key], r#"{"text":"once"}"#),
            ("POST /api/logs", &[key, MINIMAL], r#"{"text":"once"}"#),
        ] {
            let other = send(&app, ask, headers, body).await.is(422);
            assert_eq!(other.json()["code"], "idempotency_mismatch", "{ask} {body}");
        }
        // Another path or method is another write.
        send(&app, "PATCH /api/logs/1", &[key], r#"{"text":"once"}"#)
            .await
            .is(200);
        let deleted = send(&app, "DELETE /api/logs/1", &[key], "").await.is(204);
        assert!(!deleted.headers.contains_key("idempotency-replayed"));
        let deleted = send(&app, "DELETE /api/logs/1", &[key], "").await.is(204);
        assert_eq!(deleted.header("idempotency-replayed"), "true", "though the row is gone");
        send(&app, "DELETE /api/logs/1", &[], "").await.is(404);
        // Refused writes are not kept: the key can be used again.
        send(&app, "POST /api/things", &[("idempotency-key", "k2")], r#"{"id":1}"#)
            .await
            .is(422);
        send(
            &app,
            "POST /api/things",
            &[("idempotency-key", "k2")],
            r#"{"id":1,"code":"a"}"#,
        )
        .await
        .is(201);
        send(
            &app,
            "POST /api/things",
            &[("idempotency-key", "k3")],
            r#"{"id":1,"code":"a"}"#,
        )
        .await
        .is(409);
        app.send(Method::DELETE, "/api/things/1", "").await.is(204);
        send(
            &app,
            "POST /api/things",
            &[("idempotency-key", "k3")],
            r#"{"id":1,"code":"a"}"#,
        )
        .await
        .is(201);
        // An edit under a tag is told again, not refused, as it was done.
        let tag = app.get("/api/things/1").await.header("etag").to_owned();
        let edit = [("idempotency-key", "k4"), ("if-match", tag.as_str())];
        send(&app, "PATCH /api/things/1", &edit, r#"{"note":"x"}"#)
            .await
            .is(200);
        send(&app, "PATCH /api/things/1", &edit, r#"{"note":"x"}"#)
            .await
            .is(200);
        let longest = "x".repeat(255);
        send(
            &app,
            "POST /api/logs",
            &[("idempotency-key", &longest)],
            r#"{"text":"l"}"#,
        )
        .await
        .is(201);
        for bad in ["", "a b", &"x".repeat(256), "\u{e9}"] {
            let refused = send(&app, "POST /api/logs", &[("idempotency-key", bad)], r#"{"text":"l"}"#)
                .await
                .is(400);
            assert_eq!(refused.json()["code"], "bad_header", "{bad}");
        }
        send(&app, "GET /api/logs", &[("idempotency-key", "a b")], "")
            .await
            .is(200);
        // After a day a key is free, and goes with the next one that comes.
        let owner = app.owner().await;
        let age = "update windlass.idempotency set created_at = now() - interval '25 hours'";
        owner.batch_execute(age).await.unwrap();
        let anew = send(&app, "POST /api/logs", &[key], r#"{"text":"anew"}"#).await.is(201);
        assert!(!anew.headers.contains_key("idempotency-replayed"));
        let kept = owner
            .query_one("select count(*) from windlass.idempotency", &[])
            .await
            .unwrap();
        assert_eq!(kept.get::<_, i64>(0), 1);
        // The serving role can neither read nor change what is kept.
        let login = app.cluster.endpoint().config(windlass_core::db::cluster::Role::Login);
        let login = windlass_core::db::connect::open(&login).await.unwrap();
        for text in ["select from windlass.idempotency", "delete from windlass.idempotency"] {
            assert_eq!(
                login.execute(text, &[]).await.unwrap_err().code().unwrap().code(),
                "42501",
                "{text}"
            );
        }
    });
}

#[test]
fn a_key_in_flight_is_told_so() {
    with_app(setup(), |app| async move {
        // Somebody holds the row that the write needs.
        app.post("/api/things", r#"{"id":1,"code":"a"}"#).await.is(201);
        let owner = app.owner().await;
        owner
            .batch_execute("begin; update things set note = 'held'")
            .await
            .unwrap();
        let slow = {
            let app = Arc::clone(&app);
            tokio::spawn(async move {
                send(
                    &app,
                    "PATCH /api/things/1",
                    &[("idempotency-key", "k")],
                    r#"{"name":"N"}"#,
                )
                .await
            })
        };
        let watcher = app.owner().await;
        let waiting = "select count(*) from pg_locks where not granted";
        while watcher.query_one(waiting, &[]).await.unwrap().get::<_, i64>(0) == 0 {
            tokio::task::yield_now().await;
        }
        let busy = send(
            &app,
            "PATCH /api/things/1",
            &[("idempotency-key", "k")],
            r#"{"name":"N"}"#,
        )
        .await
        .is(409);
        assert_eq!(
            (busy.json()["code"].as_str(), busy.header("retry-after")),
            (Some("idempotency_in_flight"), "1")
        );
        owner.batch_execute("rollback").await.unwrap();
        slow.await.unwrap().is(200);
        let told = send(
            &app,
            "PATCH /api/things/1",
            &[("idempotency-key", "k")],
            r#"{"name":"N"}"#,
        )
        .await
        .is(200);
        assert_eq!(told.header("idempotency-replayed"), "true");
    });
}

#[test]
fn fifty_at_once_make_one_row() {
    with_app(setup(), |app| async move {
        let senders: Vec<_> = (0..50)
            .map(|_| {
                let app = Arc::clone(&app);
                tokio::spawn(async move {
                    loop {
                        let answer = send(
                            &app,
                            "POST /api/logs",
                            &[("idempotency-key", "fifty")],
                            r#"{"text":"x"}"#,
                        )
                        .await;
                        match answer.status {
                            201 => return answer,
                            409 | 503 => assert!(!answer.header("retry-after").is_empty(), "{}", answer.text),
                            other => panic!("{other}: {}", answer.text),
                        }
                    }
                })
            })
            .collect();
        let (mut bodies, mut done) = (std::collections::HashSet::new(), 0);
        for sender in senders {
            let answer = sender.await.unwrap();
            done += usize::from(!answer.headers.contains_key("idempotency-replayed"));
            bodies.insert(answer.text);
        }
        assert_eq!((bodies.len(), done), (1, 1));
        assert_eq!(app.get("/api/logs?select=text").await.json(), json!([{"text": "x"}]));
    });
}

#[test]
fn stored_replies_go_after_a_day_though_nobody_writes() {
    with_app(setup(), |app| async move {
        let key = |key| ("idempotency-key", key);
        for name in ["old", "new"] {
            send(&app, "POST /api/logs", &[key(name)], r#"{"text":"private"}"#)
                .await
                .is(201);
        }
        let owner = app.owner().await;
        let age = "update windlass.idempotency set created_at = now() - interval '25 hours' where key = 'old'";
        owner.execute(age, &[]).await.unwrap();
        let many = "insert into windlass.idempotency (scope, key, principal, method, path, fingerprint, status, headers, body, created_at)
             select int4send(n), 'k', 'p', 'POST', '/', '', 201, '[]', '', now() - interval '2 days' from generate_series(1, 1234) n";
        owner.execute(many, &[]).await.unwrap();
        let pool = Pool::new(&app.cluster.endpoint().config(Role::Owner), 1, Duration::from_secs(5));
        assert_eq!(idempotency::forget_old(&pool).await.unwrap(), 1235);
        assert_eq!(idempotency::forget_old(&pool).await.unwrap(), 0);
        let left = owner.query("select key from windlass.idempotency", &[]).await.unwrap();
        assert_eq!(
            left.iter().map(|row| row.get::<_, String>(0)).collect::<Vec<_>>(),
            ["new"]
        );
    });
}
