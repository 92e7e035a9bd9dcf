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
                "club,ids,clubs\r\n2,[3],\"{\"\"id\"\":2}\"\r\n,[],\r\n",
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
            let made = sent(&app, Method::POST, path, JSON, prefer, body).await.is(201);
            assert_eq!(made.header("preference-applied"), applied, "{prefer} {path}");
        }
    });
}

const JSON: &str = "application/json";
const WHOLE: &str = "return=representation";

/// Single rows and what a write returns have the forms of lists, all at once.
#[test]
fn rows_that_are_gathered_have_every_form() {
    with_app(setup(), |app| async move {
        const TWO: &str = r#"[{"id":60,"name":"Eve","n":1},{"id":61,"name":"F, G"}]"#;
        for (method, path, accept, prefer, body, status, wanted) in [
            (
                Method::GET,
                "/api/members/1?select=id,name,n",
                CSV,
                "",
                "",
                200,
                "id,name,n\r\n1,Ada,7\r\n",
            ),
            (
                Method::GET,
                "/api/members/1?select=id,n",
                NDJSON,
                "",
                "",
                200,
                "{\"id\":1,\"n\":7}\n",
            ),
            (
                Method::GET,
                "/api/members/3?select=id,...clubs(club:name)",
                CSV,
                "",
                "",
                200,
                "id,club\r\n3,\r\n",
            ),
            (
                Method::POST,
                "/api/members?select=id,n,name",
                CSV,
                WHOLE,
                TWO,
                201,
                "id,n,name\r\n60,1,Eve\r\n61,,\"F, G\"\r\n",
            ),
            (
                Method::PATCH,
                "/api/members?id=gte.60&select=id,n&n=is.null",
                NDJSON,
                WHOLE,
                r#"{"n":2}"#,
                200,
                "{\"id\":61,\"n\":2}\n",
            ),
            // No row is a header line, or nothing.
            (
                Method::PATCH,
                "/api/members?id=eq.99&select=id,n",
                CSV,
                WHOLE,
                r#"{"n":2}"#,
                200,
                "id,n\r\n",
            ),
            (
                Method::PATCH,
                "/api/members?id=eq.99",
                NDJSON,
                WHOLE,
                r#"{"n":2}"#,
                200,
                "",
            ),
            (
                Method::PUT,
                "/api/members/60?select=id,name",
                CSV,
                "",
                r#"{"name":"Eva"}"#,
                200,
                "id,name\r\n60,Eva\r\n",
            ),
            (
                Method::DELETE,
                "/api/members?id=eq.61&select=name",
                CSV,
                WHOLE,
                "",
                200,
                "name\r\n\"F, G\"\r\n",
            ),
            // Where nothing is returned, no form of it is refused.
            (
                Method::POST,
                "/api/members",
                "image/png",
                "return=minimal",
                r#"{"id":62,"name":"H"}"#,
                201,
                "",
            ),
            (
                Method::PATCH,
                "/api/members?id=eq.62",
                "text/csv",
                "",
                r#"{"n":5}"#,
                204,
                "",
            ),
            (Method::DELETE, "/api/members/62", "image/png", "", "", 204, ""),
        ] {
            let answer = sent(&app, method.clone(), path, accept, prefer, body).await.is(status);
            assert_eq!(answer.text, wanted, "{method} {path}");
            if !wanted.is_empty() {
                assert!(answer.header("content-type").starts_with(accept), "{method} {path}");
            }
        }
        for (method, path) in [(Method::GET, "/api/members/1"), (Method::PATCH, "/api/members?id=eq.1")] {
            let refused = sent(
                &app,
                method,
                path,
                "image/png",
                WHOLE,
                if path.contains('?') { r#"{"n":8}"# } else { "" },
            )
            .await;
            assert_eq!(refused.is(406).json()["code"], "not_acceptable");
        }
        assert_eq!(
            app.get("/api/members/1?select=n").await.json()["n"],
            7,
            "nothing was changed"
        );

        // The tag is the row's: of another form it is a weak one, which saves a reading, but is no precondition of a write.
        let json = sent(&app, Method::GET, "/api/members/1", JSON, "", "").await.is(200);
        let csv = sent(&app, Method::GET, "/api/members/1", CSV, "", "").await.is(200);
        assert_eq!(csv.header("etag"), format!("W/{}", json.header("etag")));
        let again = app
            .request(Method::GET, "/api/members/1")
            .header("accept", CSV)
            .header("if-none-match", csv.header("etag"));
        Answer::of(again).await.is(304);
        let head = sent(&app, Method::HEAD, "/api/members/1", CSV, "", "").await.is(200);
        assert_eq!(head.header("content-length"), csv.text.len().to_string());
        let choice = sent(
            &app,
            Method::GET,
            "/api/members/1",
            "text/csv;q=0.5, application/json",
            "",
            "",
        )
        .await;
        assert_eq!(choice.header("content-type"), JSON);
    });
}
