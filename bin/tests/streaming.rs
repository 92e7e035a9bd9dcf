//! A large table read as NDJSON from the real program: its memory does not grow with the rows.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const WINDLASS: &str = env!("CARGO_BIN_EXE_windlass");
const ROWS: usize = 1_000_000;
/// Kilobytes.
const ALLOWED: u64 = 20 * 1024;

/// A running `windlass serve`; it is told to stop when the test is over, however it ends.
struct Service {
    child: Child,
    address: String,
}

impl Service {
    fn start(folder: &Path) -> Self {
        let mut child = Command::new(WINDLASS)
            .args(["serve", "--migrate", "--listen", "127.0.0.1:0"])
            .current_dir(folder)
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(folder.join("log")).unwrap())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let address = line.split("http://").nth(1).and_then(|rest| rest.split('/').next());
        let address = address.map(str::to_owned);
        Self {
            address: address
                .unwrap_or_else(|| panic!("{line}{}", std::fs::read_to_string(folder.join("log")).unwrap())),
            child,
        }
    }

    fn ask(&self, path: &str, accept: &str) -> TcpStream {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nhost: x\r\naccept: {accept}\r\nconnection: close\r\n\r\n"
        )
        .unwrap();
        stream
    }

    /// Its resident memory in kilobytes: what it is, and the most it ever was.
    fn memory(&self) -> (u64, u64) {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let of = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            line.trim().trim_end_matches(" kB").parse().unwrap()
        };
        (of("VmRSS:"), of("VmHWM:"))
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _told = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ended = self.child.wait();
    }
}

/// Reads to the end without keeping anything: bytes of the reply, lines that are rows, and the last bytes.
fn discard(mut stream: TcpStream) -> (usize, usize, Vec<u8>) {
    let (mut bytes, mut rows, mut tail) = (0, 0, Vec::new());
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = stream.read(&mut buffer).unwrap();
        if read == 0 {
            return (bytes, rows, tail);
        }
        bytes += read;
        // Each row has one.
        rows += buffer[..read].iter().filter(|byte| **byte == b'}').count();
        tail.extend_from_slice(&buffer[..read]);
        let keep = tail.len().saturating_sub(16);
        tail.drain(..keep);
    }
}

#[test]
fn a_million_rows_take_no_memory() {
    // Another user must reach it, when the tests run as root.
    let folder = tempfile::Builder::new().prefix("wl").tempdir_in("/tmp").unwrap();
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
    let write = |file: &str, text: &str| {
        let path = folder.path().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("windlass.toml", "title = \"Numbers\"\n");
    write(
        "migrations/1_numbers/up.sql",
        &format!(
            "create table numbers (id bigint primary key, word text not null);
             insert into numbers select n, 'number ' || n from generate_series(1, {ROWS}) as n;"
        ),
    );
    write("migrations/1_numbers/down.sql", "drop table numbers;");
    write("resources/numbers.toml", "[access]\nread = [\"public\"]\n");
    let service = Service::start(folder.path());

    // Warm: buffers, connections and code are there before it counts.
    let (_, rows, _) = discard(service.ask("/api/numbers?limit=1000", "application/x-ndjson"));
    assert_eq!(rows, 1000);
    let (before, _) = service.memory();
    let started = Instant::now();
    let (bytes, rows, tail) = discard(service.ask("/api/numbers", "application/x-ndjson"));
    let took = started.elapsed();
    assert_eq!(rows, ROWS);
    assert!(tail.ends_with(b"0\r\n\r\n"), "{}", String::from_utf8_lossy(&tail));
    let (after, most) = service.memory();
    println!("{rows} rows, {bytes} bytes in {took:?}; {before} kB before, {after} kB after, {most} kB at most");
    assert!(
        most.saturating_sub(before) < ALLOWED,
        "{before} kB before, {most} kB at most"
    );

    // A reader who stops: what the database has stays there.
    let slow = service.ask("/api/numbers", "text/csv");
    let started = Instant::now();
    let mut peak = 0;
    while started.elapsed() < Duration::from_secs(2) {
        peak = peak.max(service.memory().0);
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(
        peak.saturating_sub(before) < ALLOWED,
        "{before} kB before, {peak} kB with a reader who stopped"
    );
    let (bytes, _, tail) = discard(slow);
    assert!(
        bytes > ROWS * 10 && tail.ends_with(b"0\r\n\r\n"),
        "the rest comes when it goes on"
    );
}
