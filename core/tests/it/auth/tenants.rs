//! Tenants: Postgres keeps them apart, whatever is asked.

use reqwest::Method;
use serde_json::{Value, json};
use windlass_core::contract::{self, TenantWanted, tenant_migration};
use windlass_core::db::cluster::Role;
use windlass_core::db::{connect, introspect};
use windlass_core::guards::NewKey;
use windlass_core::guards::jwt::Wanted;

use super::tokens::{token, verifier};
use crate::app::{Answer, App, Setup, with_app};

const OPEN: &str = "[tenant]\ncolumn = \"tenant_id\"\n[access]\nread = [\"scope:notes\"]\ncreate = [\"scope:notes\"]\nupdate = [\"scope:notes\"]\ndelete = [\"scope:notes\"]\n";
const KNOWN: &str =
    "[access]\nread = [\"authenticated\"]\ncreate = [\"authenticated\"]\nupdate = [\"authenticated\"]\n";
const RESOURCES: &[(&str, &str)] = &[
    ("notes", OPEN),
    ("replies", OPEN),
    ("files", OPEN),
    ("diary", KNOWN),
    ("board", KNOWN),
    ("guestbook", KNOWN),
    ("note_slugs", "key = [\"id\"]\n[access]\nread = [\"authenticated\"]\n"),
    (
        "my_notes",
        "function = \"my_notes\"\n[access]\ncall = [\"authenticated\"]\n",
    ),
    ("who", "function = \"who\"\n[access]\ncall = [\"public\"]\n"),
];

fn setup() -> Setup<'static> {
    Setup {
        schema: include_str!("../../fixtures/tenants.sql"),
        resources: RESOURCES,
        tokens: Some(verifier()),
        ..Setup::default()
    }
}

fn of(tenant: Option<&str>, scopes: &[&str]) -> String {
    token(Wanted {
        subject: Some(format!("user of {}", tenant.unwrap_or("nobody"))),
        tenant: tenant.map(ToOwned::to_owned),
        scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        ..Wanted::default()
    })
}

fn tenant(name: &str) -> String {
    of(Some(name), &["notes"])
}

