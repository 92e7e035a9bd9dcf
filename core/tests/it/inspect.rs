//! The operator's questions to a real Postgres, and what operators did.

use std::time::Duration;

use tokio_postgres::{Client, Config};
use windlass_core::admin::route_detail;
use windlass_core::contract;
use windlass_core::db::cluster::Role;
use windlass_core::db::inspect::{self, IndexProblem, LockNode, Refusal, Session};
use windlass_core::db::migrate::Migrator;
use windlass_core::db::pool::Pool;
use windlass_core::db::store::{audit, route_state};
use windlass_core::db::{connect, introspect};
use windlass_core::error::Code;

use crate::app::{App, Setup, with_app};

/// Tables with an index of each sort.
const SCHEMA: &str = "
create table leads (
    id bigint generated always as identity primary key,
    email text not null constraint leads_email_key unique,
    name text not null,
    score integer not null,
    token text
);
create unique index leads_token on leads (token);
create index leads_name on leads (name);
create index leads_name_again on leads (name);
create index leads_name_partial on leads (name) where score > 0;
create index leads_name_score on leads (name, score);
create index leads_name_descending on leads (name desc);
create index leads_name_pattern on leads (name text_pattern_ops);
create index leads_name_lower on leads (lower(name));
create index leads_id_again on leads (id);
create unique index leads_email_again on leads (email);
create table small (id integer, name text);
create index small_name on small (name);
insert into leads (email, name, score) select 'a' || n, 'name', n from generate_series(1, 2000) n;
insert into small values (1, 'a'), (1, 'b');
create table parts (id integer not null, at date not null) partition by range (at);
create table parts_2026 partition of parts for values from ('2026-01-01') to ('2027-01-01');
create index parts_at on parts (at);
create view names as select name from leads;
create schema if not exists windlass;
create table windlass.hidden (id integer primary key);
";

fn setup() -> Setup<'static> {
    Setup {
        schema: SCHEMA,
        resources: &[("leads", "[access]\nread = [\"public\"]\ncreate = [\"public\"]\n")],
        ..Setup::default()
    }
}

fn config(app: &App, role: Role) -> Config {
    app.cluster.endpoint().config(role)
}

async fn admin(app: &App, role: Role) -> Client {
    inspect::connect(&config(app, role)).await.unwrap()
}

async fn pid(client: &Client) -> i32 {
    client.query_one("select pg_backend_pid()", &[]).await.unwrap().get(0)
}

/// Asks again until the answer is there; Postgres tells nobody when a session begins to wait.
async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let asked = async {
        loop {
            if let Some(found) = ask().await {
                return found;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), asked)
        .await
        .unwrap_or_else(|_| panic!("not within 20 s: {what}"))
}

async fn session(admin: &Client, pid: i32, ready: impl Fn(&Session) -> bool) -> Session {
    eventually("the session", async || {
        let sessions = inspect::activity(admin).await.unwrap();
        sessions
            .into_iter()
            .find(|session| session.pid == pid && ready(session))
    })
    .await
}

