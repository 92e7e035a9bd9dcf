//! Counts: exact, planned and estimated.

use reqwest::Method;

use super::{uri, with_dialect};
use crate::app::{Answer, App};

async fn counted(app: &App, path: &str, prefer: &str) -> Answer {
    Answer::of(app.request(Method::GET, &uri(path)).header("prefer", prefer)).await
}

#[test]
fn counts() {
    with_dialect(|app| async move {
        let owner = app.owner().await;
        owner
            .batch_execute("analyze public.people, public.teams")
            .await
            .unwrap();
        for (path, prefer, status, range, applied) in [
            ("/api/people?limit=2", "count=exact", 206, "0-1/5", "count=exact"),
            ("/api/people?limit=2", "count=planned", 206, "0-1/5", "count=planned"),
            (
                "/api/people?limit=2",
                "count=estimated",
                206,
                "0-1/5",
                "count=estimated",
            ),
            (
                "/api/people?id=lt.3",
                "count=estimated",
                200,
                "0-1/2",
                "count=estimated",
            ),
            ("/api/people?limit=2", "", 200, "0-1/*", ""),
            (
                "/api/people?limit=2&offset=2",
                "count=exact",
                206,
                "2-3/5",
                "count=exact",
            ),
            ("/api/people?id=gt.99", "count=exact", 200, "*/0", "count=exact"),
            ("/api/people?offset=99", "count=exact", 416, "*/5", ""),
            (
                "/api/people?offset=99",
                "count=estimated",
                200,
                "*/5",
                "count=estimated",
            ),
            ("/api/people?limit=0", "count=exact", 200, "*/5", "count=exact"),
            ("/api/teams", "count=planned", 200, "0-1/2", "count=planned"),
            (
                "/api/people?select=stage,count()",
                "count=exact",
                200,
                "0-2/3",
                "count=exact",
            ),
            (
                "/api/people?select=id,count()",
                "count=exact",
                206,
                "0-2/5",
                "count=exact",
            ),
            (
                "/api/people?select=meta->>city,count()&limit=1&order=meta->>city",
                "count=exact",
                206,
                "0-0/3",
                "count=exact",
            ),
            (
                "/api/people?select=count()",
                "count=planned",
                200,
                "0-0/1",
                "count=planned",
            ),
            (
                "/api/people?meta->>city=eq.Paris",
                "count=exact",
                200,
                "0-0/1",
                "count=exact",
            ),
            (
                "/api/people?limit=1",
                "count=planned, count=exact",
                206,
                "0-0/5",
                "count=planned",
            ),
        ] {
            let answer = counted(&app, path, prefer).await;
            assert_eq!(
                (
                    answer.status,
                    answer.header("content-range"),
                    answer.header("preference-applied")
                ),
                (status, range, applied),
                "{path} {prefer}: {}",
                answer.text
            );
        }
        // A guess is never below what is there to see.
        let guess = counted(&app, "/api/people?story=fts.cat&limit=1", "count=planned").await;
        assert!(
            guess.header("content-range").starts_with("0-0/"),
            "{}",
            guess.header("content-range")
        );
        counted(&app, "/api/people", "count=some, handling=strict")
            .await
            .is(400);
    });
}
