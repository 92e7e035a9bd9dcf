//! The admin protocol through a real socket, with a real service behind it.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, Uid, User};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use windlass_core::admin::protocol::{Act, Answer, Ask, Done, Expected, ServiceState, Severity, Status};
use windlass_core::admin::{Client, Desk, Live, Socket, Source, Via};
use windlass_core::app::{Database, Project};
use windlass_core::db::cluster::{ClusterState, Role};
use windlass_core::db::migrate;
use windlass_core::error::{Code, Result};

use crate::app::{App, Setup, with_app};

/// The operator's side of a running service.
struct Operator {
    project: Project,
    path: PathBuf,
    source: Source,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

impl Operator {
    async fn of(app: &App) -> Self {
        std::fs::write(app.directory.join("windlass.toml"), "").unwrap();
        let project = Project::open(&app.directory).unwrap();
        let (endpoint, programs) = (app.cluster.endpoint(), app.cluster.programs());
        let database = Database {
            cluster: None,
            embedded: Some((endpoint.clone(), programs.clone())),
            owner: endpoint.config(Role::Owner),
            login: endpoint.config(Role::Login),
        };
        migrate::own_tables(&database.owner).await.unwrap();
        let live = Live {
            context: Arc::clone(&app.context),
            database,
            cluster: Some(app.cluster.state()),
            listens: vec![app.base.clone()],
        };
        let desk = Arc::new(Desk::open(project.clone(), live));
        desk.load_switches().await.unwrap();
        let socket = Socket::bind(&project).unwrap();
        let path = socket.path().to_owned();
        let (stop, stopped) = oneshot::channel();
        let serving = tokio::spawn(socket.run(desk, async { _ = stopped.await }));
        let source = Source::find(&project).await.unwrap();
        assert!(source.is_live());
        Self {
            project,
            path,
            source,
            stop,
            serving,
        }
    }

    async fn act(&self, act: Act) -> Result<Done> {
        self.source.act(act, Via::Console).await
    }

    async fn status(&self) -> Status {
        match self.source.ask(Ask::Status).await.unwrap() {
            Answer::Status(status) => *status,
            other => panic!("{other:?}"),
        }
    }

    async fn stop(self) {
        self.stop.send(()).unwrap();
        self.serving.await.unwrap();
    }
}

/// Every question there is.
fn questions() -> Vec<Ask> {
    vec![
        Ask::Status,
        Ask::Routes,
        Ask::Route {
            route: "GET /api/people/{id}".into(),
        },
        Ask::Migrations,
        Ask::Migration { name: "1_a".into() },
        Ask::Rehearse { upto: None },
        Ask::Activity,
        Ask::SlowStatements,
        Ask::Locks,
        Ask::Tables,
        Ask::Indexes,
        Ask::Settings,
        Ask::Audit,
        Ask::Logs,
    ]
}

/// Sends bytes, and reads until the other side hangs up.
async fn raw(path: &Path, request: &str) -> (u16, serde_json::Value) {
    let mut stream = UnixStream::connect(path).await.unwrap();
    // A refusal may come, and the connection end, before all of it is sent.
    _ = stream.write_all(request.as_bytes()).await;
    let mut reply = Vec::new();
    _ = stream.read_to_end(&mut reply).await;
    let reply = String::from_utf8(reply).unwrap();
    let status = reply.split(' ').nth(1).unwrap().parse().unwrap();
    let (head, body) = reply.split_once("\r\n\r\n").unwrap();
    let json = serde_json::from_str(body).unwrap_or_default();
    assert!(status == 200 || head.contains("application/problem+json"), "{reply}");
    (status, json)
}

fn post(path: &str, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
}

#[test]
fn every_question_is_answered_and_nonsense_refused() {
    with_app(Setup::default(), |app| async move {
        let migration = app.directory.join("migrations/1_a");
        std::fs::create_dir_all(&migration).unwrap();
        std::fs::write(migration.join("up.sql"), "create table later (id int primary key);").unwrap();
        let operator = Operator::of(&app).await;
        let mode = operator.path.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o660, "{mode:o}");
        for ask in questions() {
            let answer = operator.source.ask(ask.clone()).await;
            assert!(answer.is_ok(), "{ask:?}: {answer:?}");
        }
        let status = operator.status().await;
        assert_eq!(status.service, ServiceState::Running);
        assert!(status.database.up && status.database.pid.is_some() && status.database.version.starts_with("16."));
        assert!(
            status
                .checks
                .iter()
                .any(|check| check.name == "migrations" && check.severity == Severity::Warning)
        );

        for (request, wanted, said) in [
            (get("/version"), 200, ""),
            (post("/v1/ask", "{\"ask\":\"routes\"}"), 200, ""),
            (post("/v1/ask", "{\"ask\":"), 400, "bad_json"),
            (post("/v1/ask", "{\"ask\":\"weather\"}"), 400, "`status`"),
            (post("/v1/ask", &format!("\"{}\"", "x".repeat(70_000))), 413, "65536"),
            (post("/v0/ask", "{}"), 404, "speaks admin protocol 1"),
            (get("/"), 404, "speaks admin protocol 1"),
            (get("/v1/ask"), 405, "POST"),
            (get("/v1/traffic?filter=statuz:5xx"), 400, "`statuz`"),
            (get("/v1/logs?folter=x"), 400, "`folter`"),
            (
                post("/v1/ask", "{\"ask\":\"route\",\"route\":\"GET /api/peopel\"}"),
                404,
                "GET /api/people",
            ),
        ] {
            let (status, json) = raw(&operator.path, &request).await;
            assert_eq!(status, wanted, "{request:.80}: {json}");
            assert!(json.to_string().contains(said), "{request:.80}: {json}");
        }

        let mut crowd = Vec::new();
        for _ in 0..32 {
            crowd.push(UnixStream::connect(&operator.path).await.unwrap());
        }
        let (status, json) = raw(&operator.path, &get("/version")).await;
        assert_eq!(status, 503, "{json}");
        drop(crowd);
        let begun = Instant::now();
        while raw(&operator.path, &get("/version")).await.0 != 200 {
            assert!(begun.elapsed() < Duration::from_secs(5), "no place came free");
        }

        let second = Socket::bind(&operator.project).unwrap_err();
        assert!(second.message().contains("another process answers"), "{second}");
        let (project, path) = (operator.project.clone(), operator.path.clone());
        operator.stop().await;
        assert!(!path.exists());
        assert!(!Source::find(&project).await.unwrap().is_live());
        // A socket that a killed process left is replaced.
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        Operator::of(&app).await.stop().await;
    });
}

