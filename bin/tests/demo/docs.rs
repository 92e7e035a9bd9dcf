//! The demo's API, and its docs in a real browser.

use std::collections::HashSet;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::service::{Demo, WINDLASS};

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
    texts_are_found_by_meaning(&demo);
    keys_open_what_is_theirs(&demo);
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
    assert_eq!(psql(folder, "select count(*) from accounts"), "8");
}

/// Each question comes with the text that it means: one of the three nearest, found through the index.
fn texts_are_found_by_meaning(demo: &Demo) {
    assert_eq!((demo.total("/api/documents"), demo.total("/api/questions")), (554, 24));
    let (_, _, body) = demo.get("/api/documents?slug=eq.passkeys").unwrap();
    let found: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(found[0]["embedding"].as_array().unwrap().len(), 384, "{body}");

    let missed = "select count(*) from questions q where answer_id not in
        (select id from documents order by embedding <=> q.embedding limit 3)";
    assert_eq!(psql(&demo.folder, missed), "0");
    let plan = "explain select title from documents
        order by embedding <=> (select embedding from questions limit 1) limit 10";
    let plan = psql(&demo.folder, plan);
    assert!(plan.contains("Index Scan using documents_embedding"), "{plan}");
}

/// The keys that the demo made, as its README uses them.
fn keys_open_what_is_theirs(demo: &Demo) {
    use std::os::unix::fs::PermissionsExt;
    let file = demo.folder.join("demo-keys.env");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(demo.log().contains("demo-keys.env"), "{}", demo.log());
    let text = std::fs::read_to_string(&file).unwrap();
    let key = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        line.unwrap().to_owned()
    };
    let ask = |path: &str, key: &str| {
        let request = format!("GET {path} HTTP/1.1\r\nhost: demo\r\napikey: {key}\r\nconnection: close\r\n\r\n");
        let (status, _, body) = demo.ask(&request).unwrap();
        (status, serde_json::from_str::<Value>(&body).unwrap())
    };
    let (a, b, admin) = (key("TENANT_A_KEY"), key("TENANT_B_KEY"), key("ADMIN_KEY"));
    assert_eq!(demo.get("/api/campaigns").unwrap().0, 401);
    for (path, statuses, of_a, of_b) in [
        ("/api/campaigns?select=name", (200, 200), 3, 2),
        ("/api/reports/budgets", (200, 200), 3, 2),
        ("/api/campaigns?id=eq.1", (200, 200), 1, 0),
    ] {
        let ((status_a, rows_a), (status_b, rows_b)) = (ask(path, &a), ask(path, &b));
        assert_eq!((status_a, status_b), statuses, "{path}");
        let count = |rows: &Value| rows.as_array().unwrap().len();
        assert_eq!(
            (count(&rows_a), count(&rows_b)),
            (of_a, of_b),
            "{path}: {rows_a} {rows_b}"
        );
    }
    assert_eq!(ask("/api/campaigns/1", &a).0, 200);
    let (absent, mut foreign) = (ask("/api/campaigns/999", &b), ask("/api/campaigns/1", &b));
    // Only the request's own name differs.
    foreign.1["request_id"] = absent.1["request_id"].clone();
    assert_eq!(foreign, absent);
    assert_eq!(absent.0, 404);
    assert_eq!(ask("/api/admin/activity", &a).0, 403);
    assert_eq!(ask("/api/admin/activity", &admin).0, 200);
    // Who belongs to no tenant sees no tenant's rows.
    assert_eq!(ask("/api/campaigns", &admin).0, 403);
}

fn psql(folder: &Path, statement: &str) -> String {
    let output = Command::new(WINDLASS)
        .args(["db", "psql", "--dir", folder.to_str().unwrap(), "--", "-Atc", statement])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
