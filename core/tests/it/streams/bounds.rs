//! How long a stream waits, and is waited for.

use std::sync::Arc;
use std::time::{Duration, Instant};

use windlass_core::db::lane::LaneOptions;

use super::{NDJSON, asked, open, setup, until};
use crate::app::{App, Setup, with_app};

#[test]
fn the_wait_for_a_turn_and_that_for_a_lane_are_one() {
    const WAIT: Duration = Duration::from_secs(2);
    let setup = Setup {
        lanes: LaneOptions {
            shared: 1,
            exclusive: 2,
            wait: WAIT,
            statement_timeout: Duration::from_secs(6),
        },
        ..setup()
    };
    let slow = |app: &Arc<App>| {
        let app = Arc::clone(app);
        tokio::spawn(async move { app.get("/api/asleep?limit=1").await })
    };
    with_app(setup, |app| async move {
        // One lane streams, a list has the other, and another list is the first that waits for a lane.
        let first = open(&app, "/api/wide").await;
        until("it streams", async || app.context.lanes.state().exclusive_busy == 1).await;
        let lists = [slow(&app)];
        until("both are taken", async || app.context.lanes.state().exclusive_busy == 2).await;
        let waiting = slow(&app);
        tokio::time::sleep(Duration::from_millis(100)).await;
        let started = Instant::now();
        let stream = asked(&app, "/api/many", NDJSON, "");
        let leave = async {
            tokio::time::sleep(WAIT / 2).await;
            drop(first);
        };
        let (refused, ()) = tokio::join!(stream, leave);
        assert_eq!(refused.is(503).json()["code"], "pool_timeout");
        let took = started.elapsed();
        assert!(took < WAIT + WAIT / 4, "{took:?}");
        for list in lists.into_iter().chain([waiting]) {
            list.await.unwrap().is(504);
        }
    });
}
