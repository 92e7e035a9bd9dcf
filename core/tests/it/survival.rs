//! Postgres is killed while clients write: nothing acknowledged is lost, and service comes back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use windlass_core::db::cluster::ClusterState;

use crate::app::{Answer, App, Setup, with_app};

#[test]
fn a_killed_postgres_loses_no_acknowledged_row() {
    with_app(Setup::default(), |app| async move {
        let stop = Arc::new(AtomicBool::new(false));
        let writers: Vec<_> = (0..32)
            .map(|n| tokio::spawn(write(Arc::clone(&app), n, Arc::clone(&stop))))
            .collect();
        // Wait until every writer is at work.
        let owner = app.owner().await;
        let before = Instant::now();
        loop {
            let rows: i64 = owner
                .query_one("select count(*) from people", &[])
                .await
                .unwrap()
                .get(0);
            if rows > 200 {
                break;
            }
            assert!(before.elapsed() < Duration::from_secs(20), "only {rows} rows came");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let ClusterState::Running { pid, .. } = *app.cluster.state().borrow() else {
            panic!("not running")
        };
        let killed = Instant::now();
        kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
        let probe = r#"{"email":"after@example.com","name":"After"}"#;
        let recovered = loop {
            let answer = app.post("/api/people", probe).await;
            match answer.status {
                // An unknown commit may have stored it.
                201 | 409 if killed.elapsed() > Duration::from_millis(20) && pid_of(&app) != Some(pid) => {
                    break killed.elapsed();
                }
                201 | 409 => {}
                503 => assert!(!answer.header("retry-after").is_empty(), "{}", answer.text),
                other => panic!("{other}: {}", answer.text),
            }
            assert!(
                killed.elapsed() < Duration::from_secs(5),
                "no recovery within 5 s: {}",
                answer.text
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        };
        tokio::time::sleep(Duration::from_millis(300)).await;
        stop.store(true, Ordering::Relaxed);
        let mut acknowledged = Vec::new();
        for writer in writers {
            acknowledged.extend(writer.await.unwrap());
        }
        let owner = app.owner().await;
        let stored: Vec<String> = owner
            .query("select email from people", &[])
            .await
            .unwrap()
            .iter()
            .map(|row| row.get(0))
            .collect();
        let stored: std::collections::HashSet<String> = stored.into_iter().collect();
        let lost: Vec<_> = acknowledged.iter().filter(|email| !stored.contains(*email)).collect();
        assert!(
            lost.is_empty(),
            "lost {} of {}: {lost:?}",
            lost.len(),
            acknowledged.len()
        );
        println!(
            "{} rows acknowledged, none lost; service was back after {recovered:?}",
            acknowledged.len()
        );
    });
}

fn pid_of(app: &App) -> Option<i32> {
    match *app.cluster.state().borrow() {
        ClusterState::Running { pid, .. } => Some(pid),
        _ => None,
    }
}

async fn write(app: Arc<App>, writer: usize, stop: Arc<AtomicBool>) -> Vec<String> {
    let mut acknowledged = Vec::new();
    for n in 0.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let email = format!("w{writer}n{n}@example.com");
        let answer = app
            .post("/api/people", &format!("{{\"email\":\"{email}\",\"name\":\"W\"}}"))
            .await;
        match answer.status {
            201 => acknowledged.push(email),
            503 => tokio::time::sleep(Duration::from_millis(20)).await,
            other => panic!("{other}: {}", answer.text),
        }
    }
    acknowledged
}

/// Every writer sends each row until it is told that it is stored, always with the row's own key.
#[test]
fn retries_with_a_key_lose_and_double_nothing() {
    const SCHEMA: &str = "create table logs (id bigint generated always as identity primary key, text text not null)";
    const RESOURCES: &[(&str, &str)] = &[("logs", "[access]\nread = [\"public\"]\ncreate = [\"public\"]\n")];
    let setup = Setup {
        schema: SCHEMA,
        resources: RESOURCES,
        ..Setup::default()
    };
    with_app(setup, |app| async move {
        let stop = Arc::new(AtomicBool::new(false));
        let writers: Vec<_> = (0..16)
            .map(|n| tokio::spawn(write_once(Arc::clone(&app), n, Arc::clone(&stop))))
            .collect();
        for round in 1..=2 {
            let owner = app.owner().await;
            let before = Instant::now();
            while owner
                .query_one("select count(*) from logs", &[])
                .await
                .unwrap()
                .get::<_, i64>(0)
                < 150 * round
            {
                assert!(before.elapsed() < Duration::from_secs(20), "no rows came");
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            let ClusterState::Running { pid, .. } = *app.cluster.state().borrow() else {
                panic!("not running")
            };
            kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
            let killed = Instant::now();
            while pid_of(&app).is_none_or(|now| now == pid) || app.get("/api/logs?limit=1").await.status != 200 {
                assert!(killed.elapsed() < Duration::from_secs(10), "no recovery");
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
        stop.store(true, Ordering::Relaxed);
        let (mut sent, mut unknown, mut replayed) = (Vec::new(), 0, 0);
        for writer in writers {
            let (texts, lost, told) = writer.await.unwrap();
            sent.extend(texts);
            unknown += lost;
            replayed += told;
        }
        let owner = app.owner().await;
        let rows = owner.query("select text from logs order by text", &[]).await.unwrap();
        let stored: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        sent.sort();
        assert!(
            stored == sent,
            "{} sent, {} stored: each exactly once",
            sent.len(),
            stored.len()
        );
        println!(
            "{} rows, {unknown} unknown commits, {replayed} replies told again",
            sent.len()
        );
    });
}

async fn write_once(app: Arc<App>, writer: usize, stop: Arc<AtomicBool>) -> (Vec<String>, usize, usize) {
    let (mut sent, mut unknown, mut replayed) = (Vec::new(), 0, 0);
    for n in 0.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let text = format!("w{writer}n{n}");
        let body = format!("{{\"text\":\"{text}\"}}");
        loop {
            let request = app
                .request(reqwest::Method::POST, "/api/logs")
                .header("idempotency-key", &text);
            let request = request.header("content-type", "application/json").body(body.clone());
            let answer = Answer::of(request).await;
            match answer.status {
                201 => {
                    replayed += usize::from(answer.headers.contains_key("idempotency-replayed"));
                    break;
                }
                409 | 503 => {
                    unknown += usize::from(answer.json()["code"] == "commit_unknown");
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                other => panic!("{other}: {}", answer.text),
            }
        }
        sent.push(text);
    }
    (sent, unknown, replayed)
}
