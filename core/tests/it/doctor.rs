//! What `windlass doctor` finds, and that it finds nothing where nothing is wrong.

use std::collections::BTreeMap;

use windlass_core::app::{Database, Project};
use windlass_core::catalog::QualifiedName;
use windlass_core::contract::compared;
use windlass_core::db::cluster::Role;
use windlass_core::db::inspect::{Outcome, Proof};
use windlass_core::db::{connect, introspect};
use windlass_core::doctor::{Finding, Report, Severity, examine};

use crate::app::{App, Setup, with_app};

const OPEN: &str = "[tenant]\ncolumn = \"tenant_id\"\n[access]\nread = [\"authenticated\"]\ncreate = [\"authenticated\"]\nupdate = [\"authenticated\"]\ndelete = [\"authenticated\"]\n";

/// Two tenants with notes, which refer to each other, and a diary of users.
const SCHEMA: &str = "
create table notes (
    tenant_id text not null,
    id bigint generated always as identity,
    parent bigint,
    slug text not null,
    primary key (tenant_id, id),
    unique (tenant_id, slug),
    constraint notes_parent foreign key (tenant_id, parent) references notes
);
alter table notes enable row level security;
alter table notes force row level security;
create policy tenant on notes using (tenant_id = nullif(current_setting('windlass.tenant', true), ''));
create table diary (id bigint generated always as identity primary key, owner text not null, line text);
create index diary_owner on diary (owner);
alter table diary enable row level security;
alter table diary force row level security;
create policy own on diary using (owner = (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub'));
select set_config('windlass.tenant', 'a', false);
insert into notes (tenant_id, slug) select 'a', 'n' || n from generate_series(1, 5) n;
insert into notes (tenant_id, parent, slug) values ('a', 1, 'child');
select set_config('windlass.tenant', 'b', false);
insert into notes (tenant_id, slug) select 'b', 'n' || n from generate_series(1, 5) n;
insert into notes (tenant_id, parent, slug) values ('b', 7, 'child');
select set_config('windlass.tenant', '', false);
";

fn setup() -> Setup<'static> {
    Setup {
        schema: SCHEMA,
        resources: &[("notes", OPEN), ("diary", "[access]\nread = [\"authenticated\"]\n")],
        ..Setup::default()
    }
}

/// Examines the project of an app as served by a role; the embedded database is told from an outside one.
async fn examined(app: &App, role: Role, embedded: bool, named: &[String]) -> Report {
    std::fs::write(app.directory.join("windlass.toml"), "").unwrap();
    let project = Project::open(&app.directory).unwrap();
    let database = Database {
        cluster: None,
        embedded: embedded.then(|| (app.cluster.endpoint().clone(), app.cluster.programs().clone())),
        owner: app.cluster.endpoint().config(Role::Owner),
        login: app.cluster.endpoint().config(role),
    };
    examine(&project, &database, named).await.unwrap()
}

async fn change(app: &App, role: Role, sql: &str) {
    let client = connect::open(&app.cluster.endpoint().config(role)).await.unwrap();
    client.batch_execute(sql).await.unwrap();
}

#[track_caller]
fn only<'r>(report: &'r Report, check: &str) -> &'r Finding {
    let found: Vec<&Finding> = report
        .findings
        .iter()
        .filter(|finding| finding.check == check)
        .collect();
    let [one] = found.as_slice() else {
        panic!("{check}: {:#?}", report.findings)
    };
    one
}

fn outcomes(proof: &Proof) -> BTreeMap<&str, &Outcome> {
    let attempts = proof.attempts.iter();
    attempts
        .map(|attempt| (attempt.verb.as_str(), &attempt.outcome))
        .collect()
}

#[test]
fn a_project_that_is_well_has_no_findings() {
    with_app(setup(), |app| async move {
        let report = examined(&app, Role::Login, true, &[]).await;
        assert_eq!(report.findings, []);
        let [proof] = report.proofs.as_slice() else {
            panic!("{:?}", report.proofs)
        };
        assert_eq!(proof.tenants, Some(("a".to_owned(), "b".to_owned())));
        assert_eq!(proof.unproved, None);
        let verbs = ["delete", "insert", "move", "select", "update"];
        assert_eq!(outcomes(proof), verbs.map(|verb| (verb, &Outcome::Nothing)).into());
        // Nothing of it stays.
        let owner = connect::open(&app.cluster.endpoint().config(Role::Superuser))
            .await
            .unwrap();
        let rows = owner.query("select tenant_id, count(*) from notes group by 1 order by 1", &[]);
        let rows: Vec<(String, i64)> = rows.await.unwrap().iter().map(|row| (row.get(0), row.get(1))).collect();
        assert_eq!(rows, [("a".to_owned(), 6), ("b".to_owned(), 6)]);
    });
}

