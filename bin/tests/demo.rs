//! The program as an operator runs it: the demo, its API, and its docs in a real browser.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

use std::collections::HashSet;
use std::fs::File;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

const WINDLASS: &str = env!("CARGO_BIN_EXE_windlass");

/// A running `windlass demo`; it is told to stop when the test is over, however it ends.
struct Demo {
    child: Child,
    address: SocketAddr,
    folder: PathBuf,
    _root: tempfile::TempDir,
}

impl Demo {
    fn start() -> Self {
        use std::os::unix::fs::PermissionsExt;
        let root = tempfile::Builder::new()
            .prefix("windlass-demo-")
            .tempdir_in("/tmp")
            .unwrap();
        std::fs::set_permissions(root.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let folder = root.path().join("demo");
        let log = File::create(root.path().join("log")).unwrap();
        let child = Command::new(WINDLASS)
            .args([
                "demo",
                "--dir",
                folder.to_str().unwrap(),
                "--listen",
                &address.to_string(),
            ])
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut demo = Self {
            child,
            address,
            folder,
            _root: root,
        };
        let started = Instant::now();
        // Ready when the last file of the demo has been loaded.
        while demo.total("/api/movies") < 3000 {
            let ended = demo.child.try_wait().unwrap();
            assert!(
                ended.is_none() && started.elapsed() < Duration::from_secs(60),
                "{ended:?}: {}",
                demo.log()
            );
            std::thread::sleep(Duration::from_millis(50));
        }
        demo
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.parent().unwrap().join("log")).unwrap_or_default()
    }

    /// Status, headers and body of a request of our own making.
    fn ask(&self, request: &str) -> Option<(u16, String, String)> {
        let mut stream = TcpStream::connect(self.address).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
        stream.write_all(request.as_bytes()).ok()?;
        let mut reply = String::new();
        stream.read_to_string(&mut reply).ok()?;
        let (head, body) = reply.split_once("\r\n\r\n")?;
        Some((head.split(' ').nth(1)?.parse().ok()?, head.to_owned(), body.to_owned()))
    }

    fn get(&self, path: &str) -> Option<(u16, String, String)> {
        self.ask(&format!(
            "GET {path} HTTP/1.1\r\nhost: demo\r\nprefer: count=exact\r\nconnection: close\r\n\r\n"
        ))
    }

    fn post(&self, path: &str, body: &str) -> (u16, String, String) {
        let length = body.len();
        self.ask(&format!("POST {path} HTTP/1.1\r\nhost: demo\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}")).unwrap()
    }

    fn total(&self, path: &str) -> u64 {
        let Some((_, head, _)) = self.get(&format!("{path}?limit=1")) else {
            return 0;
        };
        let range = head.lines().find_map(|line| {
            line.to_ascii_lowercase()
                .strip_prefix("content-range: ")
                .map(str::to_owned)
        });
        range
            .and_then(|range| range.rsplit('/').next()?.parse().ok())
            .unwrap_or(0)
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // SIGTERM through the shell's own kill, so that the test needs no crate for it.
        _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let started = Instant::now();
        while self.child.try_wait().is_ok_and(|ended| ended.is_none()) && started.elapsed() < Duration::from_secs(20) {
            std::thread::sleep(Duration::from_millis(20));
        }
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

#[test]
fn the_demo_serves_real_data_and_documents_itself() {
    let demo = Demo::start();
    let (status, _, body) = demo.get("/api/movies?limit=2&order=title").unwrap();
    let movies: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, movies.as_array().unwrap().len()), (206, 2), "{body}");
    let log = demo.log();
    assert!(
        log.contains("title") && log.contains("1776"),
        "bad records are reported row by row: {log}"
    );

