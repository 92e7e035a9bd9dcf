//! Routes that write: all of it or nothing, once if that is asked for.

use super::Body::{Code, Empty, Json};
use super::{run, send, with_routes};
use crate::app::App;

async fn number(app: &App, sql: &str) -> i64 {
    app.owner().await.query_one(sql, &[]).await.unwrap().get(0)
}

#[test]
fn several_statements_are_one_transaction() {
    with_routes(|app| async move {
        let path = "PATCH /api/leads/1/score";
        run(
            &app,
            &[
                send(path, &[], r#"{"by": 40}"#, 200, Json(r#"{"id":1,"score":40}"#)),
                // The second statement breaks a rule, and the first is undone.
                send(
                    path,
                    &[],
                    r#"{"by": 61}"#,
                    422,
                    Code("check_failed", "rule of the database"),
                ),
                // So is it where there is no row to answer with, and where the first one is refused.
                send("POST /api/gone", &[], "", 404, Code("row_not_found", "")),
                send(
                    "PATCH /api/leads/99/score",
                    &[],
                    r#"{"by": 1}"#,
                    409,
                    Code("foreign_key_conflict", ""),
                ),
                send(
                    path,
                    &[],
                    r#"{"by": 1, "kind": null}"#,
                    422,
                    Code("validation_failed", "kind"),
                ),
                send(
                    path,
                    &[("prefer", "tx=rollback")],
                    r#"{"by": 1}"#,
                    200,
                    Json(r#"{"id":1,"score":41}"#),
                ),
                send(path, &[("prefer", "return=minimal")], r#"{"by": 2}"#, 204, Empty),
                send(
                    "POST /api/refusing",
                    &[],
                    "",
                    400,
                    Code("database_rule", "come back tomorrow"),
                ),
            ],
        )
        .await;
        assert_eq!(
            number(&app, "select count(*) from events where kind = 'called'").await,
            3
        );
        assert_eq!(number(&app, "select score::int8 from leads where id = 1").await, 42);
    });
}

#[test]
fn status_and_headers_come_from_the_row() {
    with_routes(|app| async move {
        let created = app
            .post("/api/new-leads", r#"{"email": "cy@example.com", "name": "Cy"}"#)
            .await
            .is(201);
        assert_eq!(created.header("location"), "/api/lead?email=cy@example.com");
        assert_eq!(created.json()["name"], "Cy");
        assert_eq!(created.json().as_object().unwrap().len(), 2);
        let taken = app
            .post("/api/new-leads", r#"{"email": "cy@example.com", "name": "Cy"}"#)
            .await
            .is(409);
        assert_eq!(taken.json()["code"], "unique_conflict");
        // A header that cannot be sent is found before the row is stored.
        app.post("/api/new-leads", r#"{"email": "d\ny@example.com", "name": "Dy"}"#)
            .await
            .is(422);
        assert_eq!(number(&app, "select count(*) from leads").await, 3);
        run(
            &app,
            &[
                send("POST /api/leads/1/visits", &[], "", 204, Empty),
                send(
                    "POST /api/leads/99/visits",
                    &[],
                    "",
                    409,
                    Code("foreign_key_conflict", ""),
                ),
                send("DELETE /api/leads/3", &[], "", 204, Empty),
                send("DELETE /api/leads/x", &[], "", 422, Code("validation_failed", "")),
                send("DELETE /api/leads/1", &[], "", 409, Code("foreign_key_conflict", "")),
            ],
        )
        .await;
        assert_eq!(number(&app, "select count(*) from leads").await, 2);
    });
}

#[test]
fn a_write_with_a_key_is_done_once() {
    with_routes(|app| async move {
        let send = |key: &str, body: &str| {
            app.request(reqwest::Method::PATCH, "/api/leads/1/score")
                .header("content-type", "application/json")
                .header("idempotency-key", key.to_owned())
                .body(body.to_owned())
        };
        let first = crate::app::Answer::of(send("a", r#"{"by": 5}"#)).await.is(200);
        let again = crate::app::Answer::of(send("a", r#"{"by": 5}"#)).await.is(200);
        assert_eq!(first.text, again.text);
        assert_eq!(
            (
                first.header("idempotency-replayed"),
                again.header("idempotency-replayed")
            ),
            ("", "true")
        );
        let other = crate::app::Answer::of(send("a", r#"{"by": 6}"#)).await.is(422);
        assert_eq!(other.json()["code"], "idempotency_mismatch");
        assert_eq!(number(&app, "select score::int8 from leads where id = 1").await, 5);
    });
}

#[test]
fn a_client_who_hangs_up_leaves_no_half_of_a_write() {
    with_routes(|app| async move {
        let request = app.request(reqwest::Method::POST, "/api/slow-writes");
        let gone = request.timeout(std::time::Duration::from_millis(100)).send().await;
        assert!(gone.is_err_and(|error| error.is_timeout()));
        let owner = app.owner().await;
        let late = "select count(*) from events where kind = 'late'";
        assert_eq!(number(&app, late).await, 0, "the client was still there");
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
        loop {
            if number(&app, late).await == 1 {
                break;
            }
            assert!(std::time::Instant::now() < deadline, "the write was given up");
            owner.execute("select pg_sleep(0.05)", &[]).await.unwrap();
        }
    });
}