#[test]
fn a_killed_postgres_is_told_within_two_seconds_and_every_question_answered_within_three() {
    with_app(Setup::default(), |app| async move {
        let operator = Operator::of(&app).await;
        assert!(operator.status().await.database.up);
        let ClusterState::Running { pid, .. } = *app.cluster.state().borrow() else {
            panic!("not running")
        };
        // It stays down: it cannot read its settings.
        let settings = app.directory.join(".windlass/postgres/postgresql.auto.conf");
        let before = std::fs::read_to_string(&settings).unwrap();
        std::fs::write(&settings, "nonsense = = 1\n").unwrap();
        let killed = Instant::now();
        kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
        let status = loop {
            let status = operator.status().await;
            if !status.database.up {
                break status;
            }
            assert!(killed.elapsed() < Duration::from_secs(2), "not told: {status:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        let worst = status.checks.first().unwrap();
        assert_eq!((worst.name.as_str(), worst.severity), ("database", Severity::Critical));
        assert!(worst.command.is_some());
        let reason = status.database.reason.unwrap();
        assert!(reason.contains("restarting"), "{reason}");
        for ask in questions() {
            let asked = Instant::now();
            let answer = operator.source.ask(ask.clone()).await;
            assert!(
                asked.elapsed() < Duration::from_secs(3),
                "{ask:?} took {:?}",
                asked.elapsed()
            );
            let without = matches!(
                ask,
                Ask::Status | Ask::Routes | Ask::Route { .. } | Ask::SlowStatements | Ask::Settings | Ask::Logs
            );
            match answer {
                Ok(_) => {}
                Err(error) => assert!(
                    !without && error.code() == Code::DatabaseUnavailable,
                    "{ask:?}: {error:?}"
                ),
            }
        }
        let refused = operator
            .act(Act::DisableRoute {
                route: "GET /api/people".into(),
            })
            .await
            .unwrap_err();
        assert!(refused.message().contains("audit table"), "{refused:?}");
        std::fs::write(&settings, before).unwrap();
        let mut state = app.cluster.state();
        state
            .wait_for(|state| matches!(state, ClusterState::Running { .. }))
            .await
            .unwrap();
        tokio::time::sleep(Duration::from_millis(1100)).await;
        assert!(operator.status().await.database.up);
        operator.stop().await;
    });
}

#[test]
fn requests_are_seen_live_with_their_stages() {
    with_app(Setup::default(), |app| async move {
        let operator = Operator::of(&app).await;
        let mut all = operator.source.traffic("").await.unwrap();
        let mut failed = operator.source.traffic("status:4xx").await.unwrap();
        app.get("/api/people").await.is(200);
        app.get("/api/nothing").await.is(404);
        let mut seen = Vec::new();
        while seen.len() < 2 {
            let batch = tokio::time::timeout(Duration::from_secs(5), all.recv()).await.unwrap();
            seen.extend(batch.unwrap().unwrap().items);
        }
        assert_eq!(seen[0].route.as_deref(), Some("GET /api/people"));
        assert!(seen[0].stages.iter().any(|stage| stage.stage == "db"), "{seen:?}");
        let batch = tokio::time::timeout(Duration::from_secs(5), failed.recv())
            .await
            .unwrap();
        let batch = batch.unwrap().unwrap();
        assert_eq!((batch.items.len(), batch.items[0].status, batch.lost), (1, 404, 0));
        let wrong = operator.source.traffic("ms:abc").await.unwrap_err();
        assert_eq!(wrong.code(), Code::BadQuery);
        // Open streams do not hold up the end.
        let begun = Instant::now();
        operator.stop().await;
        assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
        let end = tokio::time::timeout(Duration::from_secs(5), all.recv()).await.unwrap();
        assert_eq!(end.unwrap().unwrap_err().code(), Code::ServiceDown);
    });
}

#[test]
fn routes_are_switched_off_and_on_with_an_audit() {
    with_app(Setup::default(), |app| async move {
        let operator = Operator::of(&app).await;
        let route = || "GET /api/people".to_owned();
        operator.act(Act::DisableRoute { route: route() }).await.unwrap();
        assert_eq!(app.get("/api/people").await.is(503).json()["code"], "route_disabled");
        app.get("/api/busy").await.is(200);
        // Also for a service that starts now.
        let notice = operator.status().await;
        assert!(
            notice.checks.iter().any(|check| check.name == "routes"),
            "{:?}",
            notice.checks
        );
        operator.act(Act::EnableRoute { route: route() }).await.unwrap();
        app.get("/api/people").await.is(200);
        let unknown = operator
            .act(Act::DisableRoute {
                route: "GET /api/peopel".to_owned(),
            })
            .await
            .unwrap_err();
        assert_eq!(unknown.code(), Code::RouteNotFound);
        let Answer::Audit(entries) = operator.source.ask(Ask::Audit).await.unwrap() else {
            panic!()
        };
        let told: Vec<(&str, &str)> = entries
            .iter()
            .map(|e| (e.action.as_str(), e.outcome.as_str()))
            .collect();
        assert_eq!(
            told,
            [
                ("disable_route", "refused"),
                ("enable_route", "done"),
                ("disable_route", "done")
            ]
        );
        let own = User::from_uid(Uid::effective()).unwrap().unwrap().name;
        assert!(entries.iter().all(|entry| entry.actor == own));
        assert_eq!(entries[1].command, "windlass routes enable 'GET /api/people'");

        let owner = app.owner().await;
        owner
            .batch_execute("begin; lock table people in access exclusive mode")
            .await
            .unwrap();
        let Answer::Activity(activity) = operator.source.ask(Ask::Activity).await.unwrap() else {
            panic!()
        };
        let idle = activity
            .sessions
            .iter()
            .find(|session| session.state == "idle in transaction");
        let idle = idle.unwrap();
        let terminate = |started: &str| Act::TerminateSession {
            pid: idle.pid,
            started: started.to_owned(),
        };
        let other = operator
            .act(terminate("2020-01-01T00:00:00.000000Z"))
            .await
            .unwrap_err();
        assert_eq!(other.code(), Code::ActRefused, "{other:?}");
        operator.act(terminate(&idle.started)).await.unwrap();
        app.get("/api/people").await.is(200);
        operator.stop().await;
    });
}

#[test]
fn a_session_is_ended_when_all_connections_are_taken() {
    with_app(Setup::default(), |app| async move {
        let operator = Operator::of(&app).await;
        let config = app.cluster.endpoint().config(Role::Owner);
        let mut crowd = Vec::new();
        while let Ok(client) = windlass_core::db::connect::open(&config).await {
            crowd.push(client);
        }
        let Answer::Activity(activity) = operator.source.ask(Ask::Activity).await.unwrap() else {
            panic!()
        };
        let one = activity
            .sessions
            .iter()
            .find(|session| session.role == "windlass_owner");
        let one = one.unwrap();
        let done = operator.act(Act::TerminateSession {
            pid: one.pid,
            started: one.started.clone(),
        });
        assert_eq!(done.await.unwrap().message, format!("session {} is ended", one.pid));
        let Answer::Audit(entries) = operator.source.ask(Ask::Audit).await.unwrap() else {
            panic!()
        };
        assert_eq!(
            (entries[0].action.as_str(), entries[0].outcome.as_str()),
            ("terminate_session", "done")
        );
        operator.stop().await;
    });
}

#[test]
fn a_reload_takes_good_files_and_leaves_wrong_ones() {
    with_app(Setup::default(), |app| async move {
        let operator = Operator::of(&app).await;
        let file = app.directory.join("resources/busy.toml");
        let before = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, "[access]\nraed = [\"public\"]\n").unwrap();
        let refused = operator.act(Act::Reload).await.unwrap_err();
        assert_eq!(refused.code(), Code::ProjectInvalid);
        assert!(
            refused.details().unwrap().contains("resources/busy.toml:2:1"),
            "{refused:?}"
        );
        app.get("/api/busy").await.is(200);
        let contracts = |status: &Status| {
            let mut checks = status.checks.iter();
            checks.find(|check| check.name == "contracts").unwrap().clone()
        };
        let check = contracts(&operator.status().await);
        assert_eq!(check.severity, Severity::Warning);
        assert!(check.evidence.contains("resources/busy.toml:2:1"), "{check:?}");
        std::fs::remove_file(&file).unwrap();
        let done = operator.act(Act::Reload).await.unwrap();
        assert_eq!(done.details, ["gone: GET /api/busy"]);
        app.get("/api/busy").await.is(404);
        assert_eq!(contracts(&operator.status().await).severity, Severity::Ok);
        std::fs::write(&file, before).unwrap();

        // A migration brings its contracts into force.
        let migration = app.directory.join("migrations/1_mood");
        std::fs::create_dir_all(&migration).unwrap();
        let (up_sql, down_sql) = (
            "alter table people add column nick text;",
            "alter table people drop column nick;",
        );
        std::fs::write(migration.join("up.sql"), up_sql).unwrap();
        std::fs::write(migration.join("down.sql"), down_sql).unwrap();
        let seen = |name: &str, sql: &str| Expected {
            name: name.to_owned(),
            sha256: windlass_core::db::migrate::sha256(sql),
        };
        let up = |name: &str| Act::MigrateUp {
            expect: vec![seen(name, up_sql)],
            dump: false,
        };
        let other = operator.act(up("2_other")).await.unwrap_err();
        assert_eq!(other.code(), Code::MigrationsChanged);
        operator.act(up("1_mood")).await.unwrap();
        app.get("/api/busy").await.is(200);
        app.get("/api/people?nick=is.null").await.is(200);
        let down = Act::MigrateDown {
            expect: seen("1_mood", down_sql),
            dump: true,
        };
        let done = operator.act(down).await.unwrap();
        assert!(
            done.details.iter().any(|line| line.contains("dumped before")),
            "{done:?}"
        );
        app.get("/api/people?nick=is.null").await.is(400);
        operator.stop().await;
    });
}

#[tokio::test]
async fn another_protocol_is_refused_with_words() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("admin.sock");
    for (protocol, words) in [(2, "this program is older"), (0, "the service is older")] {
        _ = std::fs::remove_file(&path);
        let listener = UnixListener::bind(&path).unwrap();
        let answering = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = [0; 1024];
            let _read = stream.read(&mut head).await.unwrap();
            let body = format!("{{\"protocol\":{protocol},\"windlass\":\"9.9.9\"}}");
            let reply = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            stream.write_all(reply.as_bytes()).await.unwrap();
        });
        let refused = Client::connect(&path, vec![Uid::effective().as_raw()])
            .await
            .unwrap_err();
        assert_eq!(refused.code(), Code::ProtocolMismatch);
        assert!(refused.message().contains(words), "{refused}");
        assert!(refused.message().contains("9.9.9") && refused.hint().is_some());
        answering.await.unwrap();
    }
    _ = std::fs::remove_file(&path);
    // A stranger's socket is not believed, whatever it says.
    let path = folder.path().join("strange.sock");
    let _listener = UnixListener::bind(&path).unwrap();
    let strange = Client::connect(&path, vec![Uid::effective().as_raw() + 1])
        .await
        .unwrap_err();
    assert_eq!(strange.code(), Code::Forbidden);
    let path = folder.path().join("gone.sock");
    let gone = Client::connect(&path, vec![Uid::effective().as_raw()])
        .await
        .unwrap_err();
    assert_eq!(gone.code(), Code::ServiceDown);
    assert!(gone.hint().unwrap().contains("windlass serve"));
}