#[test]
fn who_waits_for_whom_is_a_tree_and_can_be_ended() {
    with_app(setup(), |app| async move {
        let admin = admin(&app, Role::Superuser).await;
        let (holder, waiter, behind) = (app.owner().await, app.owner().await, app.owner().await);
        let (one, two, three) = (pid(&holder).await, pid(&waiter).await, pid(&behind).await);
        holder
            .batch_execute("begin; select * from small; lock table small in share mode")
            .await
            .unwrap();
        let waiting = tokio::spawn(async move { waiter.batch_execute("alter table small add column x int").await });
        session(&admin, two, |session| session.wait.is_some()).await;
        let last = tokio::spawn(async move { behind.batch_execute("select count(*) from small").await });
        session(&admin, three, |session| session.wait.is_some()).await;

        let sessions = inspect::activity(&admin).await.unwrap();
        assert!(
            sessions
                .iter()
                .all(|session| session.application != inspect::APPLICATION)
        );
        let of = |wanted: i32| sessions.iter().find(|session| session.pid == wanted).unwrap();
        assert_eq!(of(two).blocked_by, [one]);
        assert_eq!(of(two).wait.as_deref(), Some("Lock: relation"));
        assert_eq!(of(one).state, "idle in transaction");
        assert!(of(one).transaction_ms.is_some() && of(one).wait.is_none());
        assert_eq!(
            (of(one).role.as_str(), of(one).client.as_str()),
            ("windlass_owner", "local")
        );
        let at = |wanted: i32| sessions.iter().position(|session| session.pid == wanted).unwrap();
        let idle = sessions.iter().position(|session| session.state == "idle").unwrap();
        assert!(
            at(two) < at(three) && at(three) < at(one) && at(one) < idle,
            "{sessions:#?}"
        );

        let expected = [
            (one, 0, None),
            (two, 1, Some("AccessExclusiveLock on public.small")),
            (three, 2, Some("AccessShareLock on public.small")),
        ];
        // The serving role sees who waits, too, though not the statements of others.
        for role in [Role::Superuser, Role::Login] {
            let client = inspect::connect(&config(&app, role)).await.unwrap();
            let nodes = inspect::locks(&client).await.unwrap();
            let found: Vec<_> = nodes
                .iter()
                .map(|node: &LockNode| (node.pid, node.depth, node.waits_for.as_deref()))
                .collect();
            assert_eq!(found, expected, "{role:?}");
            let shown = if role == Role::Superuser {
                "alter table"
            } else {
                "(of another role"
            };
            assert!(nodes[1].statement.starts_with(shown), "{nodes:?}");
            // Sizes are told at once, whoever holds the table.
            let tables = inspect::tables(&client).await.unwrap();
            assert!(tables.iter().any(|table| table.name == "public.small"));
            let indexes = inspect::indexes(&client).await.unwrap();
            let of_small = indexes.iter().find(|index| index.name == "public.small_name").unwrap();
            assert_eq!(of_small.definition, "-- locked at the moment");
        }

        // By the one who may not, then with another beginning, then rightly.
        let login = inspect::connect(&config(&app, Role::Login)).await.unwrap();
        let started = of(two).started.clone();
        let refused = inspect::terminate(&login, two, &started).await.unwrap();
        assert_eq!(refused, Err(Refusal::NotPermitted));
        let stale = inspect::cancel(&admin, two, "2026-01-01T00:00:00.000000Z", "")
            .await
            .unwrap();
        assert_eq!(stale, Err(Refusal::Gone));
        assert_eq!(inspect::terminate(&admin, two, &started).await.unwrap(), Ok(()));
        assert!(waiting.await.unwrap().is_err());
        last.await.unwrap().unwrap();
        eventually("nobody waits", async || {
            inspect::locks(&admin).await.unwrap().is_empty().then_some(())
        })
        .await;
        let gone = eventually("it is gone", async || {
            inspect::terminate(&admin, two, &started).await.unwrap().err()
        });
        assert_eq!(gone.await, Refusal::Gone);
    });
}

#[test]
fn a_row_that_is_waited_for_names_its_table() {
    with_app(setup(), |app| async move {
        let admin = admin(&app, Role::Superuser).await;
        let (holder, waiter) = (app.owner().await, app.owner().await);
        let (one, two) = (pid(&holder).await, pid(&waiter).await);
        let change = "update leads set score = 0 where id = 1";
        holder.batch_execute(&format!("begin; {change}")).await.unwrap();
        let waiting = tokio::spawn(async move { waiter.batch_execute(change).await });
        session(&admin, two, |session| session.wait.is_some()).await;
        let nodes = inspect::locks(&admin).await.unwrap();
        assert_eq!((nodes[0].pid, nodes[1].pid), (one, two));
        let waits = nodes[1].waits_for.as_deref().unwrap();
        assert!(
            waits.starts_with("ShareLock on transaction ") && waits.ends_with(" for a row of public.leads"),
            "{waits}"
        );
        holder.batch_execute("rollback").await.unwrap();
        waiting.await.unwrap().unwrap();
    });
}

