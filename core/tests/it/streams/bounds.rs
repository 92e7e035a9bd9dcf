//! How long a stream waits, and is waited for.

use std::time::{Duration, Instant};

use reqwest::Method;
use tokio::io::AsyncReadExt;
use windlass_core::app::Limits;
use windlass_core::db::lane::LaneOptions;

use super::{CSV, NDJSON, asked, open, running, setup, until, watcher};
use crate::app::{Answer, Setup, with_app};

#[test]
fn the_wait_for_a_turn_and_that_for_a_lane_are_one() {
    const WAIT: Duration = Duration::from_secs(2);
    let setup = Setup {
        lanes: LaneOptions {
            shared: 1,
            exclusive: 1,
            wait: WAIT,
            statement_timeout: Duration::from_secs(6),
        },
        ..setup()
    };
    with_app(setup, |app| async move {
        let watcher = watcher(&app).await;
        let first = open(&app, "/api/wide").await;
        until("it streams", async || running(&watcher).await == 1).await;
        // The first one's turn becomes free half-way, but no connection in place of its own.
        let limited = "alter role windlass_login connection limit 1";
        watcher.batch_execute(limited).await.unwrap();
        let started = Instant::now();
        let leave = async {
            tokio::time::sleep(WAIT / 2).await;
            drop(first);
        };
        let (refused, ()) = tokio::join!(asked(&app, "/api/notes", NDJSON, ""), leave);
        refused.is(503);
        let took = started.elapsed();
        assert!(took < WAIT + WAIT / 4, "{took:?}");
        let unlimited = "alter role windlass_login connection limit -1";
        watcher.batch_execute(unlimited).await.unwrap();
        let again = async || asked(&app, "/api/notes", NDJSON, "").await.status == 200;
        until("there are lanes again", again).await;
    });
}

/// A list of more rows than a stream of it may have never looks like all of them.
#[test]
fn a_stream_that_is_too_long_breaks_off() {
    with_app(setup(), |app| async move {
        for path in [
            "/api/many",
            "/api/many?limit=15001",
            "/api/many?limit=19000&id=gt.1",
            "/api/few?limit=6",
        ] {
            for accept in [NDJSON, CSV] {
                let request = app.request(Method::GET, path).header("accept", accept);
                // A stream that breaks off at once may do so before its head has left.
                if let Ok(response) = request.send().await {
                    assert_eq!(response.status(), 200, "{path}");
                    let broken = response.text().await;
                    assert!(broken.is_err(), "{path}: it looks whole: {}", broken.unwrap().len());
                }
                // Known beforehand.
                for method in [Method::GET, Method::HEAD] {
                    let request = app.request(method.clone(), path).header("accept", accept);
                    let refused = Answer::of(request.header("prefer", "count=exact")).await.is(400);
                    if method == Method::GET {
                        let json = refused.json();
                        assert_eq!(json["code"], "reply_too_large", "{path}");
                        let message = json["message"].as_str().unwrap();
                        assert!(message.contains(path.split('?').next().unwrap()), "{message}");
                    }
                }
                let request = app.request(Method::HEAD, path).header("accept", accept);
                Answer::of(request).await.is(200);
            }
        }
        for (path, status, range) in [
            ("/api/few?limit=5", 206, "0-4/20000"),
            ("/api/few?id=lte.5", 200, "0-4/5"),
            ("/api/few?offset=19995", 206, "19995-19999/20000"),
            ("/api/few?limit=0", 200, "*/20000"),
        ] {
            for prefer in ["", "count=exact"] {
                let whole = asked(&app, path, NDJSON, prefer).await;
                assert_eq!(
                    whole.text.lines().count(),
                    if path.ends_with("=0") { 0 } else { 5 },
                    "{path}"
                );
                if !prefer.is_empty() {
                    assert_eq!((whole.status, whole.header("content-range")), (status, range), "{path}");
                }
            }
        }
        // Groups are bounded by a number of their own.
        let groups = app
            .request(Method::GET, "/api/few?select=id,count()")
            .header("accept", CSV);
        assert_eq!(Answer::of(groups).await.is(400).json()["code"], "reply_too_large");
        let groups = asked(&app, "/api/few?select=id,count()&id=lte.3", CSV, "")
            .await
            .is(200);
        assert_eq!(groups.text.lines().count(), 4);
        // What is gathered is cut as ever, and says so by its links.
        let list = app.get("/api/few").await.is(200);
        assert_eq!(list.json().as_array().unwrap().len(), 2);
        assert!(list.header("link").contains("next"));
        until("no lane is taken", async || {
            app.context.lanes.state().exclusive_busy == 0
        })
        .await;
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
