//! Functions that give one value, or nothing.

use super::{Code, Empty, Json, Text, get, post, run, with, with_functions};

#[test]
fn values_of_every_kind() {
    with_functions(|app| async move {
        run(
            &app,
            &[
                get("add_them?a=1&b=2", 200, Json("3")),
                get("add_them?a=1", 200, Json("11")),
                post("POST add_them", r#"{"a": 1, "b": 2}"#, 200, Json("3")),
                post("POST add_them", r#"{"b": -2, "a": 1}"#, 200, Json("-1")),
                // Null is a value, not the default.
                post("POST add_them", r#"{"a": 1, "b": null}"#, 200, Json("null")),
                with(
                    "HEAD add_them?a=1",
                    &[],
                    "",
                    200,
                    &[("content-length", "2"), ("content-type", "application/json")],
                    Empty,
                ),
                get("big", 200, Text("9007199254740993")),
                post("POST big", "", 200, Text("9007199254740993")),
                post("POST big", "{}", 200, Text("9007199254740993")),
                get("nothing", 200, Json("null")),
                get("greet?name=Ada%20%26%20Bo", 200, Json(r#""hello Ada & Bo""#)),
                get("greet?name=eq.1", 200, Json(r#""hello eq.1""#)),
                get("greet?name=", 200, Json(r#""hello ""#)),
                get(
                    "greet?name=%27%3B%20drop%20table%20people--",
                    200,
                    Json(r#""hello '; drop table people--""#),
                ),
                get("band?of=7", 200, Json(r#""calm""#)),
                get("turned?mood=calm", 200, Json(r#""busy""#)),
                post(
                    "POST document",
                    r#"{"data": {"x": [1.50, "é"]}}"#,
                    200,
                    Text(r#"{"x": [1.50, "é"]}"#),
                ),
                get("document?data=[1,%20true]", 200, Json("[1, true]")),
                get("document?data=plain", 200, Json(r#""plain""#)),
                post(
                    "POST exactly",
                    r#"{"amount": 12345678901234567890.0123456789}"#,
                    200,
                    Text("12345678901234567890.0123456789"),
                ),
                get("exactly?amount=0.10", 200, Text("0.10")),
                get(
                    "at_offset?at=2026-01-31T13:45:00+02:00",
                    200,
                    Json(r#""2026-01-31T11:45:00Z""#),
                ),
                get("code?code=abc", 200, Json(r#""abc""#)),
                get("letters?code=abc", 200, Json("3")),
                post("POST flags", r#"{"bits": "101"}"#, 200, Json(r#""101""#)),
                get("odd?%3A%3D=7", 200, Json("7")),
                post("POST odd", r#"{":=": 9}"#, 200, Json("9")),
                post("POST length_of", r#"{"embedding": [3, 4, 0]}"#, 200, Json("5.0")),
                get("length_of?embedding=[3,4,0]", 200, Json("5.0")),
                get("idle", 204, Empty),
                post("POST idle", "", 204, Empty),
                // A word of the dialect is an argument in a body alone.
                post("POST limited", r#"{"limit": 5}"#, 200, Json("5")),
                get("limited?limit=5", 404, Code("unknown_function", "limited(limit)")),
            ],
        )
        .await;
    });
}

#[test]
fn a_value_is_no_list() {
    with_functions(|app| async move {
        run(
            &app,
            &[
                get("greet?name=a&order=x", 400, Code("bad_query", "no list")),
                get("greet?name=a&offset=1", 400, Code("bad_query", "no list")),
                get("greet?name=a&select=greet", 400, Code("bad_query", "no columns")),
                get("greet?name=a&limit=0", 400, Code("bad_query", "no list")),
                with(
                    "greet?name=a",
                    &[("accept", "text/csv")],
                    "",
                    406,
                    &[],
                    Code("not_acceptable", "application/json"),
                ),
                with(
                    "greet?name=a",
                    &[("accept", "application/vnd.pgrst.object+json")],
                    "",
                    200,
                    &[("content-type", "application/vnd.pgrst.object+json")],
                    Json(r#""hello a""#),
                ),
                with(
                    "greet?name=a",
                    &[("prefer", "count=exact")],
                    "",
                    200,
                    &[
                        ("!content-range", ""),
                        ("vary", "accept, authorization, apikey, x-api-key"),
                    ],
                    Json(r#""hello a""#),
                ),
            ],
        )
        .await;
    });
}

#[test]
fn paths_and_methods() {
    with_functions(|app| async move {
        run(
            &app,
            &[
                get("not_there", 404, Code("route_not_found", "")),
                get("greet/1", 404, Code("route_not_found", "")),
                get("", 404, Code("route_not_found", "")),
                with(
                    "PUT greet",
                    &[],
                    "{}",
                    405,
                    &[("allow", "GET, HEAD, POST, OPTIONS")],
                    Code("method_not_allowed", ""),
                ),
                with(
                    "OPTIONS greet",
                    &[],
                    "",
                    204,
                    &[("allow", "GET, HEAD, POST, OPTIONS")],
                    Empty,
                ),
                with("OPTIONS note", &[], "", 204, &[("allow", "POST, OPTIONS")], Empty),
                with(
                    "GET note?text=a",
                    &[],
                    "",
                    405,
                    &[("allow", "POST, OPTIONS")],
                    Code("method_not_allowed", "POST"),
                ),
                // One of its overloads may be read, this one not.
                with(
                    "area?width=1&height=2&depth=3",
                    &[],
                    "",
                    405,
                    &[("allow", "POST, OPTIONS")],
                    Code("method_not_allowed", ""),
                ),
                get("closed?name=a", 401, Code("unauthenticated", "")),
                post("POST closed", r#"{"name": "a"}"#, 401, Code("unauthenticated", "")),
            ],
        )
        .await;
    });
}
