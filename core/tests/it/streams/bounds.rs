//! How long a stream waits, and is waited for.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::AsyncReadExt;
use windlass_core::app::Limits;
use windlass_core::db::lane::LaneOptions;

use super::{NDJSON, asked, open, running, setup, until, watcher};
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

#[test]
fn a_reader_who_takes_nothing_is_cut_off_long_before_one_who_is_slow() {
    const STALL: Duration = Duration::from_secs(1);
    let setup = Setup {
        limits: Limits {
            stream_stall: STALL,
            ..Limits::default()
        },
        ..setup()
    };
    with_app(setup, |app| async move {
        let watcher = watcher(&app).await;
        let started = Instant::now();
        let mut stopped = open(&app, "/api/wide").await;
        let mut slow = open(&app, "/api/wide").await;
        until("both run", async || running(&watcher).await == 2).await;
        // More than a chunk at a time, however much of it the sockets hold.
        let mut some = vec![0; 1 << 20];
        while started.elapsed() < STALL * 3 {
            slow.read_exact(&mut some).await.unwrap();
            tokio::time::sleep(STALL / 10).await;
        }
        assert_eq!(running(&watcher).await, 1, "one of them is cut off");
        slow.read_exact(&mut some).await.unwrap();
        let mut rest = Vec::new();
        // Broken off: either the connection is reset, or what came has no end.
        if stopped.read_to_end(&mut rest).await.is_ok() {
            assert!(!rest.ends_with(b"0\r\n\r\n"), "{}", rest.len());
        }
        drop(slow);
        until("no lane is taken", async || {
            app.context.lanes.state().exclusive_busy == 0
        })
        .await;
    });
}
