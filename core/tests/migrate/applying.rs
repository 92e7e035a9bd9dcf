//! What is applied, undone, refused and left alone.

use std::time::Duration;

use windlass_core::db::cluster::Role;
use windlass_core::db::connect;
use windlass_core::db::migrate::{self, Expected, State, sha256};
use windlass_core::error::Code;

use super::project::Project;

#[tokio::test(flavor = "multi_thread")]
async fn migrations_go_up_and_down_and_drift_is_seen() {
    let project = Project::start().await;
    project.write("2026-01-01-000000_a", "create table a (id int);", "drop table a;");
    project.write("2026-01-02-000000_b", "create table b (id int);", "drop table b;");
    assert_eq!(project.states().await, [State::Pending, State::Pending]);
    let done = project.migrator().await.up().await.unwrap();
    assert_eq!(done.len(), 2);
    assert_eq!(project.migrator().await.up().await.unwrap().len(), 0);

    project.write("2026-01-01-000000_a", "create table a (id bigint);", "drop table a;");
    assert_eq!(project.states().await, [State::Drifted, State::Applied]);
    let undone = project.migrator().await.down(2).await.unwrap();
    assert_eq!(undone[0].name, "2026-01-02-000000_b");
    project.migrator().await.up().await.unwrap();
    assert_eq!(project.states().await, [State::Applied, State::Applied]);
    assert_eq!(project.migrator().await.redo().await.unwrap().len(), 2);

    std::fs::remove_dir_all(project.path().join("migrations/2026-01-02-000000_b")).unwrap();
    assert_eq!(project.states().await, [State::Applied, State::Gone]);
    let error = project.migrator().await.down(1).await.unwrap_err();
    assert_eq!(error.code(), Code::MigrationInvalid);

    // Our own tables are no business of the project's list, and the login role reads what was made.
    let login = connect::open(&project.cluster.endpoint().config(Role::Login))
        .await
        .unwrap();
    login.query("select * from a", &[]).await.unwrap();
    let owner = connect::open(&project.owner).await.unwrap();
    let rows = owner
        .query("select version from public.__diesel_schema_migrations order by 1", &[])
        .await
        .unwrap();
    let hidden = login
        .query("select * from public.__diesel_schema_migrations", &[])
        .await;
    assert!(hidden.is_err(), "requests must not see the list");
    let versions: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(versions, ["20260101000000", "20260102000000"]);
    project.cluster.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_migration_names_its_line_and_leaves_nothing() {
    let project = Project::start().await;
    let name = "2026-01-01-000000_a";
    let cases = [
        (
            "create table a (id int);\nselect é from a;",
            ":2:8: column \"é\" does not exist",
        ),
        ("create table a (id int);\n\nselec 1;", ":3:1: syntax error"),
        (
            "create table a (id int primary key);\n-- x;\ninsert into a values (1);\n  insert into a values (1);",
            ":4:3: duplicate key value",
        ),
    ];
    let owner = connect::open(&project.owner).await.unwrap();
    for (up, expected) in cases {
        project.write(name, up, "");
        let error = project.migrator().await.up().await.unwrap_err();
        assert_eq!(error.code(), Code::MigrationFailed);
        let expected = format!("migrations/{name}/up.sql{expected}");
        assert!(error.message().starts_with(&expected), "{}", error.message());
        let row = owner
            .query_one("select to_regclass('public.a')::text", &[])
            .await
            .unwrap();
        assert_eq!(row.get::<_, Option<String>>(0), None);
        let status = project.migrator().await.status().await.unwrap();
        assert_eq!(status[0].state, State::Failed);
        assert!(status[0].error.as_deref().unwrap().starts_with(&expected), "{status:?}");
    }
    project.write(name, "create table a (id int);", "");
    project.migrator().await.up().await.unwrap();
    let status = project.migrator().await.status().await.unwrap();
    assert_eq!((status[0].state, &status[0].error), (State::Applied, &None));
    for (down, expected) in [
        ("", ":1:1: has no statement"),
        ("-- Its undoing.\n", ":1:1: has no statement"),
    ] {
        project.write(name, "create table a (id int);", down);
        let error = project.migrator().await.down(1).await.unwrap_err();
        let expected = format!("migrations/{name}/down.sql{expected}");
        assert_eq!(error.message(), expected);
    }
    project.write(name, "create table a (id int);", "drop table nope;");
    let error = project.migrator().await.down(1).await.unwrap_err();
    assert!(
        error.hint().unwrap().contains("`windlass migrate down`"),
        "{:?}",
        error.hint()
    );
    // Applied it is all the same, and its drift is still seen.
    assert_eq!(project.states().await, [State::Applied]);
    project.write(name, "create table a (id bigint);", "drop table nope;");
    assert_eq!(project.states().await, [State::Drifted]);
    project.write(name, "create table a (id int);", "drop table nope;");

    let second = "2026-01-02-000000_index";
    project.write(second, "create index concurrently on a (id);", "drop table a;");
    let metadata = project.path().join("migrations").join(second).join("metadata.toml");
    std::fs::write(metadata, "run_in_transaction = false").unwrap();
    project.write("2026-01-03-000000_wrong", "select 1/0;", "");
    let error = project.migrator().await.up().await.unwrap_err();
    assert_eq!(error.details(), Some(format!("Applied before it: {second}").as_str()));
    assert_eq!(project.states().await, [State::Applied, State::Applied, State::Failed]);
    project.cluster.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lock_is_waited_for_and_its_holder_named() {
    let project = Project::start().await;
    project.write("2026-01-01-000000_slow", "select pg_sleep(2); create table a ();", "");
    let mut first = project.migrator().await;
    let mut second = project.migrator().await.with_lock_wait(Duration::from_millis(300));
    let mut third = project.migrator().await;
    let slow = tokio::spawn(async move { first.up().await.map(|done| done.len()) });
    tokio::time::sleep(Duration::from_millis(500)).await;
    let error = second.up().await.unwrap_err();
    assert_eq!(error.code(), Code::MigrationsLocked);
    assert!(error.message().starts_with("backend process "), "{}", error.message());
    // It waits, then lists: what the first applied is not pending any more.
    assert_eq!(third.up().await.unwrap().len(), 0);
    assert_eq!(slow.await.unwrap().unwrap(), 1);
    project.cluster.stop().await.unwrap();
}

#[test]
fn mistakes_in_files_are_all_named() {
    let folder = tempfile::tempdir().unwrap();
    let migrations = folder.path().join("migrations");
    for (file, text) in [
        ("2026-01-01-000000_a/down.sql", ""),
        ("2026-01-02-000000_b/up.sql", " \n"),
        ("2026-01-03-000000_c/up.sql", "select 1"),
        ("2026-01-03-000000_d/up.sql", "select 1"),
        ("2026-01-04-000000_e/up.sql", "select 1"),
        ("2026-01-05-000000_f/up.sql", "-- The change.\n"),
        ("2026-01-06-000000_g/up.sql", "select 1;\n  commit;"),
        ("2026-01-07-000000_h/up.sql", "begin; commit;"),
        ("2026-01-07-000000_h/metadata.toml", "run_in_transaction = false"),
        ("2026-01-04-000000_e/metadata.toml", "\nrun_in_transactoin = false"),
        ("first/up.sql", "select 1"),
        (".hidden/x", ""),
        ("README.md", ""),
    ] {
        let path = migrations.join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let (found, wrong) = migrate::read(folder.path());
    assert_eq!(found.len(), 3);
    let wrong: Vec<String> = wrong.iter().map(ToString::to_string).collect();
    assert_eq!(wrong.len(), 7, "{wrong:#?}");
    assert_eq!(wrong[0], "migrations/2026-01-01-000000_a: there is no up.sql");
    assert_eq!(wrong[1], "migrations/2026-01-02-000000_b/up.sql:1:1: has no statement");
    assert_eq!(
        wrong[2],
        "migrations/2026-01-03-000000_d: has the same version as 2026-01-03-000000_c"
    );
    assert!(
        wrong[3].starts_with("migrations/2026-01-04-000000_e/metadata.toml:2:1: unknown field"),
        "{}",
        wrong[3]
    );
    assert_eq!(wrong[4], "migrations/2026-01-05-000000_f/up.sql:1:1: has no statement");
    assert!(
        wrong[5].starts_with("migrations/2026-01-06-000000_g/up.sql:2:3: COMMIT "),
        "{}",
        wrong[5]
    );
    assert_eq!(wrong[6], "migrations/first: the name is not that of a migration");
    assert!(migrate::new(folder.path(), "no spaces").is_err());
    assert!(
        migrate::new(folder.path(), "fine")
            .unwrap()
            .to_string_lossy()
            .ends_with("_fine")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_as_expected_is_left_alone() {
    let project = Project::start().await;
    let (a, b) = ("2026-01-01-000000_a", "2026-01-02-000000_b");
    project.write(a, "create table a (id int);", "drop table a;");
    project.write(b, "create table b (id int);", "drop table b;");
    let seen = |name: &str, sql: &str| Expected {
        name: name.to_owned(),
        sha256: sha256(sql),
    };
    let owned = |names: &[&str]| -> Vec<Expected> {
        let up = |name: &&str| seen(name, &format!("create table {} (id int);", &name[18..]));
        names.iter().map(up).collect()
    };
    for (expected, said) in [
        (owned(&[a]), format!("{a} was expected to be pending, but {a}, {b} is")),
        (
            owned(&[b, a]),
            format!("{b}, {a} was expected to be pending, but {a}, {b} is"),
        ),
        (
            owned(&[]),
            format!("nothing was expected to be pending, but {a}, {b} is"),
        ),
    ] {
        let error = project.migrator().await.up_expecting(&expected).await.unwrap_err();
        assert_eq!(
            (error.code(), error.message()),
            (Code::MigrationsChanged, said.as_str())
        );
    }
    assert_eq!(project.states().await, [State::Pending, State::Pending]);
    // Another text than the one that was seen.
    let mut edited = owned(&[a, b]);
    edited[1] = seen(b, "create table b ();");
    let error = project.migrator().await.up_expecting(&edited).await.unwrap_err();
    assert_eq!(error.code(), Code::MigrationsChanged);
    assert!(error.message().contains("was edited since it was looked at"), "{error}");
    assert_eq!(project.states().await, [State::Pending, State::Pending]);
    let done = project.migrator().await.up_expecting(&owned(&[a, b])).await.unwrap();
    assert_eq!(done.len(), 2);
    let undo = |name: &str| seen(name, &format!("drop table {};", &name[18..]));
    let error = project
        .migrator()
        .await
        .down_expecting(&seen(b, "drop table b cascade;"))
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::MigrationsChanged);
    let error = project.migrator().await.down_expecting(&undo(a)).await.unwrap_err();
    assert_eq!(error.code(), Code::MigrationsChanged);
    assert_eq!(
        error.message(),
        format!("{a} was expected to be the last one, but {b} is")
    );
    assert_eq!(project.states().await, [State::Applied, State::Applied]);
    assert_eq!(
        project.migrator().await.down_expecting(&undo(b)).await.unwrap()[0].name,
        b
    );
    assert_eq!(project.states().await, [State::Applied, State::Pending]);
    project.cluster.stop().await.unwrap();
}