#[test]
fn a_statement_is_cancelled_and_only_that_of_a_client() {
    with_app(setup(), |app| async move {
        let admin = admin(&app, Role::Superuser).await;
        let busy = app.owner().await;
        let number = pid(&busy).await;
        let sleeping = tokio::spawn(async move {
            let slept = busy.batch_execute("select pg_sleep(60)").await;
            (busy, slept)
        });
        let found = session(&admin, number, |session| session.statement.contains("pg_sleep")).await;
        assert_eq!(found.state, "active");
        // Another statement of the same session is left alone.
        let other = inspect::cancel(&admin, number, &found.started, "2026-01-01T00:00:00.000000Z").await;
        assert_eq!(other.unwrap(), Err(Refusal::Other));
        let cancelled = inspect::cancel(&admin, number, &found.started, &found.statement_started).await;
        assert_eq!(cancelled.unwrap(), Ok(()));
        let (busy, slept) = sleeping.await.unwrap();
        assert_eq!(slept.unwrap_err().code().unwrap().code(), "57014");
        busy.batch_execute("select 1").await.unwrap();

        let own = pid(&admin).await;
        assert_eq!(inspect::terminate(&admin, own, "").await.unwrap(), Err(Refusal::Own));
        let helper = "select pid from pg_stat_activity where backend_type = 'checkpointer'";
        let helper: i32 = admin.query_one(helper, &[]).await.unwrap().get(0);
        assert_eq!(
            inspect::terminate(&admin, helper, "").await.unwrap(),
            Err(Refusal::Background)
        );
        // What asks is bounded itself.
        let error = admin.batch_execute("select pg_sleep(60)").await.unwrap_err();
        assert_eq!(error.code().unwrap().code(), "57014");
    });
}

#[test]
fn indexes_are_judged_and_what_keeps_a_key_never() {
    with_app(setup(), |app| async move {
        let owner = app.owner().await;
        // It fails, as the names are equal, and leaves an index behind.
        let error = owner.batch_execute("create unique index concurrently leads_name_unique on leads (name)");
        assert_eq!(error.await.unwrap_err().code().unwrap().code(), "23505");
        owner
            .batch_execute(
                "analyze; select count(*) from leads; select count(*) from small; select pg_stat_force_next_flush()",
            )
            .await
            .unwrap();
        let admin = admin(&app, Role::Login).await;
        let duplicate = |of: &str| {
            Some(IndexProblem::Duplicate {
                of: format!("public.{of}"),
            })
        };
        let unused = Some(IndexProblem::Unused);
        let expected = [
            ("leads_pkey", true, None),
            ("leads_email_key", true, None),
            ("leads_token", true, None),
            ("leads_email_again", true, duplicate("leads_email_key")),
            ("leads_id_again", false, duplicate("leads_pkey")),
            ("leads_name", false, unused.clone()),
            ("leads_name_again", false, duplicate("leads_name")),
            ("leads_name_partial", false, unused.clone()),
            ("leads_name_score", false, unused.clone()),
            ("leads_name_descending", false, unused.clone()),
            ("leads_name_pattern", false, unused.clone()),
            ("leads_name_lower", false, unused),
            ("leads_name_unique", true, Some(IndexProblem::Invalid)),
            ("small_name", false, None),
            ("parts_2026_at_idx", false, None),
        ];
        // Statistics arrive when the session that gathered them is idle.
        let indexes = eventually("scans are counted", async || {
            let indexes = inspect::indexes(&admin).await.unwrap();
            indexes
                .iter()
                .any(|index| index.problem == Some(IndexProblem::Unused))
                .then_some(indexes)
        })
        .await;
        let mut names: Vec<&str> = indexes.iter().map(|index| index.name.as_str()).collect();
        names.sort_unstable();
        let mut wanted: Vec<String> = expected.iter().map(|(name, ..)| format!("public.{name}")).collect();
        wanted.sort_unstable();
        assert_eq!(names, wanted);
        for (name, constraint, problem) in expected {
            let found = indexes
                .iter()
                .find(|index| index.name == format!("public.{name}"))
                .unwrap();
            assert_eq!((found.constraint, &found.problem), (constraint, &problem), "{name}");
            assert!(found.definition.starts_with("CREATE "), "{found:?}");
            assert!(found.bytes > 0 || name == "leads_name_unique", "{found:?}");
        }

        let tables = inspect::tables(&admin).await.unwrap();
        let names: Vec<&str> = tables.iter().map(|table| table.name.as_str()).collect();
        assert_eq!(names, ["public.leads", "public.small", "public.parts_2026"]);
        let leads = &tables[0];
        assert_eq!(leads.rows, Some(2000));
        assert!(
            leads.bytes > 100_000 && leads.index_bytes > 100_000 && leads.sequential_scans > 0,
            "{leads:?}"
        );
        assert!(leads.analyzed_at.as_deref().unwrap().ends_with('Z'));

        let overview = inspect::overview(&admin).await.unwrap();
        assert_eq!(overview.invalid_indexes, 1);
        assert!(overview.max_connections >= 40);
        assert!(inspect::bytes(&admin).await.unwrap().unwrap() > 1_000_000);
        assert!(
            overview.max_connections == inspect::max_connections(&admin).await.unwrap()
                && overview.connections >= 2
                && !overview.in_recovery
        );
        assert!(overview.version.split('.').next().unwrap().parse::<u32>().unwrap() >= 14);
    });
}