#[test]
fn owner_login_unforced_table_and_unindexed_policy_are_named_with_what_mends_them() {
    with_app(setup(), |app| async move {
        change(
            &app,
            Role::Owner,
            "alter table notes no force row level security; drop index diary_owner;",
        )
        .await;
        let report = examined(&app, Role::Owner, false, &[]).await;

        let login = only(&report, "login_owns_tables");
        assert_eq!(
            (login.severity, login.place.as_str()),
            (Severity::Critical, "role windlass_owner")
        );
        assert!(login.what.contains("public.diary, public.notes"), "{}", login.what);
        assert!(
            login.mend.contains("create role windlass_login login"),
            "{}",
            login.mend
        );

        // A resource of tenants is refused by `check`; that is told once, with the SQL.
        let forced = "alter table public.notes force row level security;";
        let about: Vec<&Finding> = report
            .findings
            .iter()
            .filter(|finding| finding.mend == forced)
            .collect();
        assert_eq!(about.len(), 1, "{:#?}", report.findings);
        assert_eq!(
            (about[0].severity, about[0].place.as_str()),
            (Severity::Critical, "resources/notes.toml:2:10")
        );
        assert!(
            about[0].what.contains("does not force row-level security"),
            "{}",
            about[0].what
        );

        let policy = only(&report, "policy_without_index");
        assert_eq!(
            (policy.severity, policy.place.as_str()),
            (Severity::Warning, "public.diary.owner")
        );
        assert!(policy.what.contains("the policy `own`"), "{}", policy.what);
        assert_eq!(policy.mend, "create index concurrently on public.diary (owner);");
        assert_eq!(report.findings.len(), 3, "{:#?}", report.findings);

        // What is told to mend it does.
        change(&app, Role::Owner, &about[0].mend).await;
        change(&app, Role::Owner, &policy.mend).await;
        assert_eq!(examined(&app, Role::Login, true, &[]).await.findings, []);
    });
}

#[test]
fn each_look_finds_what_it_is_for_and_its_mending_mends() {
    with_app(
        Setup {
            resources: &[
                ("notes", OPEN),
                (
                    "docs",
                    "[access]\nread = [\"public\"]\n[fields.embedding]\nmetric = \"l2\"\n",
                ),
            ],
            schema: &format!(
                "{SCHEMA} create table docs (id bigint primary key, embedding vector(3) not null);
                 insert into docs select n, array[n, 1, 2]::real[]::vector from generate_series(1, 1500) n;
                 analyze docs; create index docs_embedding on docs using hnsw (embedding vector_l2_ops);"
            ),
            ..Setup::default()
        },
        |app| async move {
            assert_eq!(examined(&app, Role::Login, true, &[]).await.findings, []);
            for (spoil, check, place, severity) in [
                (
                    "alter table diary no force row level security",
                    "rls_not_forced",
                    "public.diary",
                    Severity::Warning,
                ),
                (
                    "alter table diary disable row level security",
                    "rls_not_enabled",
                    "public.diary",
                    Severity::Critical,
                ),
                (
                    "alter role windlass_login reset search_path",
                    "search_path_not_pinned",
                    "role windlass_login",
                    Severity::Warning,
                ),
                (
                    "grant create on schema public to public",
                    "schema_open_to_all",
                    "schema public",
                    Severity::Warning,
                ),
                (
                    "drop index docs_embedding",
                    "vector_without_index",
                    "public.docs.embedding",
                    Severity::Warning,
                ),
                (
                    "create index diary_line on diary (line); update pg_index set indisvalid = false where indexrelid = 'diary_line'::regclass",
                    "index_invalid",
                    "public.diary_line",
                    Severity::Warning,
                ),
                (
                    "alter table diary owner to windlass_login",
                    "login_owns_tables",
                    "role windlass_login",
                    Severity::Critical,
                ),
            ] {
                change(&app, Role::Superuser, spoil).await;
                let report = examined(&app, Role::Login, true, &[]).await;
                let found = only(&report, check).clone();
                assert_eq!((found.place.as_str(), found.severity), (place, severity), "{found:?}");
                assert_eq!(report.findings.len(), 1, "{:#?}", report.findings);
                if check == "login_owns_tables" {
                    change(&app, Role::Superuser, "alter table diary owner to windlass_owner").await;
                } else {
                    change(&app, Role::Superuser, &found.mend).await;
                }
                assert_eq!(examined(&app, Role::Login, true, &[]).await.findings, [], "{spoil}");
            }
            change(&app, Role::Superuser, "alter role windlass_login bypassrls").await;
            let report = examined(&app, Role::Login, true, &[]).await;
            assert_eq!(
                only(&report, "login_is_unbound").mend,
                "alter role windlass_login nobypassrls;"
            );
            // The resource of tenants is refused for it.
            assert_eq!(only(&report, "refused_by_check").place, "resources/notes.toml:2:10");
            let report = examined(&app, Role::Superuser, true, &[]).await;
            assert!(only(&report, "login_is_unbound").what.contains("superuser"));
        },
    );
}