#[test]
fn the_table_of_tenants_holds() {
    with_app(setup(), |app| async move {
        let text = include_str!("../../fixtures/tenants.txt");
        let mut lines = text.lines().filter(|line| !line.starts_with('#'));
        let names: Vec<&str> = lines.next().unwrap().split_whitespace().skip(1).collect();
        let who = [
            ("anonymous", String::new()),
            ("scopeless", of(Some("a"), &[])),
            ("homeless", of(None, &["notes"])),
            ("stranger", tenant("c")),
            ("b", tenant("b")),
            ("a", tenant("a")),
        ];
        assert_eq!(names, who.each_ref().map(|(name, _)| *name));
        let (mut wrong, mut cells) = (Vec::new(), 0);
        for line in lines {
            let words: Vec<&str> = line.split_whitespace().collect();
            let (request, expected) = words.split_at(words.len() - who.len());
            let (method, path) = (request[0].parse::<Method>().unwrap(), request[1]);
            let body = request.get(2).copied().unwrap_or("");
            for ((name, token), expected) in who.iter().zip(expected) {
                let answer = if token.is_empty() {
                    app.send(method.clone(), path, body).await
                } else {
                    app.send_as(token, method.clone(), path, body).await
                };
                cells += 1;
                if answer.status.to_string() != *expected {
                    wrong.push(format!("{name}: {line}\n  {} {}", answer.status, answer.text));
                }
                // Whoever is not of a tenant is never shown anything of it.
                let foreign = match *name {
                    "a" => &["of b\""][..],
                    "b" => &["of a\""],
                    _ => &["of a\"", "of b\""],
                };
                let shown = foreign.iter().any(|word| answer.text.contains(word));
                assert!(
                    !shown || *name == "scopeless" && answer.status == 200,
                    "{name}: {line}\n{}",
                    answer.text
                );
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        assert!(cells > 100, "{cells}");
    });
}

/// Status, headers and body without what is of this very request.
fn bare(answer: &Answer) -> String {
    let mut headers: Vec<String> = answer
        .headers
        .iter()
        // The same on every reply, and one of them holds a number.
        .filter(|(name, _)| !matches!(name.as_str(), "x-request-id" | "date" | "origin-agent-cluster"))
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    headers.sort();
    let id = answer.header("x-request-id");
    let body = if id.is_empty() {
        answer.text.clone()
    } else {
        answer.text.replace(id, "")
    };
    format!("{}\n{}\n{body}", answer.status, headers.join("\n"))
}

#[test]
fn another_tenants_row_is_as_absent_as_any() {
    with_app(setup(), |app| async move {
        let b = tenant("b");
        for (method, body, tag) in [
            (Method::GET, "", None),
            (Method::HEAD, "", None),
            (Method::GET, "", Some("\"00000000000000000000000000000000\"")),
            (Method::PATCH, "{\"body\":\"x\"}", None),
            (Method::PATCH, "{\"body\":\"x\"}", Some("*")),
            (Method::PUT, "{\"slug\":\"x\"}", None),
            (Method::DELETE, "", None),
            (Method::DELETE, "", Some("*")),
        ] {
            let ask = async |id: u32| {
                let mut request = app.request(method.clone(), &format!("/api/notes/{id}")).bearer_auth(&b);
                if let Some(tag) = tag {
                    request = request.header("if-match", tag);
                }
                if !body.is_empty() {
                    request = request.header("content-type", "application/json").body(body);
                }
                Answer::of(request).await
            };
            let (foreign, absent) = (ask(1).await, ask(999).await);
            assert_eq!(foreign.status, 404, "{method} {tag:?}: {}", foreign.text);
            assert_eq!(bare(&foreign), bare(&absent), "{method} {tag:?}");
        }
        let refer = async |id: u32| {
            let answer = app
                .send_as(&b, Method::POST, "/api/replies", &format!("{{\"note_id\":{id}}}"))
                .await;
            bare(&answer).replace(&id.to_string(), "N")
        };
        assert_eq!(refer(1).await, refer(999).await, "a reference tells nothing either");
    });
}

#[test]
fn rows_are_written_and_read_within_a_tenant() {
    with_app(setup(), |app| async move {
        let (a, b) = (tenant("a"), tenant("b"));
        let made = app
            .send_as(&b, Method::POST, "/api/notes", "{\"slug\":\"made\"}")
            .await
            .is(201);
        let row = made.json();
        assert_eq!(row["tenant_id"], "b");
        assert_eq!(made.header("location"), format!("/api/notes/{}", row["id"]));
        app.get_as(&b, made.header("location")).await.is(200);
        app.get_as(&a, made.header("location")).await.is(404);

        // An upsert meets the tenant's own row, by the key as its clients know it.
        let upsert = async |token: &str| {
            let request = app
                .request(Method::POST, "/api/notes?on_conflict=slug")
                .bearer_auth(token)
                .header("content-type", "application/json")
                .header("prefer", "resolution=merge-duplicates, return=representation")
                .body("{\"slug\":\"made\",\"body\":\"merged\"}");
            Answer::of(request).await
        };
        let merged = upsert(&b).await.is(200).json();
        assert_eq!((&merged[0]["id"], &merged[0]["body"]), (&row["id"], &json!("merged")));
        let own = upsert(&a).await.is(201).json();
        assert_eq!((&own[0]["tenant_id"], own[0]["id"] == row["id"]), (&json!("a"), false));

        let wrong = app
            .send_as(
                &b,
                Method::POST,
                "/api/notes",
                "[{\"slug\":\"q\"},{\"slug\":\"r\",\"tenant_id\":\"a\"}]",
            )
            .await
            .is(422);
        assert_eq!(wrong.violations(), ["value_error body.1.tenant_id"]);

        // A key of a tenant is as good as a token.
        let key = NewKey {
            tenant: Some("b".into()),
            scopes: vec!["notes".into()],
            ..NewKey::default()
        };
        let key = app.key_of(key).await;
        app.get_as(&key, made.header("location")).await.is(200);
        app.get_as(&key, "/api/notes/1").await.is(404);
        app.get_as(&app.key(&["notes"]).await, "/api/notes").await.is(403);

        // Every form of a list, and what comes beside the rows.
        for (path, accept) in [
            ("/api/notes?select=tenant_id", "application/json"),
            (
                "/api/notes?select=tenant_id&order=body,slug.desc",
                "application/x-ndjson",
            ),
            ("/api/notes?select=tenant_id&tenant_id=neq.b", "text/csv"),
            (
                "/api/notes?select=tenant_id,replies!inner(tenant_id)",
                "application/json",
            ),
            (
                "/api/replies?select=tenant_id,notes(tenant_id)&or=(tenant_id.eq.a,tenant_id.eq.b)",
                "application/json",
            ),
            ("/api/rpc/my_notes?select=tenant_id", "application/json"),
            ("/api/rpc/my_notes?select=tenant_id", "application/x-ndjson"),
        ] {
            let request = app
                .request(Method::GET, path)
                .bearer_auth(&b)
                .header("accept", accept)
                .header("prefer", "count=exact");
            let list = Answer::of(request).await;
            assert!(matches!(list.status, 200 | 206), "{path}: {}", list.text);
            assert!(
                !list.text.contains("\"a\"") && !list.text.contains("\na"),
                "{path}: {}",
                list.text
            );
        }
        let counted = app.request(Method::GET, "/api/notes?limit=1").bearer_auth(tenant("c"));
        let counted = Answer::of(counted.header("prefer", "count=exact")).await.is(200);
        assert_eq!(counted.header("content-range"), "*/0");
        let page = app.get_as(&b, "/api/notes?limit=2").await.is(200);
        let next = page.header("link").split(['<', '>']).nth(1).unwrap().to_owned();
        app.get_as(&b, &next).await.is(200);
        app.get_as(&a, &next).await.is(400);

        // A tenant is a value of the column's type.
        let uuid = "0193A5C2-7F00-7000-8000-00000000000A";
        let file = app
            .send_as(&tenant(uuid), Method::POST, "/api/files", "{\"name\":\"f\"}")
            .await
            .is(201);
        assert_eq!(file.json()["tenant_id"], uuid.to_lowercase());
        app.get_as(&tenant(uuid), "/api/files/f").await.is(200);
        let named = format!("{{\"name\":\"g\",\"tenant_id\":\"{}\"}}", uuid.to_lowercase());
        app.send_as(&tenant(uuid), Method::POST, "/api/files", &named)
            .await
            .is(201);
        // A row under a name that the client chooses: two tenants may choose the same.
        let other = tenant("0193a5c2-7f00-7000-8000-00000000000b");
        for (token, status) in [(&tenant(uuid), 201), (&other, 201), (&other, 200)] {
            let put = app
                .send_as(token, Method::PUT, "/api/files/chosen", "{}")
                .await
                .is(status);
            assert_eq!(put.json()["name"], "chosen");
        }
        assert_eq!(
            app.get_as(&other, "/api/files")
                .await
                .is(200)
                .json()
                .as_array()
                .unwrap()
                .len(),
            1
        );
        let foreign = format!("{{\"tenant_id\":\"{uuid}\"}}");
        app.send_as(&other, Method::PUT, "/api/files/chosen", &foreign)
            .await
            .is(422);
        let strange = app.get_as(&b, "/api/files").await.is(403);
        assert!(
            strange.json()["details"]
                .as_str()
                .unwrap()
                .contains("none of this resource")
        );
    });
}

#[test]
fn nothing_of_one_request_is_left_for_the_next() {
    with_app(setup(), |app| async move {
        let a = tenant("a");
        for _ in 0..20 {
            let known = app.get_as(&a, "/api/rpc/who").await.is(200).json();
            assert_eq!(known, "windlass_login|a|user of a");
            let anonymous = app.get("/api/rpc/who").await.is(200).json();
            assert!(
                anonymous == "windlass_login" || anonymous == "windlass_login||",
                "{anonymous}"
            );
            app.get_as(&a, "/api/notes/999").await.is(404);
            app.send_as(&a, Method::POST, "/api/notes", "{\"slug\":\"n1\"}")
                .await
                .is(409);
        }
        assert_eq!(
            app.get_as(&tenant("b"), "/api/notes?body=eq.of+a").await.is(200).json(),
            json!([])
        );
    });
}

#[test]
fn policies_of_postgrest_read_the_claims() {
    with_app(setup(), |app| async move {
        let user = |name: &str| {
            token(Wanted {
                subject: Some(name.into()),
                ..Wanted::default()
            })
        };
        let (ada, bob) = (user("ada"), user("bob"));
        let line = app
            .send_as(&ada, Method::POST, "/api/diary", "{\"line\":\"dear\"}")
            .await
            .is(201)
            .json();
        assert_eq!(line["owner"], "ada");
        let path = format!("/api/diary/{}", line["id"]);
        app.get_as(&ada, &path).await.is(200);
        app.get_as(&bob, &path).await.is(404);
        assert_eq!(app.get_as(&bob, "/api/diary").await.is(200).json(), json!([]));
        app.send_as(&bob, Method::POST, "/api/diary", "{\"line\":\"x\",\"owner\":\"ada\"}")
            .await
            .is(403);
        app.send_as(&bob, Method::PATCH, &path, "{\"line\":\"x\"}")
            .await
            .is(404);
    });
}

#[test]
fn a_role_of_the_database_is_taken_on() {
    with_app(setup(), |app| async move {
        let role = |name: &str| {
            token(Wanted {
                subject: Some("ada".into()),
                role: Some(name.into()),
                ..Wanted::default()
            })
        };
        let guest = role("windlass_anonymous");
        assert_eq!(
            app.get_as(&guest, "/api/rpc/who").await.is(200).json(),
            "windlass_anonymous||ada"
        );
        app.get_as(&guest, "/api/board").await.is(200);
        app.send_as(&guest, Method::POST, "/api/board", "{\"line\":\"x\"}")
            .await
            .is(403);
        let once = || async {
            let request = app
                .request(Method::POST, "/api/guestbook")
                .bearer_auth(&guest)
                .header("content-type", "application/json")
                .header("idempotency-key", "\"k\"")
                .body("{\"line\":\"hello\"}");
            Answer::of(request).await.is(201)
        };
        let first = once().await;
        assert_eq!(first.json()["by"], "windlass_anonymous");
        assert_eq!(
            first.text,
            once().await.text,
            "a reply is kept, whatever the role may do"
        );
        // One that the database does not have is a word for grants.
        let word = role("editor");
        assert_eq!(
            app.get_as(&word, "/api/rpc/who").await.is(200).json(),
            "windlass_login||ada"
        );
        for closed in ["windlass_owner", "postgres"] {
            app.get_as(&role(closed), "/api/board").await.is(403);
            app.send_as(&role(closed), Method::POST, "/api/guestbook", "{\"line\":\"x\"}")
                .await
                .is(403);
        }
    });
}

/// The mistakes in a resource file, as `windlass check` tells them.
async fn mistakes(app: &App, schema: &str, file: &str) -> Vec<String> {
    app.owner().await.batch_execute(schema).await.unwrap();
    let path = app.directory.join("resources/probe.toml");
    std::fs::write(&path, file).unwrap();
    let login = connect::open(&app.cluster.endpoint().config(Role::Login))
        .await
        .unwrap();
    let catalog = introspect::catalog(&login).await.unwrap();
    let (_, found) = contract::load(&app.directory, &catalog);
    std::fs::remove_file(path).unwrap();
    found
        .iter()
        .map(|wrong| format!("{wrong} | {}", wrong.help.as_deref().unwrap_or_default()))
        .collect()
}

#[test]
fn unsafe_tables_are_refused_with_what_mends_them() {
    with_app(setup(), |app| async move {
        let file = "[tenant]\ncolumn = \"t\"\n[access]\nread = [\"authenticated\"]\ncreate = [\"authenticated\"]\n";
        let table = "drop table if exists probe cascade; create table probe (t bigint not null, id bigint, primary key (t, id));";
        let secure = "alter table probe enable row level security; alter table probe force row level security;";
        let policy =
            "create policy p on probe using (t = nullif(current_setting('windlass.tenant', true), '')::bigint);";
        let good = format!("{table}{secure}{policy}");
        assert_eq!(mistakes(&app, &good, file).await, Vec::<String>::new());
        let cases: &[(&str, String, &str, &[&str])] = &[
            (
                "no security",
                table.into(),
                file,
                &[
                    "`public.probe` has no row-level security",
                    "no policy of `public.probe` is for `read`",
                    "no policy of `public.probe` is for `create`",
                ],
            ),
            (
                "not forced",
                format!("{table}alter table probe enable row level security;{policy}"),
                file,
                &[
                    "does not force row-level security: its owner sees the rows of every tenant | alter table public.probe force row level security;",
                ],
            ),
            (
                "open policy",
                format!("{good}create policy everything on probe for select using (true);"),
                file,
                &["the policy `everything` of `public.probe` lets rows of every tenant in for `read`"],
            ),
            (
                "open policy, but restricted",
                format!(
                    "{table}{secure}create policy everything on probe using (true); {}",
                    policy.replace(" on probe", " on probe as restrictive")
                ),
                file,
                &[],
            ),
            (
                "a constant",
                format!("{table}{secure}create policy p on probe using (t = 1);"),
                file,
                &["for `read`", "for `create`"],
            ),
            (
                "open check",
                format!("{good}create policy writes on probe for insert with check (true);"),
                file,
                &["the policy `writes` of `public.probe` lets rows of every tenant in for `create`"],
            ),
            (
                "for reads alone",
                format!("{table}{secure}{}", policy.replace(" using", " for select using")),
                file,
                &[
                    "no policy of `public.probe` is for `create` | create policy probe_tenant on public.probe using (t = nullif(current_setting('windlass.tenant', true), '')::bigint);",
                ],
            ),
            (
                "another role's policy",
                format!(
                    "{table}{secure}{}",
                    policy.replace(" using", " to windlass_owner using")
                ),
                file,
                &["no policy", "no policy"],
            ),
            (
                "a key of its own",
                format!("{good}alter table probe add column email text constraint probe_email_key unique;"),
                file,
                &[
                    "the unique key `probe_email_key` of `public.probe` does not begin with `t`: one tenant would learn of another's values | alter table public.probe drop constraint probe_email_key, add constraint probe_email_key UNIQUE (t, email);",
                ],
            ),
            (
                "partial keys",
                format!(
                    "{good}alter table probe add column email text; create unique index fine on probe (t, lower(email)) where email <> ''; create unique index bad on probe (lower(email));"
                ),
                file,
                &[
                    "the unique key `bad` of `public.probe` does not begin with `t`: one tenant would learn of another's values | drop index public.bad; CREATE UNIQUE INDEX bad ON public.probe USING btree (t, lower(email));",
                ],
            ),
            (
                "null",
                format!(
                    "{good}alter table probe drop constraint probe_pkey; alter table probe alter column t drop not null;"
                ),
                file,
                &[
                    "`t` may be null: such rows belong to nobody | alter table public.probe alter column t set not null;",
                ],
            ),
            (
                "public",
                good.clone(),
                &file.replacen("authenticated", "public", 1),
                &["rows of tenants are not `public`"],
            ),
            (
                "no column",
                good.clone(),
                &file.replace("\"t\"", "\"tt\""),
                &["has no column `tt`"],
            ),
            (
                "hidden",
                good.clone(),
                &format!("hidden = [\"t\"]\n{file}"),
                &["`t` is of the primary key", "`t` is hidden"],
            ),
            (
                "a view",
                format!("{good}create view probes as select * from probe;"),
                &format!("table = \"public.probes\"\n{file}"),
                &["is no table"],
            ),
            (
                "no section",
                good.clone(),
                "tenant = \"t\"\n",
                &["`tenant` takes a table"],
            ),
            ("empty", good.clone(), "[tenant]\n", &["`tenant` takes a `column`"]),
        ];
        for (name, schema, file, expected) in cases {
            let found = mistakes(&app, schema, file).await;
            assert_eq!(found.len(), expected.len(), "{name}: {found:#?}");
            for (found, expected) in found.iter().zip(*expected) {
                assert!(found.contains(expected), "{name}: {found}");
                assert!(found.starts_with("resources/probe.toml:"), "{name}: {found}");
            }
        }
        let values: Value = app.get_as(&tenant("a"), "/api/notes?limit=1").await.is(200).json();
        assert!(values.is_array());
    });
}

#[test]
fn the_migration_makes_a_table_safe_and_leads_back() {
    with_app(setup(), |app| async move {
        let owner = app.owner().await;
        owner
            .batch_execute(
                "create table authors (id bigint generated always as identity primary key, email text unique, \"Odd Name\" text);
                 create unique index authors_lower on authors (lower(email)) where email <> '';
                 create table books (id bigint generated always as identity primary key, author_id bigint references authors on delete set null, title text);
                 insert into authors (email) values ('ada@example.org');
                 insert into books (author_id, title) values (1, 'notes');",
            )
            .await
            .unwrap();
        let catalog = async || {
            let login = connect::open(&app.cluster.endpoint().config(Role::Login))
                .await
                .unwrap();
            introspect::catalog(&login).await.unwrap()
        };
        let before = catalog().await;
        let wanted = |tables: &[&str]| TenantWanted {
            tables: tables.iter().map(|table| (*table).to_owned()).collect(),
            column: "tenant_id".into(),
            sql_type: "text".into(),
            existing: Some("it's a".into()),
        };
        let refused = tenant_migration(&wanted(&["authors"]), &before).unwrap_err();
        assert_eq!(
            refused.hint(),
            Some("Enable them together: `windlass tenant enable authors public.books`.")
        );
        assert!(tenant_migration(&wanted(&["nothing"]), &before).is_err());
        assert!(tenant_migration(&wanted(&["note_slugs"]), &before).is_err());
        let made = tenant_migration(&wanted(&["authors", "books"]), &before).unwrap();
        owner
            .batch_execute(&format!("begin; {}; commit", made.up))
            .await
            .unwrap();

        let both = "table = \"public.authors\"\n".to_owned() + OPEN;
        assert_eq!(mistakes(&app, "select 1", &both).await, Vec::<String>::new());
        assert_eq!(
            mistakes(&app, "select 1", &both.replace("authors", "books")).await,
            Vec::<String>::new()
        );
        let count = async |tenant: &str| -> i64 {
            let set = "select set_config('windlass.tenant', $1, false)";
            owner.query_one(set, &[&tenant]).await.unwrap();
            owner
                .query_one("select count(*) from books join authors on true", &[])
                .await
                .unwrap()
                .get(0)
        };
        assert_eq!((count("it's a").await, count("b").await, count("").await), (1, 0, 0));
        // The reference stays within the tenant, and what it refers to may go.
        count("it's a").await;
        owner.batch_execute("delete from authors").await.unwrap();
        let left = owner
            .query_one("select tenant_id, author_id is null from books", &[])
            .await
            .unwrap();
        assert_eq!((left.get::<_, &str>(0), left.get::<_, bool>(1)), ("it's a", true));

        owner
            .batch_execute(&format!("begin; {}; commit", made.down))
            .await
            .unwrap();
        let after = catalog().await;
        for table in ["authors", "books"] {
            let of = |catalog: &windlass_core::catalog::Catalog| {
                let name = windlass_core::catalog::QualifiedName::new("public", table);
                let mut relation = catalog.relations[&name].clone();
                // In the order in which they were made.
                relation.indexes.sort_by_key(|index| format!("{index:?}"));
                format!("{relation:?}")
            };
            assert_eq!(of(&after), of(&before), "{table}");
        }
    });
}

/// The SQL of a route is the operator's own; whose rows it sees is Postgres's affair.
#[test]
fn sql_routes_run_as_who_asks() {
    let front = |route: &str, returns: &str| {
        format!("/*---\nroute = \"{route}\"\naccess = [\"authenticated\"]\nreturns = \"{returns}\"\n---*/\n")
    };
    let bodies = front("GET /api/bodies", "many") + "select distinct body from notes order by body";
    let add = front("POST /api/add", "one")
        + "insert into notes (tenant_id, slug) values (coalesce(:tenant::text, current_setting('windlass.tenant')), :slug)\n-- then\n"
        + "select count(*) as notes, current_setting('windlass.subject') as by from notes";
    let add = add.replace(
        "returns = \"one\"\n",
        "returns = \"one\"\n[params.tenant]\noptional = true\n",
    );
    let routes = [("bodies", bodies.as_str()), ("add", add.as_str())];
    let setup = Setup {
        routes: &routes,
        ..setup()
    };
    with_app(setup, |app| async move {
        app.get("/api/bodies").await.is(401);
        for accept in ["application/json", "application/x-ndjson"] {
            for (name, expected) in [("a", "of a"), ("b", "of b")] {
                let request = app.request(Method::GET, "/api/bodies").header("accept", accept);
                let found = Answer::of(request.bearer_auth(tenant(name))).await.is(200);
                assert_eq!(found.text.matches("of ").count(), 1, "{name}: {}", found.text);
                assert!(found.text.contains(expected), "{name}: {}", found.text);
            }
        }
        assert_eq!(app.get_as(&of(None, &[]), "/api/bodies").await.is(200).text, "[]");
        let add = async |who: &str, body: Value| {
            app.send_as(&tenant(who), Method::POST, "/api/add", &body.to_string())
                .await
        };
        let added = add("a", json!({"slug": "new"})).await.is(200).json();
        assert_eq!(added, json!({"notes": 6, "by": "user of a"}));
        add("a", json!({"slug": "sneaky", "tenant": "b"})).await.is(403);
        let added = add("b", json!({"slug": "new"})).await.is(200).json();
        assert_eq!(added["notes"], 6);
    });
}