#[test]
fn the_longest_transactions_are_told() {
    with_app(setup(), |app| async move {
        let holder = app.owner().await;
        let number = pid(&holder).await;
        holder.batch_execute("begin; select 1").await.unwrap();
        let admin = admin(&app, Role::Superuser).await;
        let overview = inspect::overview(&admin).await.unwrap();
        assert_eq!(overview.oldest_transaction.map(|(pid, _)| pid), Some(number));
        assert_eq!(overview.idle_in_transaction.map(|(pid, _)| pid), Some(number));
        assert!(overview.wraparound_age < 1_000_000);
        holder.batch_execute("rollback").await.unwrap();
        let overview = inspect::overview(&admin).await.unwrap();
        assert_eq!(
            (overview.oldest_transaction, overview.idle_in_transaction),
            (None, None)
        );
        // Not loaded into this server.
        assert_eq!(inspect::slow(&admin).await.unwrap(), None);
    });
}

#[test]
fn plans_are_made_without_values_and_nothing_is_run() {
    with_app(setup(), |app| async move {
        let admin = admin(&app, Role::Login).await;
        let version = inspect::overview(&admin).await.unwrap().version;
        let plan = inspect::explain(
            &admin,
            "select id from leads where email = $1::text limit $2::int8",
            None,
        )
        .await;
        if version.split('.').next().unwrap().parse::<u32>().unwrap() < 16 {
            assert_eq!(plan.unwrap_err().code(), Code::Usage);
            return;
        }
        assert!(plan.unwrap().contains("leads_email"));
        let insert = "insert into leads (email, name, score) values ($1::text, $2::text, $3::int4) returning id";
        assert!(
            inspect::explain(&admin, insert, Some("windlass_login"))
                .await
                .unwrap()
                .starts_with("Insert on leads")
        );
        for wrong in [
            "select 1; commit; drop table leads",
            "select * from not_there",
            "drop table leads",
            "analyze select 1",
        ] {
            let error = inspect::explain(&admin, wrong, None).await.unwrap_err();
            assert!(error.message().starts_with("Postgres made no plan: "), "{error}");
        }
        // The connection is in no transaction after any of them.
        let rows = admin.query("select count(*) from leads", &[]).await.unwrap();
        assert_eq!(rows[0].get::<_, i64>(0), 2000);
        assert_eq!(inspect::overview(&admin).await.unwrap().oldest_transaction, None);
        introspect::catalog(&admin).await.unwrap();
    });
}

