//! The demo as PostgREST's JavaScript client sees it: the published package, unmodified.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::service::{Demo, WINDLASS};

/// Our script, with the versions and hashes of what it needs.
const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/postgrest-js");

#[test]
fn the_published_javascript_client_works_unmodified() {
    let script = installed();
    let demo = Demo::start_with(&[("WINDLASS_HTTP_TX_ROLLBACK", "true")]);
    // Every row counts here, those of the last batch, too.
    let started = Instant::now();
    while !demo.log().contains("the data is loaded") {
        assert!(started.elapsed() < Duration::from_secs(60), "{}", demo.log());
        std::thread::sleep(Duration::from_millis(50));
    }
    let key = Command::new(WINDLASS)
        .args(["key", "create", "client", "--dir"])
        .arg(&demo.folder)
        .output()
        .unwrap();
    assert!(key.status.success(), "{}", String::from_utf8_lossy(&key.stderr));
    let output = Command::new("node")
        .env("WINDLASS_KEY", String::from_utf8_lossy(&key.stdout).trim())
        .arg(script.join("calls.mjs"))
        .arg(format!("http://{}/api", demo.address))
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}{complaint}");
    let calls: u32 = told
        .lines()
        .last()
        .and_then(|line| line.strip_suffix(" calls, 0 failures")?.parse().ok())
        .unwrap_or_else(|| panic!("no count of calls: {told}{complaint}"));
    assert!(calls >= 150, "{calls} calls were made");

    // What clients broke off has left nothing behind.
    let (status, ..) = demo.get("/health/ready").unwrap();
    assert_eq!(status, 200, "{}", demo.log());
}

/// A copy of the script below `target/` with its packages beside it; installed again only when something has changed.
fn installed() -> PathBuf {
    for (program, package) in [("node", "nodejs"), ("npm", "npm")] {
        let version = Command::new(program).arg("--version").output();
        assert!(
            version.is_ok_and(|output| output.status.success()),
            "{program} is needed: apt-get install {package} (Node 20 or newer)"
        );
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("postgrest-js");
    std::fs::create_dir_all(&folder).unwrap();
    let lock = |folder: &Path| std::fs::read(folder.join("package-lock.json")).ok();
    let known = folder.join("node_modules").is_dir() && lock(&folder) == lock(Path::new(SOURCE));
    for entry in std::fs::read_dir(SOURCE).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_file() {
            std::fs::copy(entry.path(), folder.join(entry.file_name())).unwrap();
        }
    }
    if !known {
        let output = Command::new("npm").arg("ci").current_dir(&folder).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "npm ci: {told}");
    }
    folder
}
