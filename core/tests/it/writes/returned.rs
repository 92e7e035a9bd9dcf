//! What a write and a single read give back: in which order, how much of it, and nothing that is not the client's to see.

use std::sync::Arc;

use windlass_core::app::Limits;

use super::Body::{Any, Code, Json};
use super::{ALL, Case, FULL, MERGE, MINIMAL, case, run, send};
use crate::app::{Setup, with_app};

const SCHEMA: &str = r"
create table pays (id integer primary key, email text not null unique, note text, n integer);
create table children (id integer primary key, pay_id integer references pays, name text);
create table closed (id integer primary key, email text not null unique, hidden text);
create table large (id integer primary key, text text not null);
insert into pays select n, 'e' || n, (array['b', 'a', null])[n], n from generate_series(1, 3) n;
insert into children values (1, 3, 'x'), (2, 1, 'y'), (3, 2, 'z');
insert into closed values (9, 'nine@example.org', 'sss');
insert into large select n, repeat('x', 9000) from generate_series(1, 400) n;
";

fn setup() -> Setup<'static> {
    Setup {
        schema: SCHEMA,
        resources: &[
            ("pays", ALL),
            ("children", ALL),
            ("large", ALL),
            (
                "closed",
                r#"
[access]
create = ["public"]
update = ["public"]
[[rules]]
expr = "self.email != 'abcdefgh' || !has(self.hidden)"
loc = "hidden"
msg = "must not be there"
"#,
            ),
        ],
        ..Setup::default()
    }
}

