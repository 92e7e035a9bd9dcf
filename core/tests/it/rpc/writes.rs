//! Functions that write: transactions, refusals, preferences, idempotency keys.

use super::{Code, Empty, Json, Text, get, post, run, with, with_functions};

#[test]
fn what_writes_is_stored_or_refused_whole() {
    with_functions(|app| async move {
        run(
            &app,
            &[
                post("POST how_many", "", 200, Json("0")),
                post(
                    "POST note?select=text",
                    r#"{"text": "one"}"#,
                    200,
                    Json(r#"{"text":"one"}"#),
                ),
                with(
                    "POST notes?select=text&order=text",
                    &[],
                    r#"{"texts": ["two", "three"]}"#,
                    200,
                    &[("content-range", "0-1/*")],
                    Json(r#"[{"text":"three"},{"text":"two"}]"#),
                ),
                // A filter picks among the rows of the reply; all of them are stored.
                with(
                    "POST notes?select=text&text=eq.five",
                    &[("prefer", "count=exact")],
                    r#"{"texts": ["four", "five"]}"#,
                    200,
                    &[("content-range", "0-0/1")],
                    Json(r#"[{"text":"five"}]"#),
                ),
                post("POST how_many", "{}", 200, Json("5")),
                with(
                    "POST note",
                    &[("prefer", "return=minimal")],
                    r#"{"text": "six"}"#,
                    204,
                    &[("preference-applied", "return=minimal")],
                    Empty,
                ),
                with(
                    "POST note",
                    &[("prefer", "tx=rollback")],
                    r#"{"text": "seven"}"#,
                    200,
                    &[("preference-applied", "tx=rollback")],
                    Json(r#"{"id":7,"text":"seven"}"#),
                ),
                with(
                    "POST notes",
                    &[("prefer", "handling=strict, max-affected=1")],
                    r#"{"texts": ["x", "y"]}"#,
                    400,
                    &[],
                    Code("max_affected", ""),
                ),
                with(
                    "POST notes",
                    &[("accept", "application/vnd.pgrst.object+json")],
                    r#"{"texts": ["x", "y"]}"#,
                    406,
                    &[],
                    Code("not_one_row", "nothing was changed"),
                ),
                with(
                    "POST notes?select=text",
                    &[("accept", "application/vnd.pgrst.object+json")],
                    r#"{"texts": ["z"]}"#,
                    200,
                    &[],
                    Json(r#"{"text":"z"}"#),
                ),
                // A function that writes runs, whatever is asked of what it gives.
                post("POST notes?limit=0", r#"{"texts": ["v1"]}"#, 200, Json("[]")),
                post(
                    "POST notes?text=eq.a&text=eq.b",
                    r#"{"texts": ["v2"]}"#,
                    200,
                    Json("[]"),
                ),
                post("POST notes?text=eq(any).{}", r#"{"texts": ["v3"]}"#, 200, Json("[]")),
                post(
                    "POST notes?text=not.in.()&select=text",
                    r#"{"texts": ["v4"]}"#,
                    200,
                    Json(r#"[{"text":"v4"}]"#),
                ),
                with(
                    "POST notes?text=in.()",
                    &[("prefer", "count=exact")],
                    r#"{"texts": ["v5"]}"#,
                    200,
                    &[("content-range", "*/0")],
                    Json("[]"),
                ),
                with(
                    "POST notes?text=in.()",
                    &[("prefer", "return=minimal")],
                    r#"{"texts": ["v6"]}"#,
                    204,
                    &[],
                    Empty,
                ),
                with(
                    "POST notes?select=text&order=text",
                    &[("accept", "text/csv")],
                    r#"{"texts": ["v8", "v7"]}"#,
                    200,
                    &[("content-range", "0-1/*")],
                    Text("text\r\nv7\r\nv8\r\n"),
                ),
                with(
                    "POST notes?select=text",
                    &[("accept", "text/csv")],
                    r#"{"texts": ["w"]}"#,
                    200,
                    &[("content-type", "text/csv; charset=utf-8")],
                    Text("text\r\nw\r\n"),
                ),
                post("POST note", r#"{"text": "one"}"#, 409, Code("unique_conflict", "")),
                post("POST how_many", "", 200, Json("16")),
                // Where nothing is returned, no form of it is refused.
                with("POST forget", &[("accept", "image/png")], "", 204, &[], Empty),
                post("POST how_many", "", 200, Json("0")),
            ],
        )
        .await;
    });
}

#[test]
fn refusals_of_the_database_undo_everything() {
    with_functions(|app| async move {
        run(
            &app,
            &[
                post(
                    "POST refuse",
                    r#"{"how": "plain"}"#,
                    400,
                    Code("database_rule", "not today\nit is Monday\ncome tomorrow"),
                ),
                post(
                    "POST refuse",
                    r#"{"how": "teapot"}"#,
                    418,
                    Code("database_status", "short and stout"),
                ),
                post(
                    "POST refuse",
                    r#"{"how": "missing"}"#,
                    404,
                    Code("database_status", "no such thing"),
                ),
                post("POST refuse", r#"{"how": "unique"}"#, 409, Code("unique_conflict", "")),
                post(
                    "POST refuse",
                    r#"{"how": "zero"}"#,
                    422,
                    Code("check_failed", "cannot work with these values"),
                ),
                post(
                    "POST refuse",
                    r#"{"how": "deep"}"#,
                    422,
                    Code("check_failed", "went too deep"),
                ),
                with(
                    "POST refuse",
                    &[],
                    r#"{"how": "serial"}"#,
                    409,
                    &[("retry-after", "1")],
                    Code("write_conflict", ""),
                ),
                post("POST refuse", r#"{"how": "other"}"#, 500, Code("internal", "")),
                // Declared to write nothing, it cannot.
                get("liar", 400, Code("database_rule", "although it is declared not to")),
                post("POST liar", "", 400, Code("database_rule", "declare it `volatile`")),
                get("lying_rows", 400, Code("database_rule", "declare it `volatile`")),
                post("POST how_many", "", 200, Json("0")),
            ],
        )
        .await;
    });
}

#[test]
fn a_key_names_one_call() {
    with_functions(|app| async move {
        const KEY: (&str, &str) = ("idempotency-key", "k1");
        run(
            &app,
            &[
                with(
                    "POST note?select=text",
                    &[KEY],
                    r#"{"text": "once"}"#,
                    200,
                    &[("!idempotency-replayed", "")],
                    Json(r#"{"text":"once"}"#),
                ),
                with(
                    "POST note?select=text",
                    &[KEY],
                    r#"{"text": "once"}"#,
                    200,
                    &[("idempotency-replayed", "true")],
                    Json(r#"{"text":"once"}"#),
                ),
                with(
                    "POST note?select=text",
                    &[KEY],
                    r#"{"text": "other"}"#,
                    422,
                    &[],
                    Code("idempotency_mismatch", ""),
                ),
                // Where nothing is returned, no form of it is refused.
                with("POST forget", &[("idempotency-key", "k2")], "", 204, &[], Empty),
                with(
                    "POST forget",
                    &[("idempotency-key", "k2")],
                    "",
                    204,
                    &[("idempotency-replayed", "true")],
                    Empty,
                ),
                // What only reads is done again.
                with(
                    "POST greet",
                    &[("idempotency-key", "k3")],
                    r#"{"name": "a"}"#,
                    200,
                    &[("!idempotency-replayed", "")],
                    Json(r#""hello a""#),
                ),
            ],
        )
        .await;
    });
}
