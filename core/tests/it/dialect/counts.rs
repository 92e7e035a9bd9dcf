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