    let (status, _, body) = demo.post("/api/leads", r#"{"email":"ada@","score":140,"colour":1}"#);
    let problem: Value = serde_json::from_str(&body).unwrap();
    let mut fields: Vec<_> = problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["loc"][1].as_str().unwrap())
        .collect();
    fields.sort_unstable();
    assert_eq!(
        (status, fields),
        (422, vec!["colour", "email", "name", "score"]),
        "{body}"
    );
    let (status, head, body) = demo.post("/api/leads", r#"{"email":"ada@example.com","name":"Ada"}"#);
    assert_eq!(status, 201, "{body}");
    assert!(head.to_ascii_lowercase().contains("location: /api/leads/"), "{head}");

    browser_sees(&demo, "/docs");
    browser_sees(&demo, "/redoc");

    second_windlass_is_refused(&demo.folder);
    psql_works(&demo.folder);
}

/// Opens a page in headless Chromium; every resource must be on it, and no request may leave the origin.
fn browser_sees(demo: &Demo, path: &str) {
    let profile = tempfile::tempdir().unwrap();
    let netlog = profile.path().join("net.json");
    let origin = format!("http://{}", demo.address);
    let chromium = ["chromium", "chromium-browser", "google-chrome"]
        .into_iter()
        .find(|name| Command::new(name).arg("--version").output().is_ok())
        .expect("Chromium is needed: apt-get install chromium");
    let output = Command::new(chromium)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
        ])
        .args([
            "--disable-component-update",
            "--disable-sync",
            "--virtual-time-budget=20000",
            "--timeout=60000",
            "--dump-dom",
        ])
        .arg(format!("--user-data-dir={}", profile.path().join("profile").display()))
        .arg(format!("--log-net-log={}", netlog.display()))
        .arg(format!("{origin}{path}"))
        .output()
        .unwrap();
    let page = String::from_utf8_lossy(&output.stdout);
    let (_, _, document) = demo.get("/openapi.json").unwrap();
    let document: Value = serde_json::from_str(&document).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let resources: Vec<_> = paths
        .keys()
        .filter(|path| path.starts_with("/api/") && !path.contains('{'))
        .collect();
    assert!(resources.len() >= 6, "{resources:?}");
    for resource in resources {
        let name = resource.trim_start_matches("/api/");
        assert!(
            page.contains(name),
            "{path} does not show {name}; the page is {} bytes: {:.2000}",
            page.len(),
            page
        );
    }

    let text = std::fs::read_to_string(&netlog).unwrap();
    let log: Value = serde_json::from_str(&text).unwrap();
    let addresses = requested(&log, &origin);
    assert!(
        addresses
            .iter()
            .any(|url| url.starts_with(&format!("{origin}/openapi.json"))),
        "{addresses:?}"
    );
    let strangers: Vec<_> = addresses
        .iter()
        .filter(|url| !url.starts_with(&format!("{origin}/")) && !local(url))
        .collect();
    assert!(strangers.is_empty(), "{path} asked elsewhere: {strangers:?}");
}

/// Every address that the page asked for; Chromium's own errands have another initiator.
fn requested(log: &Value, origin: &str) -> HashSet<String> {
    let events = log["events"].as_array().unwrap();
    let params = events.iter().map(|event| &event["params"]);
    params
        .filter(|params| {
            params["initiator"]
                .as_str()
                .is_some_and(|from| from == origin || from == "null")
        })
        .filter_map(|params| params["url"].as_str().map(str::to_owned))
        .collect()
}

/// What never reaches a network: the browser's own pages and data in the page.
fn local(url: &str) -> bool {
    [
        "chrome://",
        "chrome-extension://",
        "data:",
        "blob:",
        "about:",
        "devtools://",
    ]
    .iter()
    .any(|scheme| url.starts_with(scheme))
}

fn second_windlass_is_refused(folder: &Path) {
    let output = Command::new(WINDLASS)
        .args(["serve", "--dir", folder.to_str().unwrap(), "--listen", "127.0.0.1:0"])
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("cluster_in_use"), "{told}");
}

fn psql_works(folder: &Path) {
    let output = Command::new(WINDLASS)
        .args([
            "db",
            "psql",
            "--dir",
            folder.to_str().unwrap(),
            "--",
            "-Atc",
            "select count(*) from accounts",
        ])
        .output()
        .unwrap();
    assert_eq!(
        String::from_utf8_lossy(&output.stdout).trim(),
        "8",
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
