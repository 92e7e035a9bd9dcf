//! A running `windlass demo`.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub const WINDLASS: &str = env!("CARGO_BIN_EXE_windlass");

/// A running `windlass demo`; it is told to stop when the test is over, however it ends.
pub struct Demo {
    pub child: Child,
    pub address: SocketAddr,
    pub folder: PathBuf,
    _root: tempfile::TempDir,
}

impl Demo {
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// With settings of its own, as the environment names them.
    pub fn start_with(settings: &[(&str, &str)]) -> Self {
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
            .envs(settings.iter().copied())
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

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.parent().unwrap().join("log")).unwrap_or_default()
    }

    /// Status, headers and body of a request of our own making.
    pub fn ask(&self, request: &str) -> Option<(u16, String, String)> {
        let mut stream = TcpStream::connect(self.address).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
        stream.write_all(request.as_bytes()).ok()?;
        let mut reply = String::new();
        stream.read_to_string(&mut reply).ok()?;
        let (head, body) = reply.split_once("\r\n\r\n")?;
        Some((head.split(' ').nth(1)?.parse().ok()?, head.to_owned(), body.to_owned()))
    }

    pub fn get(&self, path: &str) -> Option<(u16, String, String)> {
        self.ask(&format!(
            "GET {path} HTTP/1.1\r\nhost: demo\r\nprefer: count=exact\r\nconnection: close\r\n\r\n"
        ))
    }

    pub fn post(&self, path: &str, body: &str) -> (u16, String, String) {
        let length = body.len();
        self.ask(&format!("POST {path} HTTP/1.1\r\nhost: demo\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}")).unwrap()
    }

    pub fn total(&self, path: &str) -> u64 {
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
        // Its number may be another process's by now.
        if self.child.try_wait().is_ok_and(|ended| ended.is_some()) {
            return;
        }
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
