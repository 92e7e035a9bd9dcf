//! What a rehearsal finds out, and what it leaves behind: nothing.

use std::time::{Duration, Instant};

use windlass_core::db::migrate::rehearsal::{Outcome, Rehearsal};
use windlass_core::db::migrate::{Migrator, State};
use windlass_core::error::Code;

use super::project::Project;

const TABLES: &str = "
create table accounts (id bigint primary key, name text not null);
create table leads (id bigint primary key, email text not null, score int);
insert into accounts values (1, 'one');
insert into leads select n, 'a' || n || '@b.c', 1 from generate_series(1, 1000) n;
create table empty (id bigint primary key, note text);
";

async fn with_tables() -> Project {
    let project = Project::start().await;
    project.write(
        "2026-01-01-000000_tables",
        TABLES,
        "drop table leads; drop table accounts;",
    );
    project.migrator().await.up().await.unwrap();
    project.client().await.batch_execute("analyze").await.unwrap();
    project
}

/// `public.leads ShareLock: writes; rewrites public.leads 1000` of the last statement.
fn told(rehearsal: &Rehearsal) -> String {
    let statement = rehearsal.statements.last().unwrap();
    let locks = statement.locks.iter();
    let mut parts: Vec<String> = locks
        .map(|lock| format!("{} {}: {}", lock.table, lock.mode, lock.blocks))
        .collect();
    for rewrite in &statement.rewrites {
        assert!(rewrite.bytes > 8192, "{rewrite:?}");
        parts.push(format!("rewrites {} {}", rewrite.table, rewrite.rows));
    }
    parts.extend(statement.rows.map(|rows| format!("{rows} rows")));
    parts.join("; ")
}

