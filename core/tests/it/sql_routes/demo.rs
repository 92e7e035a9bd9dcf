//! The SQL routes of the demo, with their files as they are.

use super::Body::{Code, Json, Wrong};
use super::{Case, get, run, send};
use crate::app::{Setup, with_app};

macro_rules! demo {
    ($path:literal) => {
        include_str!(concat!("../../../../assets/demo/", $path))
    };
}

const SCHEMA: &str = concat!(
    demo!("migrations/2026-11-01-120000_marketing/up.sql"),
    "
insert into accounts (name, plan) values ('Pier Nine', 'team');
insert into leads (account_id, email, name, status, score) values
    (1, 'ada@example.com', 'Ada', 'open', 60), (null, 'bo@example.com', 'Bo', 'new', 10);
insert into events (lead_id, seq, at, kind) values
    (1, 1, '2026-01-01T00:00:00Z', 'visited'), (1, 2, '2026-01-02T00:00:00Z', 'called');
"
);

const ROUTES: &[(&str, &str)] = &[
    ("lead_timeline", demo!("routes/lead_timeline.sql")),
    ("pipeline_report", demo!("routes/pipeline_report.sql")),
    ("dashboard", demo!("routes/dashboard.sql")),
    ("qualify_lead", demo!("routes/qualify_lead.sql")),
    ("note_event", demo!("routes/note_event.sql")),
];

const CASES: &[Case] = &[
    get(
        "/api/leads/1/timeline?kind=called",
        200,
        Json(r#"[{"at":"2026-01-02T00:00:00Z","kind":"called","detail":{}}]"#),
    ),
    get(
        "/api/leads/1/timeline?kind=sold&limit=201",
        422,
        Wrong(&["literal_error query.kind", "less_than_equal query.limit"]),
    ),
    get(
        "/api/reports/pipeline?plan=team&min_score=50",
        200,
        Json(r#"[{"status":"open","leads":1,"average_score":60.0,"events":2,"last_event":"2026-01-02T00:00:00Z"}]"#),
    ),
    get("/api/reports/pipeline?since=2999-01-01T00:00:00Z", 200, Json("[]")),
    get(
        "/api/reports/dashboard",
        200,
        Json(r#"{"won":0,"leads":2,"events":{"called":1,"visited":1}}"#),
    ),
    send(
        "POST /api/leads/2/qualification",
        &[],
        r#"{"score": 75, "note": " Wants a quote "}"#,
        200,
        Json(r#"{"id":2,"email":"bo@example.com","status":"open","score":75}"#),
    ),
    send(
        "POST /api/leads/99/qualification",
        &[],
        r#"{"score": 75, "note": "x"}"#,
        404,
        Code("row_not_found", ""),
    ),
    send(
        "POST /api/leads/2/qualification",
        &[],
        r#"{"score": 101, "note": " "}"#,
        422,
        Wrong(&["string_too_short body.note", "less_than_equal body.score"]),
    ),
];

#[test]
fn the_demo_has_sql_routes_to_ask() {
    let setup = Setup {
        schema: SCHEMA,
        resources: &[],
        routes: ROUTES,
        ..Setup::default()
    };
    with_app(setup, |app| async move {
        run(&app, CASES).await;
        let events = app.get("/api/leads/2/timeline?kind=called").await.is(200).json();
        assert_eq!(
            events.as_array().unwrap().len(),
            1,
            "the refused ones left nothing: {events}"
        );
        assert_eq!(events[0]["detail"]["note"], "Wants a quote");
        let noted = app.post("/api/leads/2/visits", r#"{"page": "/pricing"}"#).await.is(201);
        assert_eq!(noted.header("location"), "/api/events/2,2");
        assert_eq!(noted.json()["detail"]["page"], "/pricing");
    });
}
