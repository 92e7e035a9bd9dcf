//! How arguments are given, and what is said of those that are wrong.

use serde_json::Value;

use super::{Code, Json, get, post, run, with, with_functions};
use crate::app::Answer;

#[test]
fn lists_and_variadic_arguments() {
    with_functions(|app| async move {
        run(
            &app,
            &[
                get("total?numbers={1,2,3}", 200, Json("6")),
                get("total?numbers=[1,2,3]", 200, Json("6")),
                get("total?numbers={%20}", 200, Json("null")),
                get("total?numbers={1,NULL,%202%20}", 200, Json("3")),
                post("POST total", r#"{"numbers": [4, 5]}"#, 200, Json("9")),
                get("shape?grid={{1,2,3},{4,5,6}}", 200, Json(r#""[1:2][1:3]""#)),
                get("percents?of={1,2}", 200, Json("2")),
                post("POST percents", r#"{"of": [1, 2, 100]}"#, 200, Json("3")),
                get("words?words=a&words=b", 200, Json(r#""a-b""#)),
                get("words?words=a", 200, Json(r#""a""#)),
                get("words?words={a,%22b%20,c%22}", 200, Json(r#""a-b ,c""#)),
                post("POST words", r#"{"words": ["x", "y"]}"#, 200, Json(r#""x-y""#)),
                post("POST words", r#"{"words": []}"#, 200, Json(r#""""#)),
                post(
                    "POST words",
                    r#"{"words": null}"#,
                    400,
                    Code("bad_query", "empty array"),
                ),
                get("total?numbers={1,a}", 422, Code("validation_failed", "numbers")),
                get("total?numbers={1", 422, Code("validation_failed", "must be an array")),
                get(
                    "total?numbers={1}&numbers={2}",
                    422,
                    Code("validation_failed", "given twice"),
                ),
            ],
        )
        .await;
    });
}

#[test]
fn overloads_are_told_by_names() {
    with_functions(|app| async move {
        run(
            &app,
            &[
                get("area?side=3", 200, Json("9")),
                get("area?width=3&height=4", 200, Json("12")),
                post("POST area", r#"{"width": 3, "height": 4, "depth": 2}"#, 200, Json("24")),
                get(
                    "area?width=3",
                    404,
                    Code(
                        "unknown_function",
                        "`height` missing\nthe closest is area(width, height)",
                    ),
                ),
                get(
                    "area?sides=3",
                    404,
                    Code(
                        "unknown_function",
                        "`side` missing; `sides` unknown\nthe closest is area(side)",
                    ),
                ),
                post(
                    "POST area",
                    r#"{"side": 1, "colour": 2}"#,
                    404,
                    Code("unknown_function", "`colour` unknown"),
                ),
                get(
                    "greet",
                    404,
                    Code("unknown_function", "`name` missing\nthe closest is greet(name)"),
                ),
                get("either?a=1", 300, Code("ambiguous_function", "either(a) or either(a)")),
                post(
                    "POST either",
                    r#"{"a": "x"}"#,
                    300,
                    Code("ambiguous_function", "rename"),
                ),
                // Names first; what fits none of them is the argument itself.
                post("POST echo", r#"{"a": 5}"#, 200, Json("5")),
                post("POST echo", r#"{"b": 5}"#, 200, Json(r#"{"b": 5}"#)),
                post("POST echo", "[1, 2]", 200, Json("[1, 2]")),
                post("POST echo", "null", 200, Json("null")),
                post("POST echo", "[1, ", 400, Code("bad_json", "line 1")),
                get("echo?b=5", 404, Code("unknown_function", "echo(a)")),
                with(
                    "POST shout",
                    &[("content-type", "text/plain")],
                    "hello",
                    200,
                    &[],
                    Json(r#""HELLO""#),
                ),
                with(
                    "POST size",
                    &[("content-type", "application/octet-stream")],
                    "12345",
                    200,
                    &[],
                    Json("5"),
                ),
                with(
                    "POST greet",
                    &[("content-type", "text/plain")],
                    "x",
                    415,
                    &[],
                    Code("unsupported_media_type", "json"),
                ),
                with(
                    "POST greet",
                    &[("content-type", "application/xml")],
                    "<x/>",
                    415,
                    &[],
                    Code("unsupported_media_type", "json"),
                ),
                post("POST shout", r#"{"a": 1}"#, 404, Code("unknown_function", "whole body")),
                post(
                    "POST greet",
                    "[]",
                    422,
                    Code("validation_failed", "must be an object with the arguments by name"),
                ),
                post("POST greet", "{", 400, Code("bad_json", "")),
            ],
        )
        .await;
    });
}

#[test]
fn everything_wrong_is_told_at_once() {
    with_functions(|app| async move {
        run(
            &app,
            &[
                post(
                    "POST add_them",
                    r#"{"a": "x", "b": 1.5}"#,
                    422,
                    Code("validation_failed", "a: must be an integer; b: must be a whole number"),
                ),
                get(
                    "add_them?a=x&b=99999999999",
                    422,
                    Code("validation_failed", "a: must be an integer"),
                ),
                post(
                    "POST band",
                    r#"{"of": 101}"#,
                    422,
                    Code("validation_failed", "of: must be at most 100"),
                ),
                get("band?of=-1", 422, Code("validation_failed", "of: must be at least 0")),
                get("turned?mood=sad", 422, Code("validation_failed", "'calm' or 'busy'")),
                get("odd?%3A%3D=10", 422, Code("validation_failed", "must be at most 9")),
                post(
                    "POST percents",
                    r#"{"of": [1, 200]}"#,
                    422,
                    Code("validation_failed", "of.1"),
                ),
                post(
                    "POST length_of",
                    r#"{"embedding": [1, "x", 3]}"#,
                    422,
                    Code("validation_failed", "embedding.1"),
                ),
                get("at_offset?at=yesterday", 422, Code("validation_failed", "at:")),
                get("greet?name=%00", 400, Code("bad_query", "U+0000")),
                get(
                    "greet?name=a&name=b",
                    422,
                    Code("validation_failed", "name: is given twice"),
                ),
            ],
        )
        .await;
        let place = |answer: Answer| -> Value { answer.json()["errors"][0]["loc"].clone() };
        let query = app.get("/api/rpc/add_them?a=x").await.is(422);
        assert_eq!(place(query), serde_json::json!(["query", "a"]));
        let body = app.post("/api/rpc/add_them", r#"{"a": "x"}"#).await.is(422);
        assert_eq!(place(body), serde_json::json!(["body", "a"]));
    });
}
