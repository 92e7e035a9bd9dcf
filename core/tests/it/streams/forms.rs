//! Rows as CSV and NDJSON: members of related rows, and replies that are gathered.

use reqwest::Method;

use super::{CSV, NDJSON, asked, setup};
use crate::app::{Answer, App, with_app};

/// A request with headers and, if it is not empty, a JSON body.
async fn sent(app: &App, method: Method, path: &str, accept: &str, prefer: &str, body: &'static str) -> Answer {
    let mut request = app
        .request(method, path)
        .header("accept", accept)
        .header("prefer", prefer);
    if !body.is_empty() {
        request = request.header("content-type", "application/json").body(body);
    }
    Answer::of(request).await
}

#[test]
fn csv_has_the_members_of_rows_that_are_spread() {
    with_app(setup(), |app| async move {
        for (path, wanted) in [
            // Of one row, or of none.
            (
                "/api/members?select=id,...clubs(name,tags),n",
                "id,name,tags,n\r\n1,\"a,b\",\"[\"\"x\"\",\"\"y\"\"]\",7\r\n2,\"a,b\",\"[\"\"x\"\",\"\"y\"\"]\",\r\n3,,,9\r\n4,,,1\r\n",
            ),
            // Of several: a cell per member.
            (
                "/api/clubs?select=id,...members(who:name,n)&members.order=id",
                "id,who,n\r\n1,\"[\"\"Ada\"\",\"\"Bob \\\"\"B\\\"\"\"\"]\",\"[7,null]\"\r\n2,\"[\"\"Cid\"\"]\",[9]\r\n3,[],[]\r\n",
            ),
            // Within one another, and beside a row that is not spread.
            (
                "/api/members?select=...clubs(club:id,...members(ids:id)),clubs(id)&id=in.(3,4)",
                "club,ids,clubs\r\n2,[3],\"{\"\"id\"\":2}\"\r\n,,\r\n",
            ),
            ("/api/members?select=id,...clubs(name)&id=eq.99", "id,name\r\n"),
        ] {
            assert_eq!(asked(&app, path, CSV, "").await.is(200).text, wanted, "{path}");
        }
    });
}

/// `Preference-Applied` tells what was done, and `HEAD` the same as `GET`.
#[test]
fn what_was_applied_is_told() {
    with_app(setup(), |app| async move {
        const GUESS: &str = "*/…";
        for (prefer, applied, range) in [
            ("count=exact", "count=exact", "0-3/4"),
            ("count=planned", "count=planned", GUESS),
            // A stream is not counted up to the largest page: the planner is asked at once.
            ("count=estimated", "count=planned", GUESS),
            (
                "count=estimated, handling=strict",
                "count=planned, handling=strict",
                GUESS,
            ),
            ("", "", "*/*"),
        ] {
            for (accept, method) in [NDJSON, CSV]
                .into_iter()
                .flat_map(|form| [(form, Method::GET), (form, Method::HEAD)])
            {
                let answer = sent(&app, method.clone(), "/api/members", accept, prefer, "")
                    .await
                    .is(200);
                let guessed = range == GUESS && answer.header("content-range").starts_with("*/");
                assert_eq!(answer.header("preference-applied"), applied, "{method} {accept}");
                assert!(
                    guessed || answer.header("content-range") == range,
                    "{method} {}",
                    answer.header("content-range")
                );
                let get = sent(&app, Method::GET, "/api/members", accept, prefer, "").await;
                assert_eq!(
                    answer.header("content-range"),
                    get.header("content-range"),
                    "{method} {prefer}"
                );
            }
        }
        let json = "application/json";
        for (prefer, path, body, applied) in [
            // One row lacks nothing.
            ("missing=null", "/api/members", r#"{"id":50,"name":"One"}"#, ""),
            ("missing=default", "/api/members", r#"{"id":51,"name":"One"}"#, ""),
            (
                "missing=null",
                "/api/members?columns=id,name,n",
                r#"{"id":52,"name":"One"}"#,
                "missing=null",
            ),
            (
                "missing=null",
                "/api/members",
                r#"[{"id":53,"name":"One"},{"id":54,"name":"Two","n":1}]"#,
                "missing=null",
            ),
        ] {
            let made = sent(&app, Method::POST, path, json, prefer, body).await.is(201);
            assert_eq!(made.header("preference-applied"), applied, "{prefer} {path}");
        }
    });
}
