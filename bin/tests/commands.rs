//! The binary as an operator meets it: output, hints and exit codes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

fn windlass(directory: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_windlass"));
    command.current_dir(directory).args(args).env("NO_COLOR", "1");
    command.output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn folder() -> tempfile::TempDir {
    // Another user must reach it, when the tests run as root.
    let folder = tempfile::Builder::new().prefix("wl").tempdir_in("/tmp").unwrap();
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
    folder
}

#[test]
fn a_project_is_made_migrated_and_undone() {
    let folder = folder();
    assert!(windlass(folder.path(), &["new", "app"]).status.success());
    let again = windlass(folder.path(), &["new", "app"]);
    assert_eq!(again.status.code(), Some(1));
    assert!(text(&again.stderr).contains("is not empty"), "{again:?}");

    let app = folder.path().join("app");
    let made = windlass(&app, &["migrate", "new", "leads"]);
    let up = text(&made.stdout).lines().next().unwrap().to_owned();
    std::fs::write(app.join(&up), "create table leads (id bigint primary key);").unwrap();
    std::fs::write(app.join(up.replace("up.sql", "down.sql")), "drop table leads;").unwrap();

    let refused = windlass(&app, &["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(refused.status.code(), Some(1));
    let said = text(&refused.stderr);
    assert!(
        said.contains("error[migrations_pending]") && said.contains("hint: "),
        "{said}"
    );

    assert!(windlass(&app, &["migrate", "up"]).status.success());
    let status = windlass(&app, &["migrate", "status", "--json"]);
    let lines: serde_json::Value = serde_json::from_slice(&status.stdout).unwrap();
    assert_eq!(lines[0]["state"], "applied");
    let asked = windlass(&app, &["db", "psql", "--", "-Atc", "select count(*) from leads"]);
    assert_eq!(text(&asked.stdout), "0\n");
    let failed = windlass(&app, &["db", "psql", "--", "-c", "select 1/0"]);
    assert_eq!(failed.status.code(), Some(1));
    assert!(windlass(&app, &["migrate", "down"]).status.success());
    assert_eq!(windlass(&app, &["migrate", "down"]).status.code(), Some(1));
    assert_eq!(windlass(&app, &["migrate", "down", "0"]).status.code(), Some(2));
}

fn migration(app: &Path, name: &str, up: &str) {
    let directory = app.join("migrations").join(name);
    std::fs::create_dir_all(&directory).unwrap();
    std::fs::write(directory.join("up.sql"), up).unwrap();
    std::fs::write(directory.join("down.sql"), "select 1;").unwrap();
}

#[test]
fn migrations_are_rehearsed_dumped_before_and_shown_as_failed() {
    let folder = folder();
    let app = folder.path();
    std::fs::write(app.join("windlass.toml"), "").unwrap();
    let checked = windlass(app, &["migrate", "check"]);
    assert_eq!((checked.status.code(), text(&checked.stdout)), (Some(0), String::new()));
    assert!(text(&checked.stderr).contains("nothing is pending"), "{checked:?}");

    let rows = "insert into leads select n, 'a' from generate_series(1, 100) n;\nanalyze leads;";
    let first = format!("create table leads (id bigint primary key, name text, score int);\n{rows}");
    migration(app, "2026-01-01-000000_leads", &first.replace("n, 'a'", "n, 'a', 1"));
    assert!(windlass(app, &["migrate", "up"]).status.success());
    assert!(!app.join(".windlass/dumps").exists(), "there was no table to dump");
    std::fs::create_dir_all(app.join("resources")).unwrap();
    std::fs::write(app.join("resources/leads.toml"), "[access]\nread = ['public']\n").unwrap();

    let name = "2026-01-02-000000_score";
    let change = "alter table leads alter column score type bigint;\nalter table leads drop column name;\n\
                  update leads set score = 2;";
    migration(app, name, change);
    let checked = windlass(app, &["migrate", "check"]);
    let said = text(&checked.stdout);
    for expected in [
        "2026-01-02-000000_score: passed",
        "  line 1: alter table leads alter column score type bigint",
        "    locks public.leads: AccessExclusiveLock, reads and writes wait",
        "    rewrites public.leads: about 100 rows, ",
        "    changes 100 rows",
        "[changing-column-type]",
        "    line 2: ",
        "[ban-drop-column]",
        "    breaking  GET /api/leads",
    ] {
        assert!(said.contains(expected), "no {expected} in {said}");
    }
    assert_eq!(checked.status.code(), Some(0), "a warning is no failure: {said}");
    assert_eq!(windlass(app, &["migrate", "check", "--strict"]).status.code(), Some(1));
    let json = windlass(app, &["migrate", "check", "--json", "--upto", name]);
    let read: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(read[0]["name"], name);
    assert_eq!(read[0]["outcome"]["outcome"], "passed");
    assert_eq!(read[0]["statements"][2]["rows"], 100);

    migration(app, name, "update leads set score = 2;\nselect 1/0;");
    let checked = windlass(app, &["migrate", "check"]);
    assert_eq!(checked.status.code(), Some(1));
    let place = format!("migrations/{name}/up.sql:2:1: division by zero");
    assert!(text(&checked.stdout).contains(&place), "{checked:?}");
    let failed = windlass(app, &["migrate", "up"]);
    assert_eq!(failed.status.code(), Some(1));
    assert!(text(&failed.stderr).contains("pg_restore"), "{failed:?}");
    let dumps = || std::fs::read_dir(app.join(".windlass/dumps")).unwrap().count();
    assert_eq!(dumps(), 1);
    let status = windlass(app, &["migrate", "status"]);
    assert!(text(&status.stdout).contains("failed"), "{status:?}");
    assert!(text(&status.stderr).contains(&place), "{status:?}");
    migration(app, name, "update leads set score = 2;");
    assert!(windlass(app, &["migrate", "up", "--no-dump"]).status.success());
    assert_eq!(dumps(), 1);
}

#[test]
fn check_names_mistakes_in_settings_overlays_and_migrations_together() {
    let folder = folder();
    let app = folder.path();
    std::fs::write(app.join("windlass.toml"), "[http]\nbody_limt = '1MiB'\n").unwrap();
    for (name, up) in [
        ("2026-01-01-000000_a", "create table a (id bigint primary key);"),
        ("2026-01-02-000000_b", "select 1;\nalter table nope add column x int;"),
    ] {
        std::fs::create_dir_all(app.join("migrations").join(name)).unwrap();
        std::fs::write(app.join("migrations").join(name).join("up.sql"), up).unwrap();
        std::fs::write(app.join("migrations").join(name).join("down.sql"), "").unwrap();
    }
    std::fs::create_dir_all(app.join("resources")).unwrap();
    std::fs::write(
        app.join("resources/a.toml"),
        "[access]\nraed = ['public']\n[fields.id]\nge = 'x'\n",
    )
    .unwrap();
    std::fs::write(app.join("resources/b.toml"), "[access]\nread = ['public']\n").unwrap();
    let checked = windlass(app, &["check"]);
    assert_eq!(checked.status.code(), Some(1));
    let said = text(&checked.stdout);
    for expected in [
        "windlass.toml:2:1: ",
        "migrations/2026-01-02-000000_b/up.sql:2:1: relation \"nope\" does not exist",
        "resources/a.toml:2:1: ",
        "resources/a.toml:4:6: ",
    ] {
        assert!(said.contains(expected), "no {expected} in {said}");
    }
    assert!(
        !said.contains("resources/b.toml"),
        "b is missing because its migration is: {said}"
    );
}

#[test]
fn check_names_every_mistake() {
    let folder = folder();
    let app = folder.path();
    std::fs::write(app.join("windlass.toml"), "titel = 'x'\n[http]\nlisten = 'nowhere'\n").unwrap();
    std::fs::create_dir_all(app.join("migrations/first")).unwrap();
    let checked = windlass(app, &["check"]);
    assert_eq!(checked.status.code(), Some(1));
    let said = text(&checked.stdout);
    for expected in ["windlass.toml:1:1: ", "windlass.toml:3:10: ", "migrations/first: "] {
        assert!(said.contains(expected), "{said}");
    }
    std::fs::remove_dir_all(app.join("migrations/first")).unwrap();
    std::fs::create_dir_all(app.join("migrations/1_a")).unwrap();
    std::fs::write(app.join("migrations/1_a/up.sql"), "create table a ();\nselec 1;").unwrap();
    let tried = text(&windlass(app, &["check"]).stdout);
    assert!(tried.contains("migrations/1_a/up.sql:2:1: syntax error"), "{tried}");
    let elsewhere = windlass(app, &["check", "--dir", "absent"]);
    assert_eq!(elsewhere.status.code(), Some(1));
    assert!(text(&elsewhere.stderr).contains("error[project_missing]"));
}

#[test]
fn a_signal_during_a_migration_leaves_no_postgres_behind() {
    let folder = folder();
    let app = folder.path();
    std::fs::write(app.join("windlass.toml"), "").unwrap();
    let migration = app.join("migrations/2026-01-01-000000_slow");
    std::fs::create_dir_all(&migration).unwrap();
    std::fs::write(
        migration.join("up.sql"),
        "create table slow (id bigint primary key);\nselect pg_sleep(60);\n",
    )
    .unwrap();
    std::fs::write(migration.join("down.sql"), "drop table slow;\n").unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_windlass"))
        .current_dir(app)
        .args(["serve", "--migrate", "--listen", "127.0.0.1:0"])
        .stderr(std::fs::File::create(app.join("log")).unwrap())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let sleeping = "select count(*) from pg_stat_activity where query like '%pg_sleep(60)%' and state = 'active' and pid <> pg_backend_pid()";
    let started = std::time::Instant::now();
    // Before that, psql would start a cluster of its own.
    while !std::fs::read_to_string(app.join("log"))
        .unwrap()
        .contains("PostgreSQL runs")
    {
        assert!(started.elapsed().as_secs() < 30, "the cluster never ran");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    while text(&windlass(app, &["db", "psql", "--", "-Atc", sleeping]).stdout) != "1\n" {
        assert!(started.elapsed().as_secs() < 30, "the migration never ran");
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    let status = Command::new("kill").arg(child.id().to_string()).status().unwrap();
    assert!(status.success());
    let signalled = std::time::Instant::now();
    assert!(!child.wait().unwrap().success());
    assert!(signalled.elapsed().as_secs() < 10, "{:?}", signalled.elapsed());
    assert!(
        !app.join(".windlass/postgres/postmaster.pid").exists(),
        "Postgres still runs"
    );
}