#[test]
fn rows_come_back_in_the_order_asked_for() {
    const CASES: &[Case] = &[
        case(
            "PATCH /api/pays?id=gte.1&order=note.desc.nullslast&select=id,note",
            &[FULL],
            r#"{"n":7}"#,
            200,
            &[("content-range", "*/3")],
            Json(r#"[{"id":1,"note":"b"},{"id":2,"note":"a"},{"id":3,"note":null}]"#),
        ),
        case(
            "PATCH /api/pays?id=gte.1&order=note.nullsfirst&select=id",
            &[FULL],
            r#"{"n":7}"#,
            200,
            &[],
            Json(r#"[{"id":3},{"id":2},{"id":1}]"#),
        ),
        case(
            "PATCH /api/children?id=gte.1&order=pays(email).desc&select=id,pays(email)",
            &[FULL],
            r#"{"name":"n"}"#,
            200,
            &[],
            Json(r#"[{"id":1,"pays":{"email":"e3"}},{"id":3,"pays":{"email":"e2"}},{"id":2,"pays":{"email":"e1"}}]"#),
        ),
        case(
            "POST /api/pays?order=email.desc&select=email",
            &[FULL],
            r#"[{"id":4,"email":"f1"},{"id":5,"email":"f3"},{"id":6,"email":"f2"}]"#,
            201,
            &[],
            Json(r#"[{"email":"f3"},{"email":"f2"},{"email":"f1"}]"#),
        ),
        case(
            "POST /api/pays?order=id.desc&select=id",
            &[MERGE],
            r#"[{"id":6,"email":"f2"},{"id":7,"email":"f4"}]"#,
            201,
            &[],
            Json(r#"[{"id":7},{"id":6}]"#),
        ),
        case(
            "POST /api/pays?order=id.desc&select=id",
            &[MERGE],
            r#"[{"id":6,"email":"f2"},{"id":7,"email":"f4"}]"#,
            200,
            &[],
            Json(r#"[{"id":7},{"id":6}]"#),
        ),
        case(
            "POST /api/pays?order=id",
            &[],
            r#"{"id":8,"email":"f5"}"#,
            201,
            &[],
            Any,
        ),
        case(
            "POST /api/pays?order=id",
            &[],
            r#"[{"id":10,"email":"g"},{"id":11,"email":"h","n":1}]"#,
            400,
            &[],
            Code("bad_query"),
        ),
        case(
            "DELETE /api/pays?id=gte.4&order=id.desc&select=id",
            &[FULL],
            "",
            200,
            &[],
            Json(r#"[{"id":8},{"id":7},{"id":6},{"id":5},{"id":4}]"#),
        ),
        case(
            "PATCH /api/pays?id=eq.1&order=id",
            &[],
            r#"{"n":1}"#,
            400,
            &[],
            Code("bad_query"),
        ),
        case(
            "PATCH /api/pays/1?order=id",
            &[],
            r#"{"n":1}"#,
            400,
            &[],
            Code("bad_query"),
        ),
        case(
            "PATCH /api/pays?id=gte.1&order=nothing",
            &[FULL],
            r#"{"n":1}"#,
            400,
            &[],
            Code("unknown_column"),
        ),
        case(
            "PATCH /api/pays?id=gte.1&limit=1",
            &[FULL],
            r#"{"n":1}"#,
            400,
            &[],
            Code("bad_query"),
        ),
    ];
    with_app(setup(), |app| async move { run(&app, CASES).await });
}

#[test]
fn rows_that_come_back_are_bounded() {
    let limits = Limits {
        reply: 5_000,
        ..Limits::default()
    };
    with_app(Setup { limits, ..setup() }, |app| async move {
        let row = |id: u8| format!(r#"{{"id":{id},"email":"m{id}","note":"{}"}}"#, "x".repeat(3000));
        let rows = format!("[{},{}]", row(4), row(5));
        let change = format!(r#"{{"note":"{}"}}"#, "y".repeat(3000));
        for (ask, body, note, written) in [
            ("POST /api/pays", &rows, "x", 2),
            ("PATCH /api/pays?id=gte.1", &change, "y", 5),
        ] {
            let refused = send(&app, ask, &[FULL], body).await.is(400);
            assert_eq!(refused.json()["code"], "reply_too_large", "{ask}");
            let found = format!("/api/pays?note=like.{note}*&select=id");
            assert_eq!(app.get(&found).await.is(200).text, "[]", "nothing was changed");
            let done = send(&app, ask, &[MINIMAL], body).await;
            assert!(done.status == 201 || done.status == 204, "{done:?}");
            assert_eq!(app.get(&found).await.json().as_array().unwrap().len(), written);
        }
        // Related rows count as well; one row alone is as large as it is.
        let children = format!(
            r#"[{{"id":4,"pay_id":1,"name":"{0}"}},{{"id":5,"pay_id":1,"name":"{0}"}}]"#,
            "x".repeat(3000)
        );
        send(&app, "POST /api/children", &[MINIMAL], &children).await.is(201);
        let refused = send(&app, "PATCH /api/pays/1?select=id,children(name)", &[], r#"{"n":1}"#).await;
        assert_eq!(refused.is(400).json()["code"], "reply_too_large");
        let longer = format!(r#"{{"note":"{}"}}"#, "x".repeat(9000));
        send(&app, "PATCH /api/pays/1", &[], &longer).await.is(200);
    });
}

#[test]
fn a_write_that_is_refused_in_the_middle_leaves_nothing() {
    with_app(setup(), |app| async move {
        let strict = ("prefer", "handling=strict, max-affected=1, return=representation");
        let body = format!(r#"{{"text":"{}"}}"#, "y".repeat(9000));
        // More often than there are lanes: none of them is lost, and no lock stays.
        for _ in 0..12 {
            let refused = send(&app, "PATCH /api/large?id=gte.1", &[strict], &body).await.is(400);
            assert_eq!(refused.json()["code"], "max_affected");
            send(&app, "PATCH /api/large/1", &[MINIMAL], r#"{"text":"z"}"#)
                .await
                .is(204);
        }
        let changed = app.get("/api/large?text=like.y*&select=id").await.is(200);
        assert_eq!(changed.text, "[]");
    });
}

#[test]
fn stored_values_stay_where_they_are() {
    with_app(setup(), |app| async move {
        let refused = send(&app, "PATCH /api/closed/9", &[], r#"{"email":"abcdefgh"}"#)
            .await
            .is(422);
        assert_eq!(refused.violations(), ["value_error body.hidden"]);
        assert!(!refused.text.contains("sss"), "{}", refused.text);
        // By whose key a unique value is taken is not told either.
        let merge = ("prefer", "resolution=merge-duplicates, return=headers-only");
        let upsert = "POST /api/closed?on_conflict=email";
        let created = send(&app, upsert, &[merge], r#"{"id":1,"email":"new"}"#).await.is(201);
        assert_eq!(created.header("location"), "/api/closed/1");
        let merged = send(&app, upsert, &[merge], r#"{"id":2,"email":"nine@example.org"}"#)
            .await
            .is(200);
        assert!(!merged.headers.contains_key("location"), "{:?}", merged.headers);
    });
}

#[test]
fn a_row_with_related_rows_has_no_tag() {
    with_app(setup(), |app| async move {
        const ASK: &str = "GET /api/pays/1?select=id,children(name)";
        let own = send(&app, "GET /api/pays/1", &[], "")
            .await
            .is(200)
            .header("etag")
            .to_owned();
        send(&app, "GET /api/pays/1", &[("if-none-match", &own)], "")
            .await
            .is(304);
        let before = send(&app, ASK, &[], "").await.is(200);
        assert!(!before.headers.contains_key("etag"));
        send(&app, "POST /api/children", &[], r#"{"id":9,"pay_id":1,"name":"fresh"}"#)
            .await
            .is(201);
        for (name, value) in [
            ("if-none-match", own.as_str()),
            ("if-none-match", "*"),
            ("if-match", "\"other\""),
        ] {
            let after = send(&app, ASK, &[(name, value)], "").await.is(200);
            assert!(after.text.contains("fresh"), "{name}");
        }
        // A write still knows the row's own.
        let ask = "PATCH /api/pays/1?select=id,children(name)";
        let changed = send(&app, ask, &[("if-match", &own)], r#"{"note":"new"}"#)
            .await
            .is(200);
        assert_ne!(changed.header("etag"), own);
        send(&app, ask, &[("if-match", &own)], r#"{"note":"newer"}"#)
            .await
            .is(412);
    });
}

#[test]
fn a_cast_that_does_not_fit_is_the_querys_fault() {
    with_app(setup(), |app| async move {
        for ask in ["GET /api/pays?select=email::int4", "GET /api/pays/1?select=email::int4"] {
            for accept in ["application/json", "application/x-ndjson, application/json;q=0.5"] {
                let refused = send(&app, ask, &[("accept", accept)], "").await.is(400);
                assert_eq!(refused.json()["code"], "bad_query", "{ask} {accept}");
            }
        }
    });
}

/// The contract is that of the table as it was; the next reload reads the new one.
#[test]
fn writes_while_the_table_changes() {
    with_app(setup(), |app| async move {
        let app = Arc::clone(&app);
        let owner = app.owner().await;
        let tag = send(&app, "GET /api/pays/1", &[], "").await.header("etag").to_owned();
        // More requests than there are lanes, so that each has known the statements.
        for _ in 0..10 {
            send(
                &app,
                "PATCH /api/pays/1",
                &[("if-match", "*"), ("idempotency-key", "one")],
                r#"{"n":1}"#,
            )
            .await
            .is(200);
            send(&app, "PATCH /api/pays/1", &[("if-match", &tag)], r#"{"n":1}"#)
                .await
                .is(200);
        }
        owner
            .batch_execute("alter table pays alter email type varchar(100)")
            .await
            .unwrap();
        for _ in 0..6 {
            send(&app, "PATCH /api/pays/1", &[("if-match", &tag)], r#"{"n":1}"#)
                .await
                .is(200);
        }
        // What could not be told is not done.
        owner
            .batch_execute("alter table pays alter n type bigint")
            .await
            .unwrap();
        for (headers, ask) in [
            (&[][..], "PATCH /api/pays/1"),
            (&[], "PATCH /api/pays/1"),
            (&[("if-match", tag.as_str())], "PATCH /api/pays/1"),
            (&[FULL], "PATCH /api/pays?id=eq.1"),
        ] {
            let refused = send(&app, ask, headers, r#"{"n":2}"#).await.is(503);
            assert_eq!(refused.json()["code"], "database_unavailable", "{ask}");
            assert_eq!(refused.header("retry-after"), "1");
            let row = owner.query_one("select n from pays where id = 1", &[]).await.unwrap();
            assert_eq!(row.get::<_, i64>(0), 1);
        }
        send(&app, "PATCH /api/pays/1?select=id", &[MINIMAL], r#"{"note":"told"}"#)
            .await
            .is(503);
        send(&app, "GET /api/pays/1?select=id,email", &[], "").await.is(503);
        send(&app, "GET /api/pays?select=id,email&id=eq.1", &[], "")
            .await
            .is(200);
    });
}
