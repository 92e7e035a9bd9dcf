//! Parameters from every part of a request, and what is wrong with them.

use super::Body::{Code, Json, Wrong};
use super::{Case, get, run, send, with_routes};

/// Everything that `everywhere` needs outside of its body.
const OUTSIDE: &[(&str, &str)] = &[("x-count", "3"), ("cookie", "other=1; sid=\"abc\"; theme=dark")];

const CASES: &[Case] = &[
    send(
        "POST /api/everywhere/7?q=1&q=2",
        OUTSIDE,
        r#"{"title": " Ti ", "score": 40}"#,
        200,
        Json(
            r#"{"p":7,"q":[1,2],"x_count":3,"session":"abc","title":"Ti","flag":true,"score":40,"note":null,"again":"Ti"}"#,
        ),
    ),
    send(
        "POST /api/everywhere/-7?q={4,5}",
        OUTSIDE,
        r#"{"title": "Ti", "score": 0, "flag": false, "note": "n"}"#,
        200,
        Json(
            r#"{"p":-7,"q":[4,5],"x_count":3,"session":"abc","title":"Ti","flag":false,"score":0,"note":"n","again":"Ti"}"#,
        ),
    ),
    send(
        "POST /api/everywhere/7?q=9",
        OUTSIDE,
        r#"{"title": "Ti", "score": 1, "note": null}"#,
        200,
        Json(
            r#"{"p":7,"q":[9],"x_count":3,"session":"abc","title":"Ti","flag":true,"score":1,"note":null,"again":"Ti"}"#,
        ),
    ),
    // Everything that is wrong is told at once, in the order of the request's parts.
    send(
        "POST /api/everywhere/x?q=1&q=y&other=1",
        &[("x-count", "10"), ("cookie", "sid=a")],
        r#"{"title": " a ", "score": 101, "colour": 1}"#,
        422,
        Wrong(&[
            "int_type path.p",
            "int_type query.q.1",
            "extra_forbidden query.other",
            "less_than_equal header.x-count",
            "string_too_short cookie.sid",
            "string_too_short body.title",
            "less_than_equal body.score",
            "extra_forbidden body.colour",
        ]),
    ),
    send(
        "POST /api/everywhere/7",
        &[],
        "",
        422,
        Wrong(&[
            "missing header.x-count",
            "missing cookie.sid",
            "missing body.title",
            "missing body.score",
        ]),
    ),
    send(
        "POST /api/everywhere/7",
        OUTSIDE,
        r#"{"title": "Ti", "score": 1, "flag": null}"#,
        422,
        Wrong(&["bool_type body.flag"]),
    ),
    send(
        "POST /api/everywhere/7",
        OUTSIDE,
        "[]",
        422,
        Wrong(&["model_type body"]),
    ),
    send("POST /api/everywhere/7", OUTSIDE, "{", 400, Code("bad_json", "")),
    send(
        "POST /api/everywhere/7",
        &[("content-type", "text/plain")],
        "x",
        415,
        Code("unsupported_media_type", "application/json"),
    ),
    send(
        "POST /api/everywhere/7?q=1&q=2&q=3&q=4",
        &[("x-count", "3"), ("cookie", "sid=abc; sid=abd")],
        r#"{"title": "Ti", "score": 1}"#,
        422,
        Wrong(&["too_long query.q", "value_error cookie.sid"]),
    ),
    send(
        "POST /api/everywhere/99999999999?q=",
        OUTSIDE,
        r#"{"title": "Ti", "score": 1}"#,
        422,
        Wrong(&["less_than_equal path.p", "int_type query.q.0"]),
    ),
    // The query.
    get(
        "/api/leads/1/timeline?limit=201",
        422,
        Wrong(&["less_than_equal query.limit"]),
    ),
    get(
        "/api/leads/1/timeline?limit=0&kind=met",
        422,
        Wrong(&["literal_error query.kind", "greater_than_equal query.limit"]),
    ),
    get(
        "/api/leads/1/timeline?limit=1&limit=2",
        422,
        Wrong(&["value_error query.limit"]),
    ),
    get(
        "/api/leads/1/timeline?select=at",
        422,
        Wrong(&["extra_forbidden query.select"]),
    ),
    get("/api/leads/one/timeline", 422, Wrong(&["int_type path.id"])),
    get("/api/leads/%ff/timeline", 400, Code("bad_path", "")),
    get("/api/leads/1/timeline?kind=%ff", 400, Code("bad_query", "")),
    get("/api/leads/1/timeline?kind=%00", 400, Code("bad_query", "U+0000")),
    get("/api/lead?email=ada@", 422, Wrong(&["string_email query.email"])),
    // The whole body.
    send(
        "POST /api/whole",
        &[],
        r#"{"a":[1,null,1.10]}"#,
        200,
        Json(r#"{"got":{"a":[1,null,1.10]}}"#),
    ),
    send("POST /api/whole", &[], "[1]", 200, Json(r#"{"got":[1]}"#)),
    send("POST /api/whole", &[], "null", 422, Wrong(&["json_type body"])),
    send("POST /api/whole", &[], "", 422, Wrong(&["missing body"])),
    send(
        "POST /api/whole?x=1",
        &[],
        "1",
        422,
        Wrong(&["extra_forbidden query.x"]),
    ),
    send(
        "POST /api/leads/1/visits",
        &[("content-type", "application/x-www-form-urlencoded")],
        "",
        204,
        super::Body::Empty,
    ),
    // Without parameters in the body there is nothing to send.
    send(
        "POST /api/leads/1/visits",
        &[],
        "{\"a\": 1}",
        422,
        Wrong(&["extra_forbidden body.a"]),
    ),
    // Methods and paths.
    send(
        "PUT /api/leads/1/timeline",
        &[],
        "{}",
        405,
        Code("method_not_allowed", "GET, HEAD, OPTIONS"),
    ),
    get("/api/leads/1/timeline/", 404, Code("route_not_found", "")),
    get("/api/leads//timeline", 404, Code("route_not_found", "")),
    send(
        "PATCH /api/leads/1",
        &[],
        "{}",
        405,
        Code("method_not_allowed", "GET, HEAD, DELETE, OPTIONS"),
    ),
    get("/api/closed", 401, Code("unauthenticated", "")),
    get(
        "/api/leads/2",
        200,
        Json(
            r#"{"id":2,"email":"bo@example.com","name":"Bo","mood":"calm","score":0,"meta":{},"address":null,"manager":null}"#,
        ),
    ),
    send(
        "GET /api/leads/1/timeline",
        &[("accept", "image/png")],
        "",
        406,
        Code("not_acceptable", ""),
    ),
    send(
        "GET /api/summary",
        &[("accept", "text/csv")],
        "",
        406,
        Code("not_acceptable", ""),
    ),
    send(
        "GET /api/plain",
        &[("prefer", "handling=strict, tx=rollback")],
        "",
        400,
        Code("bad_header", "tx"),
    ),
];

#[test]
fn parameters_come_from_every_part_of_a_request() {
    with_routes(|app| async move {
        run(&app, CASES).await;
        let allowed = app.request(reqwest::Method::OPTIONS, "/api/leads/1");
        let answer = crate::app::Answer::of(allowed).await.is(204);
        assert_eq!(answer.header("allow"), "GET, HEAD, DELETE, OPTIONS");
    });
}

/// Values that would end a text or a comment are values.
#[test]
fn values_are_never_sql() {
    with_routes(|app| async move {
        for odd in [
            "'; drop table leads; --",
            "\\'",
            "$$",
            "/*",
            "*/",
            ":name",
            "$1",
            "''",
            "\u{1F600}",
            "a\nb",
        ] {
            let body = serde_json::json!({ "title": odd, "score": 1, "note": odd });
            let request = app
                .request(reqwest::Method::POST, "/api/everywhere/1")
                .header("x-count", "1")
                .header("cookie", "sid=abc")
                .header("content-type", "application/json")
                .body(body.to_string());
            let answer = crate::app::Answer::of(request)
                .await
                .is(if odd.chars().count() < 2 { 422 } else { 200 });
            if answer.status == 200 {
                assert_eq!(answer.json()["note"], odd);
            }
        }
        let owner = app.owner().await;
        let row = owner.query_one("select count(*) from leads", &[]).await.unwrap();
        assert_eq!(row.get::<_, i64>(0), 2);
    });
}
