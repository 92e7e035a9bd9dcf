//! The console in a real terminal, against a running demo.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value;

use crate::service::{Demo, WINDLASS};
use crate::terminal::Terminal;

const RIGHT: &str = "\x1b[C";
const ESC: &str = "\x1b";

/// A table and its resource, not applied yet.
fn pending(demo: &Demo) {
    let migration = demo.folder.join("migrations/2026-12-01-000000_notes");
    std::fs::create_dir_all(&migration).unwrap();
    let up = "create table notes (id bigint generated always as identity primary key, text text not null);\n";
    std::fs::write(migration.join("up.sql"), up).unwrap();
    std::fs::write(migration.join("down.sql"), "drop table notes;\n").unwrap();
    let resource = "table = \"public.notes\"\n[access]\nread = [\"public\"]\n";
    std::fs::write(demo.folder.join("resources/notes.toml"), resource).unwrap();
}

/// Requests without a pause, from several connections.
struct Load {
    stop: Arc<AtomicBool>,
    clients: Vec<JoinHandle<()>>,
}

impl Load {
    fn start(address: SocketAddr) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let client = move |stop: Arc<AtomicBool>| {
            let mut stream = TcpStream::connect(address).unwrap();
            let mut reply = [0; 8192];
            while !stop.load(Ordering::Relaxed) {
                stream
                    .write_all(b"GET /api/movies/1 HTTP/1.1\r\nhost: demo\r\n\r\n")
                    .unwrap();
                assert_ne!(stream.read(&mut reply).unwrap(), 0);
            }
        };
        let clients = (0..8)
            .map(|_| {
                let stop = Arc::clone(&stop);
                std::thread::spawn(move || client(stop))
            })
            .collect();
        Self { stop, clients }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for client in self.clients.drain(..) {
            client.join().unwrap();
        }
    }
}

fn windlass(demo: &Demo, args: &[&str]) -> Command {
    let mut command = Command::new(WINDLASS);
    command.args(args).args(["--dir", demo.folder.to_str().unwrap()]);
    command
}

#[test]
fn an_operator_filters_rehearses_applies_and_cancels() {
    let demo = Demo::start();
    pending(&demo);
    let load = Load::start(demo.address);
    let mut console = Terminal::start(&["tui", "--dir", demo.folder.to_str().unwrap()], &demo.folder);
    let live = console.shows("running");
    assert!(live < Duration::from_secs(2), "live values came after {live:?}");
    drop(load);
    console.press("y");
    console.shows("copied");
    assert!(console.raw().contains("\x1b]52;c;"), "the terminal is not told to copy");
    console.until("the check", |screen| {
        screen.contains("notes") && screen.contains("pending")
    });

    console.press("2/movies\r");
    console.until("only movies", |screen| {
        screen.contains("/api/movies") && !screen.contains("/api/accounts")
    });
    console.press(ESC);
    console.shows("/api/accounts");

    console.press("3");
    console.shows("notes");
    console.press("a");
    console.shows("read-only: W");
    console.press("Wc");
    console.shows("create table notes");
    console.until("the rehearsal's end", |screen| screen.contains("passed"));
    console.press(ESC);
    console.until("the list", |screen| {
        !screen.contains("passed") || screen.contains("pending")
    });
    console.press("a");
    console.shows("Cancel");
    console.press(RIGHT);
    console.press("\r");
    console.until("the migration's end", |screen| {
        !screen.contains("pending") && screen.contains("applied")
    });

    console.press("2/notes\r");
    console.shows("/api/notes");
    let (status, _, body) = demo.get("/api/notes").unwrap();
    assert_eq!((status, body.as_str()), (200, "[]"));

    let slow = windlass(&demo, &["db", "psql"])
        .args(["--", "-c", "select pg_sleep(120)"])
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    console.press("4/pg_sleep\r");
    console.shows("pg_sleep(120)");
    console.press("x");
    console.shows("pg_cancel_backend");
    console.press(RIGHT);
    console.press("\r");
    let said = slow.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&said.stderr).into_owned();
    assert!(said.contains("canceling statement due to user request"), "{said}");

    console.resize(15, 60);
    console.press("1");
    console.until("the narrow screen", |screen| {
        screen.lines().count() <= 15 && screen.contains("running")
    });
    console.press("q");
    assert!(console.ends().success());
    assert!(console.raw().contains("\x1b[?1049l"), "the terminal is not given back");

    let audit = windlass(&demo, &["audit", "--json"]).output().unwrap();
    let audit: Vec<Value> = serde_json::from_slice(&audit.stdout).unwrap();
    let acts: Vec<(&str, &str)> = audit
        .iter()
        // The demo's own migrations are there, too.
        .filter(|entry| entry["via"] == "console")
        .map(|entry| (entry["action"].as_str().unwrap(), entry["outcome"].as_str().unwrap()))
        .collect();
    assert_eq!(
        acts,
        [("cancel_statement", "done"), ("migrate_up", "done")],
        "{audit:?}"
    );
}

#[test]
fn it_tells_of_a_killed_postgres_and_outlives_the_service() {
    let mut demo = Demo::start();
    let mut console = Terminal::start(&["tui", "--dir", demo.folder.to_str().unwrap()], &demo.folder);
    console.shows("running");

    let status = windlass(&demo, &["health", "--json"]).output().unwrap();
    let status: Value = serde_json::from_slice(&status.stdout).unwrap();
    let postmaster = status["database"]["pid"].as_i64().unwrap();
    assert!(
        Command::new("kill")
            .args(["-9", &postmaster.to_string()])
            .status()
            .unwrap()
            .success()
    );
    // It is back within half a second; that it died stays on the screen, with the next step.
    let told = console.until("the killed server", |screen| {
        screen.contains("PostgreSQL died") && screen.contains("windlass logs")
    });
    assert!(told < Duration::from_secs(3), "told after {told:?}");
    console.shows("running");

    assert!(
        Command::new("kill")
            .arg(demo.child.id().to_string())
            .status()
            .unwrap()
            .success()
    );
    demo.child.wait().unwrap();
    console.until("the service's end", |screen| {
        screen.contains("lost") || screen.contains("service down")
    });
    console.press("1");
    console.shows("windlass serve");
    console.press("0");
    console.shows("http.listen");
    console.press("?");
    console.shows("Everywhere");
    console.press(ESC);
    // Together they would be one key, with Alt.
    console.until("the help's end", |screen| !screen.contains("Everywhere"));
    console.press("q");
    assert!(console.ends().success());
}

#[test]
fn without_a_terminal_the_commands_are_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("windlass.toml"), "").unwrap();
    let output = Command::new(WINDLASS)
        .args(["tui", "--dir", folder.path().to_str().unwrap()])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("windlass health"), "{said}");
}