#[test]
fn every_route_of_a_project_has_a_plan() {
    with_app(Setup::default(), |app| async move {
        let admin = admin(&app, Role::Login).await;
        let catalog = introspect::catalog(&admin).await.unwrap();
        let read = |(name, text): &(&str, &str)| {
            let file = std::path::PathBuf::from(format!("resources/{name}.toml"));
            let resource = contract::read_resource(&file, text, &catalog, &|_| Err(String::new())).unwrap();
            std::sync::Arc::new(resource)
        };
        let resources: Vec<_> = crate::fixture::RESOURCES.iter().map(read).collect();
        let snapshot = contract::Snapshot::new("Test".into(), "1".into(), resources);
        assert!(snapshot.routes.len() > 15);
        for route in &snapshot.routes {
            let detail = route_detail::detail(route, 1 << 20).unwrap();
            let sql = detail.sql.unwrap_or_else(|| panic!("no statement: {}", route.name));
            let plan = inspect::explain(&admin, &sql, Some("windlass_login")).await;
            match plan {
                Ok(plan) => assert!(plan.contains("cost="), "{plan}"),
                Err(error) if error.code() == Code::Usage => {}
                Err(error) => panic!("{}: {error}\n{sql}", route.name),
            }
        }
    });
}

#[test]
fn acts_are_noted_before_and_after() {
    with_app(Setup::default(), |app| async move {
        let owner = config(&app, Role::Owner);
        let folder = tempfile::tempdir().unwrap();
        Migrator::open(&owner, folder.path()).await.unwrap();
        let pool = Pool::new(&owner, 2, Duration::from_secs(1));
        let act = |target: &str| audit::New {
            actor: "root".into(),
            via: audit::Via::Command,
            action: "migrate_up".into(),
            target: target.into(),
            command: "windlass migrate up".into(),
            detail: Some(serde_json::json!({ "dump": true })),
        };
        let first = audit::begin(&pool, act("a")).await.unwrap();
        let second = audit::begin(&pool, act("b")).await.unwrap();
        audit::end(&pool, first, audit::Ending::Refused, Some("it is locked"))
            .await
            .unwrap();
        // An end is an end.
        let error = audit::end(&pool, first, audit::Ending::Done, None).await.unwrap_err();
        assert_eq!(error.code(), Code::RowNotFound);
        let entries = audit::latest(&pool, 500).await.unwrap();
        assert_eq!([entries[0].id, entries[1].id], [second, first]);
        assert_eq!(entries[0].outcome, "started");
        assert_eq!((&entries[0].error, &entries[0].finished_at), (&None, &None));
        assert_eq!(entries[1].outcome, "refused");
        assert_eq!(entries[1].error.as_deref(), Some("it is locked"));
        assert!(entries[1].at.ends_with('Z') && entries[1].finished_at.as_deref().unwrap() >= entries[1].at.as_str());
        assert_eq!(entries[1].detail, Some(serde_json::json!({ "dump": true })));
        assert_eq!(audit::latest(&pool, 1).await.unwrap().len(), 1);

        let route = "GET /api/people/{id}";
        assert!(route_state::disable(&pool, route, "root").await.unwrap());
        assert!(!route_state::disable(&pool, route, "somebody").await.unwrap());
        let off = route_state::all(&pool).await.unwrap();
        assert_eq!(
            (off.len(), off[0].route.as_str(), off[0].by.as_str()),
            (1, route, "root")
        );
        assert!(route_state::enable(&pool, route).await.unwrap());
        assert!(!route_state::enable(&pool, route).await.unwrap());
        assert!(route_state::all(&pool).await.unwrap().is_empty());
        drop(connect::open(&owner).await.unwrap());
    });
}
