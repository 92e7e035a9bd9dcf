//! What the API does with bad requests: a 4xx with a code, never a 5xx, never a leak.

use reqwest::Method;

use crate::app::{Answer, Setup, with_app};

#[test]
fn bad_requests_are_told_what_is_wrong() {
    with_app(Setup::default(), |app| async move {
        app.post("/api/people", r#"{"email":"a@example.com","name":"A"}"#)
            .await
            .is(201);
        app.post("/api/notes", r#"{"person_id":1,"seq":1}"#).await.is(201);

        let answer = app
            .post("/api/people", r#"{"email":"ada@","score":140,"colour":1}"#)
            .await
            .is(422);
        assert_eq!(answer.header("content-type"), "application/problem+json");
        let mut violations = answer.violations();
        violations.sort();
        assert_eq!(
            violations,
            [
                "extra_forbidden body.colour",
                "less_than_equal body.score",
                "missing body.name",
                "string_email body.email"
            ]
        );

        let deep = format!("{{\"email\":{}{}}}", "[".repeat(80), "]".repeat(80));
        let long = format!("{{\"email\":\"a@example.com\",\"name\":\"{}\"}}", "x".repeat(41));
        for (body, status, code) in [
            ("", 400, "bad_json"),
            ("{", 400, "bad_json"),
            ("{} x", 400, "bad_json"),
            (r#"{"name":"a","name":"b"}"#, 400, "bad_json"),
            (r#"{"name":"\u0000"}"#, 400, "bad_json"),
            (r#"{"score":NaN}"#, 400, "bad_json"),
            (r#"{"score":1e999999}"#, 400, "bad_json"),
            (deep.as_str(), 400, "bad_json"),
            ("[]", 422, "validation_failed"),
            ("5", 422, "validation_failed"),
            ("{}", 422, "validation_failed"),
            (long.as_str(), 422, "validation_failed"),
            (
                r#"{"email":"b@example.com","name":"B","id":5}"#,
                422,
                "validation_failed",
            ),
            (
                r#"{"email":"b@example.com","name":"B","secret":"x"}"#,
                422,
                "validation_failed",
            ),
            (
                r#"{"email":"b@example.com","name":"B","balance":12345678901.5}"#,
                422,
                "validation_failed",
            ),
            (
                r#"{"email":"b@example.com","name":"B","joined":"2024-01-01T00:00:00"}"#,
                422,
                "validation_failed",
            ),
            (
                r#"{"email":"b@example.com","name":"B","mood":"bsy"}"#,
                422,
                "validation_failed",
            ),
            (r#"{"email":"a@example.com","name":"B"}"#, 409, "unique_conflict"),
        ] {
            let answer = app.post("/api/people", body).await.is(status);
            assert_eq!(answer.json()["code"], code, "{body}");
            assert!(answer.json()["request_id"].as_str().unwrap().len() > 8);
        }
        let taken = app
            .post("/api/people", r#"{"email":"a@example.com","name":"B"}"#)
            .await
            .json();
        assert_eq!(taken["details"], "email: already taken");
        let orphan = app
            .post("/api/notes", r#"{"person_id":99,"seq":1}"#)
            .await
            .is(409)
            .json();
        assert!(orphan["details"].as_str().unwrap().starts_with("person_id"), "{orphan}");
        let raised = app
            .post("/api/notes", r#"{"person_id":1,"seq":7,"body":"raise"}"#)
            .await
            .is(400)
            .json();
        assert_eq!(
            (&raised["message"], &raised["hint"]),
            (&"notes may not say raise".into(), &"say something else".into())
        );
        app.post("/api/notes", r#"{"person_id":1,"seq":7,"body":"teapot"}"#)
            .await
            .is(418);

        for (path, status, code) in [
            ("/api/people?colour=eq.1", 400, "unknown_column"),
            ("/api/people?secret=eq.1", 400, "unknown_column"),
            ("/api/people?select=nam", 400, "unknown_column"),
            ("/api/people?order=nam", 400, "unknown_column"),
            ("/api/people?score=5", 400, "bad_query"),
            ("/api/people?score=eq.five", 400, "bad_query"),
            ("/api/people?score=eq.99999999999", 400, "bad_query"),
            ("/api/people?score=between.1", 400, "bad_query"),
            ("/api/people?score=is.true", 400, "bad_query"),
            ("/api/people?score=like.1*", 400, "bad_query"),
            ("/api/people?meta=eq.x", 400, "bad_query"),
            ("/api/people?mood=eq.bsy", 400, "bad_query"),
            ("/api/people?name=like.x%5C", 400, "bad_query"),
            ("/api/people?or=(a", 400, "bad_query"),
            ("/api/people?limit=-1", 400, "bad_query"),
            ("/api/people?name=eq.%FF", 400, "bad_query"),
            ("/api/people?name=eq.%00", 400, "bad_query"),
            ("/api/people?select=id,id", 400, "bad_query"),
            ("/api/people/1?score=eq.1", 400, "bad_query"),
            ("/api/people/x", 422, "validation_failed"),
            ("/api/people/99999999999999999999", 422, "validation_failed"),
            ("/api/people/5000", 404, "row_not_found"),
            ("/api/notes/1", 400, "bad_path"),
            ("/api/people/1/2", 404, "route_not_found"),
            ("/api/busy/1", 404, "route_not_found"),
            ("/api/nothing", 404, "route_not_found"),
            ("/docs/assets/../../Cargo.toml", 404, "route_not_found"),
            ("/docs/assets/none.js", 404, "route_not_found"),
        ] {
            let answer = app.get(path).await.is(status);
            assert_eq!(answer.json()["code"], code, "{path}");
        }
        assert_eq!(
            app.get("/api/people?nmae=eq.x").await.json()["hint"],
            "did you mean `name`?"
        );

        for (method, path, status) in [
            (Method::DELETE, "/api/people", 400),
            (Method::PATCH, "/api/people", 400),
            (Method::DELETE, "/api/people?limit=1&id=eq.1", 400),
            // There it is about the row that a filter names.
            (Method::PUT, "/api/people", 400),
            (Method::PUT, "/api/busy", 405),
            (Method::POST, "/api/people/1", 405),
            (Method::POST, "/api/busy", 405),
            (Method::POST, "/health/live", 405),
            (Method::POST, "/docs", 405),
            (Method::GET, "/api/closed", 401),
        ] {
            app.send(method.clone(), path, r#"{"score":1}"#).await.is(status);
        }
        assert_eq!(
            app.send(Method::POST, "/api/busy", "{}").await.header("allow"),
            "GET, HEAD, OPTIONS"
        );
        assert!(
            app.get("/api/closed")
                .await
                .header("www-authenticate")
                .starts_with("Bearer")
        );
        Answer::of(app.request(Method::POST, "/api/people").body("{}"))
            .await
            .is(415);
        Answer::of(
            app.request(Method::POST, "/api/people")
                .header("content-type", "text/plain")
                .body("{}"),
        )
        .await
        .is(415);
        Answer::of(
            app.request(Method::GET, "/api/people")
                .header("accept", "application/xml"),
        )
        .await
        .is(406);
        for (method, header, schema, status) in [
            (Method::GET, "accept-profile", "public", 200),
            (Method::GET, "accept-profile", "private", 406),
            (Method::HEAD, "accept-profile", "pg_catalog", 406),
            // Each is about requests of its own kind alone.
            (Method::GET, "content-profile", "private", 200),
            (Method::PATCH, "content-profile", "public", 204),
            (Method::PATCH, "content-profile", "private", 406),
            (Method::DELETE, "content-profile", "\"public\"", 406),
        ] {
            let request = app.request(method, "/api/people?name=eq.Nobody").header(header, schema);
            let request = request
                .header("content-type", "application/json")
                .body(r#"{"score":1}"#);
            Answer::of(request).await.is(status);
        }
        Answer::of(
            app.request(Method::GET, "/api/people")
                .header("prefer", "handling=strict, what=ever"),
        )
        .await
        .is(400);

        // A fault behind the database's own functions: the cause stays in the log.
        let broken = app
            .post("/api/notes", r#"{"person_id":1,"seq":9,"body":"broken"}"#)
            .await;
        assert!(
            !broken.text.contains("not_there") && !broken.text.contains("pg_class"),
            "{}",
            broken.text
        );
    });
}

#[test]
fn nothing_from_a_request_is_read_as_sql() {
    with_app(Setup::default(), |app| async move {
        app.post("/api/people", r#"{"email":"a@example.com","name":"A"}"#)
            .await
            .is(201);
        let strings = [
            "'",
            "\"",
            "';drop table people--",
            "\\'",
            "$1",
            "a\"b",
            "::int",
            "/*",
            "--",
            "%27",
            "0;",
            "null",
            ")",
            "((",
        ];
        for string in strings {
            let coded: String = string.bytes().map(|b| format!("%{b:02X}")).collect();
            for path in [
                format!("/api/people?name=eq.{coded}"),
                format!("/api/people?name=in.({coded})"),
                format!("/api/people?name=like.{coded}"),
                format!("/api/people?or=(name.eq.{coded})"),
                format!("/api/people?{coded}=eq.1"),
                format!("/api/people?order={coded}"),
                format!("/api/people?select={coded}"),
                format!("/api/people?select={coded}:name"),
                format!("/api/people?limit={coded}"),
                format!("/api/people/{coded}"),
                format!("/api/people?tags=eq.{coded}"),
                format!("/api/people?joined=gt.{coded}"),
                format!("/api/odd?place=eq.{coded}"),
            ] {
                let answer = app.get(&path).await;
                assert!(answer.status < 500, "{path}: {} {}", answer.status, answer.text);
            }
            let body = serde_json::json!({"email": format!("x{}@example.com", coded.replace('%', "p")), "name": string, "tags": [string], "meta": {string: string}});
            let made = app.post("/api/people", &body.to_string()).await.is(201).json();
            assert_eq!(
                (made["name"].as_str().unwrap(), made["tags"][0].as_str().unwrap()),
                (string, string)
            );
        }
    });
}
