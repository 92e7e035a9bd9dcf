//! What an operator asks and tells a service by commands: text, `--json`, exit codes.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

const WINDLASS: &str = env!("CARGO_BIN_EXE_windlass");

/// A project with one table and one resource.
struct Project {
    folder: tempfile::TempDir,
}

impl Project {
    fn make() -> Self {
        // Another user must reach it, when the tests run as root.
        let folder = tempfile::Builder::new().prefix("wl").tempdir_in("/tmp").unwrap();
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
        let project = Self { folder };
        project.write("windlass.toml", "title = \"Leads\"\n");
        project.migration(
            "1_leads",
            "create table leads (id bigint primary key, email text);",
            "drop table leads;",
        );
        project.write("resources/leads.toml", "[access]\nread = [\"public\"]\n");
        project
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn write(&self, file: &str, text: &str) {
        let path = self.path().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn migration(&self, name: &str, up: &str, down: &str) {
        self.write(&format!("migrations/{name}/up.sql"), up);
        self.write(&format!("migrations/{name}/down.sql"), down);
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(WINDLASS);
        command.current_dir(self.path()).args(args).env("NO_COLOR", "1");
        command
    }

    #[track_caller]
    fn run(&self, code: i32, args: &[&str]) -> Told {
        let told = Told::from(self.command(args).output().unwrap());
        assert_eq!(told.code, code, "{args:?}: {}{}", told.out, told.err);
        told
    }

    /// Its JSON: the result, or the problem.
    #[track_caller]
    fn json(&self, code: i32, args: &[&str]) -> Value {
        let mut all = args.to_vec();
        all.push("--json");
        let told = self.run(code, &all);
        let text = if told.out.is_empty() { told.err } else { told.out };
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{args:?}: {error}: {text}"))
    }

    fn serve(&self) -> Service {
        let mut child = self
            .command(&["serve", "--listen", "127.0.0.1:0"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(self.path().join("log")).unwrap())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let address = line.split("http://").nth(1).and_then(|rest| rest.split('/').next());
        Service {
            address: address.unwrap_or_else(|| panic!("{line}")).to_owned(),
            child,
        }
    }
}

struct Told {
    code: i32,
    out: String,
    err: String,
}

impl From<Output> for Told {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Self {
            code: output.status.code().unwrap(),
            out: text(output.stdout),
            err: text(output.stderr),
        }
    }
}

/// A running `windlass serve`.
struct Service {
    child: Child,
    address: String,
}

impl Service {
    fn status_of(&self, path: &str) -> u16 {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        reply.split(' ').nth(1).unwrap().parse().unwrap()
    }

    fn stop(mut self) -> i32 {
        self.signal();
        self.child.wait().unwrap().code().unwrap()
    }

    fn signal(&self) {
        let told = Command::new("kill").arg(self.child.id().to_string()).status();
        assert!(told.unwrap().success());
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if self.child.try_wait().unwrap().is_none() {
            self.signal();
            self.child.wait().unwrap();
        }
    }
}

#[test]
fn without_a_service_the_commands_say_what_can_be_known() {
    let project = Project::make();
    let health = project.run(1, &["health"]);
    assert!(
        health.out.starts_with("service   down\ndatabase  down"),
        "{}",
        health.out
    );
    assert!(
        health.out.contains("CRITICAL  service: ") && health.out.contains("`windlass serve`"),
        "{}",
        health.out
    );
    assert_eq!(project.json(1, &["health"])["service"], "down");
    let routes = project.run(1, &["routes"]);
    assert!(
        routes.err.contains("error[database_unavailable]") && routes.err.contains("hint: "),
        "{}",
        routes.err
    );
    let problem = project.json(1, &["routes"]);
    assert_eq!(
        (&problem["code"], problem["hint"].is_string()),
        (&"database_unavailable".into(), true),
        "{problem}"
    );
    for command in [
        ["reload"].as_slice(),
        &["traffic"],
        &["routes", "disable", "GET /api/leads"],
        &["logs", "-f"],
    ] {
        assert_eq!(project.json(1, command)["code"], "service_down", "{command:?}");
    }
    assert_eq!(project.json(2, &["traffic", "statuz:5xx"])["code"], "usage");
    assert!(project.run(2, &["logs", "level:loud"]).err.contains("character"));
    let config = project.json(0, &["config"]);
    assert!(
        config
            .as_array()
            .unwrap()
            .iter()
            .any(|setting| setting["key"] == "admin.socket")
    );
    assert!(project.run(0, &["config"]).out.contains("windlass.toml:1"));
    assert!(project.run(0, &["logs"]).out.is_empty());

    // These start the database for as long as they need it.
    project.run(0, &["migrate", "up"]);
    assert_eq!(project.json(0, &["db", "tables"])[0]["name"], "public.leads");
    assert!(project.run(0, &["db", "indexes"]).out.contains("public.leads_pkey"));
    assert!(!project.path().join(".windlass/postgres/postmaster.pid").exists());
    let log = project.run(0, &["logs"]).out;
    assert!(log.contains("postgres"), "{log}");
}

#[test]
fn a_running_service_is_asked_and_told() {
    let project = Project::make();
    project.run(0, &["migrate", "up"]);
    let service = project.serve();
    let health = project.run(0, &["health"]);
    assert!(health.out.contains("service   running, process ") && health.out.contains("database  up, PostgreSQL "));
    assert_eq!(project.json(0, &["health"])["service"], "running");

    let traffic = project
        .command(&["traffic", "path:/api", "--json"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut traffic = Service {
        child: traffic,
        address: String::new(),
    };
    // Until the tail is heard: it connects while requests go on.
    let mut tail = BufReader::new(traffic.child.stdout.take().unwrap());
    let (send, seen) = std::sync::mpsc::channel();
    let reader = std::thread::spawn(move || {
        let mut line = String::new();
        tail.read_line(&mut line).unwrap();
        send.send(line).unwrap();
    });
    let line = loop {
        assert_eq!(service.status_of("/api/leads"), 200);
        match seen.recv_timeout(std::time::Duration::from_millis(100)) {
            Ok(line) => break line,
            Err(error) => assert_eq!(error, std::sync::mpsc::RecvTimeoutError::Timeout),
        }
    };
    reader.join().unwrap();
    let exchange: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(exchange["route"], "GET /api/leads");
    drop(traffic);

    let routes = project.run(0, &["routes"]);
    assert!(
        routes.out.starts_with("ROUTE ") && routes.out.contains("GET /api/leads/{id}"),
        "{}",
        routes.out
    );
    assert!(
        project
            .run(0, &["routes", "show", "GET /api/leads"])
            .out
            .contains("SELECT")
    );
    project.run(0, &["routes", "disable", "GET /api/leads"]);
    assert_eq!(service.status_of("/api/leads"), 503);
    let off = project.json(0, &["routes"]);
    assert!(off[0]["disabled"]["by"].is_string(), "{off}");

    // What is switched off stays so over a restart.
    assert_eq!(service.stop(), 0);
    assert!(!project.path().join(".windlass/admin.json").exists());
    let service = project.serve();
    assert_eq!(service.status_of("/api/leads"), 503);
    project.run(0, &["routes", "enable", "GET /api/leads"]);
    assert_eq!(service.status_of("/api/leads"), 200);
    let unknown = project.run(1, &["routes", "disable", "GET /api/lead"]);
    assert!(
        unknown.err.contains("Did you mean `GET /api/leads`?"),
        "{}",
        unknown.err
    );

    let activity = project.json(0, &["db", "activity"]);
    assert!(!activity["sessions"].as_array().unwrap().is_empty() && activity["lanes"].is_object());
    assert_eq!(project.json(1, &["db", "terminate", "1"])["code"], "act_refused");
    for question in ["slow", "locks", "tables", "indexes", "activity"] {
        project.run(0, &["db", question]);
    }
    assert!(project.run(0, &["logs", "PostgreSQL"]).out.contains("PostgreSQL runs"));

    assert_eq!(service.status_of("/api/leads?nick=is.null"), 400);
    project.migration(
        "2_nick",
        "alter table leads add column nick text;",
        "alter table leads drop column nick;",
    );
    project.run(0, &["migrate", "up"]);
    assert_eq!(service.status_of("/api/leads?nick=is.null"), 200);
    project.write("resources/leads.toml", "[access]\nraed = [\"public\"]\n");
    let refused = project.run(1, &["reload"]);
    assert!(refused.err.contains("resources/leads.toml:2:1"), "{}", refused.err);
    assert_eq!(service.status_of("/api/leads"), 200);
    assert!(project.run(0, &["health"]).out.contains("WARNING   contracts: "));

    let audit = project.json(0, &["audit"]);
    let acts: Vec<(&str, &str)> = audit
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| (entry["action"].as_str().unwrap(), entry["outcome"].as_str().unwrap()))
        .collect();
    let expected = [
        ("reload", "refused"),
        ("reload", "done"),
        ("migrate_up", "done"),
        ("disable_route", "refused"),
        ("enable_route", "done"),
        ("disable_route", "done"),
        ("migrate_up", "done"),
    ];
    assert_eq!(acts, expected);
    assert!(project.run(0, &["audit"]).out.contains("enable_route"));
    assert_eq!(service.stop(), 0);
}

/// Sends one request to the admin socket; gives the reply's JSON.
fn admin(project: &Path, target: &str, body: &Value) -> Value {
    let note = std::fs::read(project.join(".windlass/admin.json")).unwrap();
    let note: Value = serde_json::from_slice(&note).unwrap();
    let mut stream = UnixStream::connect(note["socket"].as_str().unwrap()).unwrap();
    let body = body.to_string();
    let length = body.len();
    let head = format!("POST {target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n");
    stream.write_all((head + &body).as_bytes()).unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    let (_, body) = reply
        .split_once("\r\n\r\n")
        .unwrap_or_else(|| panic!("cut off: {reply}"));
    serde_json::from_str(body).unwrap()
}

#[test]
fn a_service_that_is_stopped_finishes_its_migration_first() {
    let project = Project::make();
    project.run(0, &["migrate", "up"]);
    let mut service = project.serve();
    project.migration(
        "2_slow",
        "select pg_sleep(5); alter table leads add column slow text;",
        "alter table leads drop column slow;",
    );
    let ask = serde_json::json!({ "ask": "migration", "name": "2_slow" });
    let file = admin(project.path(), "/v1/ask", &ask);
    let expect = serde_json::json!([{ "name": "2_slow", "sha256": file["value"]["up_sha256"] }]);
    let act = serde_json::json!({ "act": "migrate_up", "expect": expect, "dump": false });
    let path = project.path().to_owned();
    let acting = std::thread::spawn(move || admin(&path, "/v1/act", &act));
    let begun = std::time::Instant::now();
    while !project.json(0, &["db", "activity"]).to_string().contains("pg_sleep") {
        assert!(begun.elapsed().as_secs() < 5, "it does not run");
    }
    service.signal();
    assert_eq!(acting.join().unwrap()["message"], "2_slow is applied");
    assert_eq!(service.child.wait().unwrap().code(), Some(0));
    let _again = project.serve();
    let audit = project.json(0, &["audit"]);
    assert_eq!(
        (&audit[0]["action"], &audit[0]["outcome"]),
        (&"migrate_up".into(), &"done".into()),
        "{audit}"
    );
}