/// Policies that look well to a reader of their text, and let others in.
#[test]
fn tenants_that_are_not_apart_are_found_by_trying() {
    with_app(setup(), |app| async move {
        let policy = |using: &str, check: &str| {
            format!("drop policy tenant on notes; create policy tenant on notes using ({using}) with check ({check})")
        };
        let own = "tenant_id = nullif(current_setting('windlass.tenant', true), '')";
        let all = "tenant_id = coalesce(tenant_id, current_setting('windlass.tenant', true))";
        for (using, check, reached) in [
            (all, own, vec!["delete", "select"]),
            // An own row cannot be given away all the same: a changed row must still be there for who changes it.
            (own, all, vec!["insert"]),
            (all, all, vec!["delete", "insert", "move", "select", "update"]),
        ] {
            change(&app, Role::Owner, &policy(using, check)).await;
            let report = examined(&app, Role::Login, true, &[]).await;
            let leak = only(&report, "tenants_not_apart");
            assert_eq!(
                (leak.severity, leak.place.as_str()),
                (Severity::Critical, "public.notes")
            );
            let found: Vec<&str> = outcomes(&report.proofs[0])
                .into_iter()
                .filter_map(|(verb, outcome)| (*outcome == Outcome::Reached).then_some(verb))
                .collect();
            assert_eq!(found, reached, "{using}: {report:#?}");
        }
    });
}

/// A role that credentials may name has policies of its own, which do not bind the serving role itself.
#[test]
fn tenants_are_tried_in_every_role_that_credentials_may_name() {
    with_app(setup(), |app| async move {
        change(
            &app,
            Role::Superuser,
            "create role editor; alter role windlass_login noinherit; grant editor to windlass_login;
             grant usage on schema public to editor; grant select, delete on notes to editor;",
        )
        .await;
        let report = examined(&app, Role::Login, true, &[]).await;
        assert_eq!(report.findings, []);
        let roles: Vec<Option<&str>> = report.proofs.iter().map(|proof| proof.role.as_deref()).collect();
        assert_eq!(roles, [None, Some("editor")], "windlass_anonymous sees no rows");
        let leak = "create policy wide on notes to editor
            using (tenant_id = coalesce(tenant_id, current_setting('windlass.tenant', true)))";
        change(&app, Role::Owner, leak).await;
        let report = examined(&app, Role::Login, true, &[]).await;
        let found = only(&report, "tenants_not_apart");
        assert!(
            found
                .what
                .contains("as `a` in the role `editor`, select, delete reached rows of `b`"),
            "{}",
            found.what
        );
        assert_eq!(report.findings.len(), 1, "{:#?}", report.findings);
    });
}

#[test]
fn what_cannot_be_proved_is_said() {
    with_app(setup(), |app| async move {
        let unproved = async |embedded, named: &[String]| {
            let report = examined(&app, Role::Login, embedded, named).await;
            assert_eq!(report.findings, []);
            report.proofs[0].unproved.clone()
        };
        let named = |a: &str, b: &str| [a.to_owned(), b.to_owned()];
        // On an outside server the owner sees no rows either, as policies bind him, too.
        assert!(unproved(false, &[]).await.unwrap().contains("--tenant A --tenant B"));
        assert_eq!(unproved(false, &named("b", "a")).await, None);
        assert_eq!(
            unproved(false, &named("a", "nobody")).await.as_deref(),
            Some("tenant `nobody` sees no row of its own")
        );
        change(&app, Role::Superuser, "delete from notes where tenant_id = 'b'").await;
        assert_eq!(
            unproved(true, &[]).await.as_deref(),
            Some("it has the rows of one tenant alone")
        );
    });
}

#[test]
fn the_compared_column_is_read_from_the_policy() {
    with_app(setup(), |app| async move {
        let cases: &[(&str, &[&str], bool)] = &[
            ("owner = current_user", &["owner"], false),
            ("(select current_user::text) = owner", &["owner"], false),
            (
                "owner::varchar(20) = current_setting('x.y', true) and line = 'open'",
                &["owner"],
                false,
            ),
            (
                "line in (select slug from notes n where n.tenant_id = diary.owner)",
                &["line", "owner"],
                false,
            ),
            (
                "owner = any (string_to_array(current_setting('x.y'), ','))",
                &["owner"],
                false,
            ),
            ("owner = current_user or line = current_user", &["owner", "line"], true),
            ("lower(owner) = current_user", &[], false),
            ("line in ('a', 'b') or id = 1", &[], true),
            ("true", &[], false),
        ];
        for (using, columns, each) in cases {
            change(
                &app,
                Role::Owner,
                &format!("drop policy own on diary; create policy own on diary using ({using})"),
            )
            .await;
            let login = connect::open(&app.cluster.endpoint().config(Role::Login))
                .await
                .unwrap();
            let catalog = introspect::catalog(&login).await.unwrap();
            let relation = &catalog.relations[&QualifiedName::new("public", "diary")];
            let expression = relation.security.policies[0].using.as_deref().unwrap();
            let found = compared(relation, expression);
            assert!(
                found.columns == *columns && found.each == *each,
                "{expression}: {found:?}"
            );
        }
    });
}
