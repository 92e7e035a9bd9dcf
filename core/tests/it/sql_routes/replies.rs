//! What routes answer with, and that the docs say so.

use serde_json::Value;

use super::Body::{Code, Empty, Json, Text};
use super::{Case, ask, get, run, send, with_routes};
use crate::app::{Answer, App};

const NDJSON: &[(&str, &str)] = &[("accept", "application/x-ndjson")];
const CSV: &[(&str, &str)] = &[("accept", "text/csv")];
const OBJECT: &[(&str, &str)] = &[("accept", "application/vnd.pgrst.object+json")];

const CASES: &[Case] = &[
    get(
        "/api/leads/1/timeline",
        200,
        Json(r#"[{"at":"2026-01-03T00:00:00Z","kind":"visited"},{"at":"2026-01-02T00:00:00Z","kind":"called"}]"#),
    ),
    get(
        "/api/leads/1/timeline?kind=called&limit=200",
        200,
        Json(r#"[{"at":"2026-01-02T00:00:00Z","kind":"called"}]"#),
    ),
    get("/api/leads/99/timeline", 200, Json("[]")),
    send(
        "GET /api/leads/1/timeline?limit=1",
        NDJSON,
        "",
        200,
        Text("{\"at\":\"2026-01-03T00:00:00Z\",\"kind\":\"visited\"}\n"),
    ),
    send(
        "GET /api/leads/1/timeline?limit=1",
        CSV,
        "",
        200,
        Text("at,kind\r\n2026-01-03T00:00:00Z,visited\r\n"),
    ),
    send("GET /api/leads/99/timeline", CSV, "", 200, Text("at,kind\r\n")),
    send(
        "GET /api/leads/1/timeline?limit=1",
        OBJECT,
        "",
        200,
        Json(r#"{"at":"2026-01-03T00:00:00Z","kind":"visited"}"#),
    ),
    send(
        "GET /api/leads/1/timeline",
        OBJECT,
        "",
        406,
        Code("not_one_row", "2 rows"),
    ),
    send("HEAD /api/leads/1/timeline", &[], "", 200, Empty),
    send("HEAD /api/leads/1/timeline", NDJSON, "", 200, Empty),
    get(
        "/api/lead?email=%20ADA@example.com",
        200,
        Json(r#"{"id":1,"name":"Ada","mood":"calm","address":"10.0.0.1","manager":null}"#),
    ),
    send(
        "GET /api/lead?email=ada@example.com",
        CSV,
        "",
        200,
        Text("id,name,mood,address,manager\r\n1,Ada,calm,10.0.0.1,\r\n"),
    ),
    get("/api/lead?email=nobody@example.com", 404, Code("row_not_found", "")),
    get("/api/summary", 200, Json(r#"{"leads":2,"names":["Ada","Bo"]}"#)),
    get("/api/several", 406, Code("not_one_row", "2 rows")),
    get("/api/numbers/all", 200, Json("\"words come first\"")),
    // Bounds.
    get(
        "/api/numbers/2?width=1",
        200,
        Json(r#"[{"n":1,"x":"x"},{"n":2,"x":"x"}]"#),
    ),
    get("/api/numbers/11?width=0", 400, Code("reply_too_large", "more than")),
    get(
        "/api/numbers/2?width=50",
        400,
        Code("reply_too_large", "more than 60 bytes"),
    ),
    get("/api/slow", 504, Code("statement_timeout", "")),
    get("/api/sneaky", 400, Code("database_rule", "although it is a GET")),
    // Reserved columns.
    get("/api/steered", 200, Json(r#"{"a":1}"#)),
    get("/api/steered?status=299", 299, Json(r#"{"a":1}"#)),
    get("/api/steered?status=404", 404, Json(r#"{"a":1}"#)),
    get("/api/steered?status=204", 204, Empty),
    get("/api/steered?status=304", 304, Empty),
    get("/api/steered?note=a%0Ab", 422, Code("check_failed", "`x-note`")),
    get("/api/steered?note=%C3%A4", 422, Code("check_failed", "`x-note`")),
    get("/api/steered?status=199", 500, Code("internal", "")),
    get("/api/steered?status=600", 500, Code("internal", "")),
    send("POST /api/whole", OBJECT, "1", 200, Json(r#"{"got":1}"#)),
];

#[test]
fn every_return_has_its_reply() {
    with_routes(|app| async move {
        run(&app, CASES).await;
        let answer = app.get("/api/leads/1/timeline").await.is(200);
        assert_eq!(answer.header("cache-control"), "private, max-age=5");
        assert_eq!(
            (answer.header("vary"), answer.header("content-type")),
            ("accept, authorization, apikey, x-api-key", "application/json")
        );
        assert_eq!(
            app.get("/api/leads/x/timeline").await.is(422).header("cache-control"),
            ""
        );
        let answer = app.get("/api/steered?note=seen").await.is(200);
        // What the row says goes before what the file says.
        assert_eq!(
            (answer.header("x-note"), answer.header("cache-control")),
            ("seen", "max-age=1")
        );
        assert!(app.get("/api/steered").await.headers.get("x-note").is_none());
        let seen = app.post("/api/whole", "1").await.is(200);
        assert_eq!(seen.header("x-seen"), "yes");
        // What is streamed may have more rows, up to its own bound, and then never looks whole.
        let lines = |n: u32| Case {
            headers: NDJSON,
            ..get(
                Box::leak(format!("/api/numbers/{n}?width=0").into_boxed_str()),
                200,
                Empty,
            )
        };
        assert_eq!(ask(&app, &lines(20)).await.is(200).text.lines().count(), 20);
        let broken = app
            .request(reqwest::Method::GET, "/api/numbers/21?width=0")
            .header("accept", "application/x-ndjson");
        let cut = match broken.send().await {
            Ok(response) => response.status() == 400 || response.text().await.is_err(),
            Err(_) => true,
        };
        assert!(cut, "21 rows passed for all there are");
        let events = app
            .owner()
            .await
            .query_one("select count(*) from events", &[])
            .await
            .unwrap();
        assert_eq!(events.get::<_, i64>(0), 3, "a GET wrote");
    });
}

/// A validator for the reply of an operation with a status.
fn validator(document: &Value, path: &str, method: &str, status: &str) -> jsonschema::Validator {
    let pointer = format!("/paths/{}/{method}/responses/{status}", path.replace('/', "~1"));
    let mut reply = document.pointer(&pointer).unwrap_or_else(|| panic!("{pointer}"));
    if let Some(target) = reply.get("$ref").and_then(Value::as_str) {
        reply = document.pointer(&target[1..]).unwrap();
    }
    let content = reply["content"].as_object().unwrap();
    let schema = content.values().next().unwrap()["schema"].clone();
    let mut root = schema.as_object().unwrap().clone();
    root.insert("components".to_owned(), document["components"].clone());
    jsonschema::options()
        .should_validate_formats(true)
        .build(&root.into())
        .unwrap()
}

async fn document(app: &App) -> Value {
    app.get("/openapi.json").await.is(200).json()
}

#[test]
fn the_docs_say_what_is_answered() {
    with_routes(|app| async move {
        let document = document(&app).await;
        let seen = [
            ("/api/leads/{id}/timeline", "get", "200", "/api/leads/1/timeline"),
            (
                "/api/leads/{id}/timeline",
                "get",
                "422",
                "/api/leads/x/timeline?limit=0",
            ),
            ("/api/lead", "get", "200", "/api/lead?email=ada@example.com"),
            ("/api/lead", "get", "404", "/api/lead?email=nobody@example.com"),
            ("/api/plain", "get", "200", "/api/plain"),
            ("/api/summary", "get", "200", "/api/summary"),
            ("/api/steered", "get", "default", "/api/steered?status=299"),
            ("/api/closed", "get", "401", "/api/closed"),
            ("/api/slow", "get", "504", "/api/slow"),
        ];
        for (path, method, status, ask) in seen {
            let answer = app.get(ask).await;
            assert!(
                status == "default" || answer.status.to_string() == status,
                "{ask}: {answer:?}"
            );
            let valid = validator(&document, path, method, status)
                .validate(&answer.json())
                .map_err(|error| error.to_string());
            assert_eq!(valid, Ok(()), "{ask}: {}", answer.text);
        }
        let timeline = &document["paths"]["/api/leads/{id}/timeline"]["get"];
        assert_eq!(timeline["summary"], "What happened to a lead, newest first");
        assert_eq!(timeline["tags"][0], "leads");
        let of = |operation: &Value, name: &str| {
            let all = operation["parameters"].as_array().unwrap().iter();
            all.clone()
                .find(|one| one["name"] == name)
                .cloned()
                .unwrap_or_else(|| panic!("{name}"))
        };
        let limit = of(timeline, "limit");
        assert_eq!((&limit["required"], &limit["in"]), (&false.into(), &"query".into()));
        assert_eq!(
            (&limit["schema"]["maximum"], &limit["schema"]["default"]),
            (&200.into(), &2.into())
        );
        assert_eq!(of(timeline, "id")["required"], true);
        let row = &document["components"]["schemas"]["PlainRow"]["properties"];
        // A column that is NOT NULL is never null, but for one that may come from no row at all.
        assert_eq!(
            (&row["id"]["type"], &row["name"]["description"]),
            (&"integer".into(), &"Full name".into())
        );
        assert_eq!(row["address"]["type"], serde_json::json!(["string", "null"]));
        let joined = &document["components"]["schemas"]["ByEmailRow"]["properties"];
        assert_eq!(joined["manager"]["type"], serde_json::json!(["string", "null"]));
        let everywhere = &document["paths"]["/api/everywhere/{p}"]["post"];
        assert_eq!(everywhere["deprecated"], true);
        assert_eq!(of(everywhere, "x-count")["in"], "header");
        assert_eq!(of(everywhere, "sid")["in"], "cookie");
        assert_eq!(of(everywhere, "q")["schema"]["type"], "array");
        let body = &document["components"]["schemas"]["EverywhereBody"];
        assert_eq!(body["required"], serde_json::json!(["title", "score"]));
        assert_eq!(body["properties"]["title"]["examples"][0], "A title");
        assert_eq!(body["properties"]["score"]["maximum"], 100);
        // A route on the path of a resource's item stands beside it.
        let item = document["paths"]["/api/leads/{id}"].as_object().unwrap();
        assert!(item.contains_key("get") && item.contains_key("delete"));
        let created = &document["paths"]["/api/new-leads"]["post"]["responses"]["200"]["headers"];
        assert!(created["location"].is_object(), "{created}");
    });
}

/// What a route that was switched off answers, and that its figures are counted.
#[test]
fn routes_are_counted_and_switched_like_others() {
    with_routes(|app| async move {
        let name = "GET /api/leads/{id}/timeline";
        app.get("/api/leads/1/timeline").await.is(200);
        app.get("/api/leads/2/timeline").await.is(200);
        app.get("/api/leads/x/timeline").await.is(422);
        let figures = app.context.telemetry.figures(name).unwrap();
        assert_eq!((figures.requests, figures.refused), (3, 1));
        app.context.set_disabled([name.to_owned()].into());
        let answer: Answer = app.get("/api/leads/1/timeline").await.is(503);
        assert_eq!(answer.json()["code"], "route_disabled");
        app.get("/api/leads/1").await.is(200);
        app.context.set_disabled(std::collections::HashSet::new());
        app.get("/api/leads/1/timeline").await.is(200);
        for route in &app.context.published.load().snapshot.routes {
            let detail = windlass_core::admin::route_detail::detail(route, 1 << 20).unwrap();
            assert!(detail.sql.is_some(), "{}", route.name);
        }
        let published = app.context.published.load();
        let route = published
            .snapshot
            .routes
            .iter()
            .find(|route| route.name == "POST /api/everywhere/{p}")
            .unwrap();
        let detail = windlass_core::admin::route_detail::detail(route, 1 << 20).unwrap();
        assert_eq!(detail.line.file, "routes/everywhere.sql");
        let count = detail.parameters.iter().find(|one| one.name == "x-count").unwrap();
        assert_eq!((count.location.as_str(), count.required), ("header", true));
        assert!(count.kind.contains("at most 9"), "{}", count.kind);
        assert_eq!(detail.body.len(), 4);
        assert!(detail.sql.unwrap().contains("$1::int as p"));
    });
}