fn rules(rehearsal: &Rehearsal) -> Vec<&str> {
    rehearsal.findings.iter().map(|finding| finding.rule.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn locks_rewrites_and_rows_of_each_kind_of_statement() {
    let project = with_tables().await;
    let whole = "public.leads AccessExclusiveLock: reads and writes";
    let copied = format!("{whole}; rewrites public.leads 1000");
    for (up, expected) in [
        ("select count(*) from leads", "public.leads AccessShareLock: nobody"),
        ("create table fresh (id int)", ""),
        ("create view few as select 1 as id", ""),
        ("create index on leads (email)", "public.leads ShareLock: writes"),
        (
            "comment on table leads is 'x'",
            "public.leads ShareUpdateExclusiveLock: nobody",
        ),
        (
            "update leads set score = 2 where id <= 10",
            "public.leads RowExclusiveLock: nobody; 10 rows",
        ),
        (
            "with gone as (delete from leads where id = 1 returning id) insert into accounts select id + 1, '' from gone",
            "public.accounts RowExclusiveLock: nobody; public.leads RowExclusiveLock: nobody; 1 rows",
        ),
        (
            "create table copy as select * from leads",
            "public.leads AccessShareLock: nobody; 1000 rows",
        ),
        ("alter table leads add column a int not null default 5", whole),
        ("alter table leads add column a uuid default gen_random_uuid()", &copied),
        ("alter table leads alter column score type bigint", &copied),
        ("truncate leads", whole),
        ("drop table leads", whole),
        (
            "alter table leads add foreign key (score) references accounts (id)",
            "public.accounts ShareRowExclusiveLock: writes; public.leads ShareRowExclusiveLock: writes",
        ),
        (
            "set search_path = windlass; alter table public.leads drop column score",
            whole,
        ),
        // Locked already: nothing new.
        ("lock table leads; update leads set score = 3", "1000 rows"),
    ] {
        let rehearsal = project.rehearse_only(up).await;
        assert_eq!(rehearsal.outcome, Outcome::Passed, "{up}");
        assert_eq!(told(&rehearsal), expected, "{up}");
    }
    let client = project.client().await;
    let left = client
        .query_one(
            "select count(*), sum(score) from leads where to_regclass('fresh') is null",
            &[],
        )
        .await
        .unwrap();
    assert_eq!((left.get::<_, i64>(0), left.get::<_, i64>(1)), (1000, 1000));
    assert_eq!(project.states().await, [State::Applied]);
    project.cluster.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn findings_are_about_tables_with_rows() {
    let project = with_tables().await;
    for (up, expected) in [
        (
            "create index on leads (email);",
            &["require-concurrent-index-creation"][..],
        ),
        ("create index on empty (note);", &[]),
        ("alter table empty alter column note set not null;", &[]),
        (
            "select 1;\nalter table leads alter column score set not null;",
            &["adding-not-nullable-field"],
        ),
        (
            "-- squawk-ignore adding-not-nullable-field\nalter table leads alter column score set not null;",
            &[],
        ),
        ("drop table empty;", &["ban-drop-table"]),
    ] {
        assert_eq!(rules(&project.rehearse_only(up).await), expected, "{up}");
    }
    let finding = project.rehearse_only("select 1;\ncreate index on leads (email);").await;
    assert_eq!(finding.findings[0].line, 2);
    assert!(
        finding.findings[0]
            .help
            .as_deref()
            .unwrap()
            .contains("run_in_transaction = false"),
        "{finding:?}"
    );
    project.cluster.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn routes_whose_contract_changes_are_told_per_migration() {
    let project = with_tables().await;
    std::fs::create_dir_all(project.path().join("resources")).unwrap();
    for (table, more) in [("leads", "[fields.score]\nge = 0\n"), ("notes", "")] {
        let file = project.path().join(format!("resources/{table}.toml"));
        std::fs::write(
            file,
            format!("[access]\nread = ['public']\ncreate = ['public']\n{more}"),
        )
        .unwrap();
    }
    project.write("2026-02-01-000000_a", "create table notes (id bigint primary key);", "");
    project.write(
        "2026-02-02-000000_b",
        "alter table leads add column owner text not null;",
        "",
    );
    project.write("2026-02-03-000000_c", "update leads set score = 2;", "");
    let rehearsals = project.rehearse().await;
    // Rows without an owner: the second fails, and the third comes after it.
    let outcomes: Vec<String> = rehearsals.iter().map(|found| format!("{:?}", found.outcome)).collect();
    assert_eq!(outcomes[0], "Passed");
    assert!(outcomes[1].contains("contains null values"), "{outcomes:?}");
    assert!(
        outcomes[2].contains("it comes after 2026-02-02-000000_b, which failed"),
        "{outcomes:?}"
    );
    assert!(
        rehearsals[0]
            .routes
            .iter()
            .all(|change| !change.breaking && change.at.ends_with("/notes") || change.at.ends_with("/notes/{id}")),
        "{:?}",
        rehearsals[0].routes
    );
    assert!(!rehearsals[0].routes.is_empty());

    project.write(
        "2026-02-02-000000_b",
        "delete from leads;\nalter table leads add column owner text not null;",
        "",
    );
    let rehearsals = project.rehearse().await;
    let breaking: Vec<&str> = rehearsals[1]
        .routes
        .iter()
        .filter(|change| change.breaking)
        .map(|change| change.at.as_str())
        .collect();
    assert!(
        breaking.iter().any(|at| at.starts_with("POST /api/leads")),
        "{rehearsals:#?}"
    );
    assert_eq!(rehearsals[2].outcome, Outcome::Passed);
    assert!(rehearsals[2].routes.is_empty() && rehearsals[2].findings.is_empty());

    // A resource file that will not fit any more is told at the migration that is to blame.
    project.write("2026-02-03-000000_c", "alter table leads drop column score;", "");
    let last = project.rehearse().await.pop().unwrap();
    assert!(rules(&last).contains(&"resource-file"), "{last:#?}");
    assert!(last.routes.iter().any(|change| change.breaking), "{last:#?}");
    project.cluster.stop().await.unwrap();
}

/// SQL routes are told like others: which a migration makes another, and which it breaks.
#[tokio::test(flavor = "multi_thread")]
async fn sql_routes_are_rehearsed_like_others() {
    let project = with_tables().await;
    std::fs::create_dir_all(project.path().join("routes")).unwrap();
    let front = "/*---\nroute = \"GET /api/scores\"\naccess = [\"public\"]\nreturns = \"many\"\n---*/\n";
    let file = project.path().join("routes/scores.sql");
    std::fs::write(&file, format!("{front}select score from leads where score > :least")).unwrap();
    let other = project
        .rehearse_only("alter table leads alter column score type text using score::text;")
        .await;
    let at: Vec<&str> = other.routes.iter().map(|change| change.at.as_str()).collect();
    assert!(at.iter().any(|at| at.starts_with("GET /api/scores")), "{other:#?}");
    assert!(
        other.findings.iter().all(|found| found.rule != "resource-file"),
        "{other:#?}"
    );
    let broken = project.rehearse_only("alter table leads drop column score;").await;
    let told = broken.findings.iter().find(|found| found.rule == "resource-file");
    assert!(
        told.is_some_and(|found| found
            .message
            .contains("routes/scores.sql:6:8: column \"score\" does not exist")),
        "{broken:#?}"
    );
    // Nothing of a route that does not come into it.
    let fine = project.rehearse_only("alter table leads add column note text;").await;
    assert!(fine.routes.is_empty() && fine.outcome == Outcome::Passed, "{fine:#?}");
    project.cluster.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_has_its_place_and_leaves_nothing() {
    let project = with_tables().await;
    let name = "2026-02-01-000000_tried";
    for (up, expected) in [
        (
            "create table x ();\nselect é from leads;",
            ":2:8: column \"é\" does not exist",
        ),
        ("create table x ();\n\n  selec 1;", ":3:3: syntax error"),
        (
            "create table x ();\ninsert into accounts values (1, 'again');",
            ":2:1: duplicate key value",
        ),
        (
            "alter table leads add constraint c foreign key (score) references accounts deferrable initially deferred;\n\
             update leads set score = 7;",
            ": insert or update on table \"leads\" violates",
        ),
        (
            "create index concurrently on leads (email);",
            ":1:1: CREATE INDEX CONCURRENTLY cannot run",
        ),
    ] {
        let rehearsal = project.rehearse_only(up).await;
        let Outcome::Failed { message } = &rehearsal.outcome else {
            panic!("{up}: {rehearsal:?}");
        };
        let expected = format!("migrations/{name}/up.sql{expected}");
        assert!(message.starts_with(&expected), "{message}");
    }
    let client = project.client().await;
    let row = client
        .query_one("select to_regclass('public.x') is null", &[])
        .await
        .unwrap();
    assert!(row.get::<_, bool>(0));
    // Rehearsing is no try: the state stays pending.
    project.write(name, "selec 1;", "");
    project.rehearse().await;
    assert_eq!(project.states().await, [State::Applied, State::Pending]);
    let database = project.database();
    let error = windlass_core::app::rehearse(&project.open(), &database, Some("2026-01-01-000000_tables"))
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::MigrationInvalid);
    project.cluster.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_in_the_way_is_named_and_not_waited_for() {
    let project = with_tables().await;
    let other = project.client().await;
    let pid: i32 = other.query_one("select pg_backend_pid()", &[]).await.unwrap().get(0);
    for mode in ["share", "access exclusive"] {
        other
            .batch_execute(&format!("begin; lock table leads in {mode} mode"))
            .await
            .unwrap();
        let begun = Instant::now();
        let rehearsal = project
            .rehearse_only("select 1;\nalter table leads add column a int;")
            .await;
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
        let told = format!("{:?}", rehearsal.outcome);
        assert!(
            told.contains(&format!("backend process {pid} (windlass) has ")),
            "{told}"
        );
        if mode == "share" {
            assert!(
                told.contains("up.sql:2:1: canceling statement due to lock timeout"),
                "{told}"
            );
        }
        other.batch_execute("rollback").await.unwrap();
    }
    // And it leaves nobody waiting.
    other
        .batch_execute("set lock_timeout = '1s'; drop table leads")
        .await
        .unwrap();
    project.cluster.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_needs_no_transaction_is_listed_but_not_run() {
    let project = with_tables().await;
    let name = "2026-02-01-000000_index";
    project.write(
        name,
        "-- Slow, but nobody waits.\ncreate index concurrently on leads (email);\n",
        "",
    );
    let metadata = project.path().join("migrations").join(name).join("metadata.toml");
    std::fs::write(metadata, "run_in_transaction = false").unwrap();
    project.write("2026-02-02-000000_after", "drop table leads;", "");
    let rehearsals = project.rehearse().await;
    assert!(
        matches!(&rehearsals[0].outcome, Outcome::NotRehearsed { reason } if reason.contains("without a transaction")),
        "{rehearsals:?}"
    );
    assert_eq!(rehearsals[0].statements[0].line, 2);
    assert_eq!(told(&rehearsals[0]), "leads ShareUpdateExclusiveLock: nobody");
    assert!(
        matches!(&rehearsals[1].outcome, Outcome::NotRehearsed { reason } if reason.contains(name)),
        "{rehearsals:?}"
    );
    assert_eq!(rules(&rehearsals[1]), ["ban-drop-table"]);
    project.cluster.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_ends_the_transaction_gets_in() {
    let project = Project::start().await;
    let leaked = "select count(*) from pg_class where relname = 'leaked'";
    for text in [
        "create table leaked (id int); end; select 1;",
        "create table leaked (id int); prepare transaction 'a';",
        "create function f(begin timestamptz) returns int language sql as 'select 1';\ncreate table leaked (id int);\ncommit;",
    ] {
        project.write("2026-01-01-000000_leak", text, "select 1;");
        let error = Migrator::open(&project.owner, project.path()).await.unwrap_err();
        assert_eq!(error.code(), Code::MigrationInvalid, "{text}");
        let count: i64 = project.client().await.query_one(leaked, &[]).await.unwrap().get(0);
        assert_eq!(count, 0, "{text}");
    }
    // A parameter of that name is none of it.
    let fine =
        "create function f(begin timestamptz) returns int language sql as 'select 1';\ncreate table leaked (id int);";
    project.write("2026-01-01-000000_leak", fine, "drop table leaked;");
    let rehearsed = project.rehearse().await;
    assert_eq!(rehearsed[0].outcome, Outcome::Passed);
    assert_eq!(rehearsed[0].statements.len(), 2);
    let count: i64 = project.client().await.query_one(leaked, &[]).await.unwrap().get(0);
    assert_eq!(count, 0);
    project.cluster.stop().await.unwrap();
}
