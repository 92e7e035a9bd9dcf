//! The functions of the demo, with their files as they are.

use super::{Case, Code, Json, get, post, run};
use crate::app::{Setup, with_app};

macro_rules! demo {
    ($path:literal) => {
        include_str!(concat!("../../../../assets/demo/", $path))
    };
}

const SCHEMA: &str = concat!(
    demo!("migrations/2026-11-01-120000_marketing/up.sql"),
    demo!("migrations/2026-11-02-090000_movies/up.sql"),
    demo!("migrations/2026-11-04-090000_functions/up.sql"),
    "
insert into leads (email, name) values ('ada@example.com', 'Ada'), ('bo@example.com', 'Bo'), ('cy@example.org', 'Cy');
insert into movies (title, release_date, mpaa_rating, imdb_votes) values
    ('Stardust', '2007-08-10', 'PG-13', 10), ('A Star', '1990-01-01', 'PG', 20), ('Land', '1991-01-01', 'PG', 5);
"
);

const RESOURCES: &[(&str, &str)] = &[
    ("movies", demo!("resources/movies.toml")),
    ("search_movies", demo!("resources/search_movies.toml")),
    ("leads_by_domain", demo!("resources/leads_by_domain.toml")),
    ("score_band", demo!("resources/score_band.toml")),
    ("close_lead", demo!("resources/close_lead.toml")),
];

const CASES: &[Case] = &[
    get(
        "search_movies?query=star&select=title",
        200,
        Json(r#"[{"title":"A Star"},{"title":"Stardust"}]"#),
    ),
    get(
        "search_movies?query=star&most=1&select=title",
        200,
        Json(r#"[{"title":"A Star"}]"#),
    ),
    get(
        "search_movies?query=star&mpaa_rating=eq.PG-13&select=title",
        200,
        Json(r#"[{"title":"Stardust"}]"#),
    ),
    get(
        "search_movies?query=&most=101",
        422,
        Code("validation_failed", "must be at most 100"),
    ),
    get(
        "leads_by_domain",
        200,
        Json(r#"[{"domain":"example.com","leads":2},{"domain":"example.org","leads":1}]"#),
    ),
    get("score_band?score=60", 200, Json(r#""warm""#)),
    get(
        "score_band?score=101",
        422,
        Code("validation_failed", "must be at most 100"),
    ),
    post(
        "POST close_lead?select=email,status",
        r#"{"lead_id": 1, "outcome": "won"}"#,
        200,
        Json(r#"{"email":"ada@example.com","status":"won"}"#),
    ),
    post(
        "POST close_lead",
        r#"{"lead_id": 99, "outcome": "won"}"#,
        404,
        Code("database_status", "there is no lead 99"),
    ),
    post(
        "POST close_lead",
        r#"{"lead_id": 1, "outcome": "open"}"#,
        422,
        Code("validation_failed", "outcome"),
    ),
];

#[test]
fn the_demo_has_functions_to_call() {
    let setup = Setup {
        schema: SCHEMA,
        resources: RESOURCES,
        ..Setup::default()
    };
    with_app(setup, |app| async move { run(&app, CASES).await });
}
