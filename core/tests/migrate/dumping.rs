//! The dump before a migration, and the way back.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use windlass_core::db::dump::KEPT;
use windlass_core::db::migrate::State;
use windlass_core::error::Code;

use super::project::Project;

fn dumps(project: &Project) -> Vec<PathBuf> {
    let folder = project.path().join(".windlass/dumps");
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dump_is_made_first_and_can_be_restored() {
    let project = Project::start().await;
    let (opened, database) = (project.open(), project.database());
    let rows = "insert into leads select n, 'ü' || n, array[1, n]::vector from generate_series(1, 500) n;";
    let first = format!("create table leads (id bigint primary key, name text, place vector(2));\n{rows}");
    project.write("2026-01-01-000000_a", &first, "drop table leads;");
    let mut migrator = opened.migrator(&database).await.unwrap();
    migrator.up().await.unwrap();
    assert!(migrator.dumped().is_none(), "there was nothing to dump");
    assert!(dumps(&project).is_empty());
    drop(migrator);
    let kept = "insert into windlass.idempotency values ('\\x01', 'k', 'p', 'POST', '/', '\\x01', 201, '[]', '\\x01')";
    project.client().await.execute(kept, &[]).await.unwrap();

    let harm = "delete from leads where id > 10;\ncreate table more (id bigint references leads (id));";
    project.write("2026-01-02-000000_b", harm, "drop table more;");
    let mut migrator = opened.migrator(&database).await.unwrap();
    migrator.up().await.unwrap();
    let (dump, restore) = migrator.dumped().unwrap();
    assert_eq!(dumps(&project), [dump]);
    let name = dump.file_name().unwrap().to_string_lossy();
    assert!(name.ends_with("Z_before_20260102000000.dump"), "{name}");
    assert_eq!(std::fs::metadata(dump).unwrap().permissions().mode() & 0o777, 0o600);
    let folder = dump.parent().unwrap().metadata().unwrap();
    assert_eq!(folder.permissions().mode() & 0o777, 0o700);
    drop(migrator);

    let mut said = String::new();
    for _ in 0..100 {
        let output = Command::new("sh").args(["-c", &restore]).output().unwrap();
        said = String::from_utf8_lossy(&output.stderr).into_owned();
        // Sessions end a moment after their client.
        if !said.contains("being accessed by other users") {
            assert!(output.status.success(), "{restore}\n{said}");
            break;
        }
    }
    assert!(!said.contains("error"), "{said}");
    let client = project.client().await;
    let row = client
        .query_one(
            "select count(*), count(*) filter (where name = 'ü' || id and place = array[1, id::int]::vector),
               to_regclass('public.more') is null from leads",
            &[],
        )
        .await
        .unwrap();
    assert_eq!(
        (row.get::<_, i64>(0), row.get::<_, i64>(1), row.get::<_, bool>(2)),
        (500, 500, true)
    );
    let kept = client
        .query_one("select count(*) from windlass.idempotency", &[])
        .await
        .unwrap();
    assert_eq!(kept.get::<_, i64>(0), 0, "stored replies are in no dump");
    // The lists of migrations came back as well, and the serving role may do what it could.
    assert_eq!(project.states().await, [State::Applied, State::Pending]);
    let login = opened.connect(&database).await.unwrap();
    login.query("select * from leads", &[]).await.unwrap();
    project.cluster.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_dumps_are_kept_and_one_that_fails_stops_the_migration() {
    let project = Project::start().await;
    let (opened, database) = (project.open(), project.database());
    project.write("2026-01-01-000000_a", "create table a (id int);", "drop table a;");
    project.write("2026-01-02-000000_b", "create table b (id int);", "drop table b;");
    opened.migrator(&database).await.unwrap().up().await.unwrap();
    let folder = project.path().join(".windlass/dumps");
    std::fs::create_dir(&folder).unwrap();
    let left = folder.join("20260101T000000.000Z_before_1.unfinished");
    std::fs::write(&left, "").unwrap();
    std::fs::write(folder.join("mine.dump"), "").unwrap();
    opened.migrator(&database).await.unwrap().redo().await.unwrap();
    let first = dumps(&project)
        .into_iter()
        .find(|file| !file.ends_with("mine.dump"))
        .unwrap();
    for _ in 0..KEPT + 2 {
        opened.migrator(&database).await.unwrap().redo().await.unwrap();
    }
    // The newest, the one from before the first try of the same, and what somebody else put there.
    let files = dumps(&project);
    assert_eq!(files.len(), KEPT + 2, "{files:?}");
    assert!(files.contains(&first), "{files:?}");
    assert!(
        files.contains(&folder.join("mine.dump")) && !files.contains(&left),
        "{files:?}"
    );

    std::fs::remove_dir_all(&folder).unwrap();
    std::fs::write(&folder, "in the way").unwrap();
    let error = opened.migrator(&database).await.unwrap().down(1).await.unwrap_err();
    assert_eq!(error.code(), Code::DumpFailed);
    assert!(error.hint().unwrap().contains("--no-dump"), "{error:?}");
    assert_eq!(project.states().await, [State::Applied, State::Applied]);
    let mut without = opened.migrator(&database).await.unwrap().with_dumps(None);
    without.down(1).await.unwrap();
    assert_eq!(project.states().await, [State::Applied, State::Pending]);
    project.cluster.stop().await.unwrap();
}
