//! Files that stop the snapshot, each with its place; and two routes for one request.

use std::path::Path;

use windlass_core::app::contracts;
use windlass_core::db::cluster::Role;
use windlass_core::db::connect;

use super::{RESOURCES, SCHEMA};
use crate::app::{App, Setup, with_app};

/// What stands above the SQL, but for the lines that a case is about.
fn front(route: &str, rest: &str) -> String {
    format!("/*---\nroute = \"{route}\"\naccess = [\"public\"]\nreturns = \"many\"\n{rest}---*/\n")
}

/// The mistakes in these files: name and text.
async fn mistakes(app: &App, files: &[(&str, String)]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("routes")).unwrap();
    std::fs::create_dir(folder.path().join("resources")).unwrap();
    for (name, text) in RESOURCES {
        std::fs::write(folder.path().join("resources").join(format!("{name}.toml")), text).unwrap();
    }
    std::fs::write(
        folder.path().join("resources/words.toml"),
        "table = \"words\"\n[access]\nread = [\"public\"]\n",
    )
    .unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join("routes").join(name), text).unwrap();
    }
    read(app, folder.path()).await
}

async fn read(app: &App, directory: &Path) -> Vec<String> {
    let login = connect::open(&app.cluster.endpoint().config(Role::Login))
        .await
        .unwrap();
    let (_, wrong) = contracts::read(directory, &login).await.unwrap();
    wrong.iter().map(|one| format!("{one:#}")).collect()
}

#[test]
fn mistakes_have_file_line_and_column() {
    let get = |rest: &str, sql: &str| front("GET /api/x", rest) + sql;
    let post = |rest: &str, sql: &str| front("POST /api/x", rest) + sql;
    let cases: Vec<(String, &str)> = vec![
        ("select 1".into(), "1:1: the file does not begin with `/*---`"),
        (
            "/*---\nroute = \"GET /api/x\"".into(),
            "1:1: the front matter has no end",
        ),
        ("/*---\nroute = 1 2\n---*/ select 1".into(), "2:9: not TOML"),
        (
            "/*---\nsummary = \"ä\"\nrout = \"GET /api/x\"\n---*/ select 1".into(),
            "3:1: unknown key `rout`\n  help: did you mean `route`?",
        ),
        (
            "/*---\naccess = [\"public\"]\n---*/ select 1".into(),
            "1:1: `route` is missing",
        ),
        (
            "/*---\nroute = \"GET /api/x\"\nreturns = \"one\"\n---*/ select 1 as a".into(),
            "1:1: nobody may use this route",
        ),
        (
            "/*---\nroute = \"GET /api/x\"\naccess = [\"public\"]\n---*/ select 1 as a".into(),
            "1:1: `returns` is missing",
        ),
        (
            "/*---\nroute = \"GET /api/x\"\naccess = [\"everyone\"]\nreturns = \"many\"\n---*/ select 1 as a".into(),
            "3:11: `everyone` is not a grant",
        ),
        (
            "/*---\nroute = \"GET /api/x\"\naccess = [\"public\"]\nreturns = \"some\"\n---*/ select 1 as a".into(),
            "4:11: `returns` knows no `some`",
        ),
        (
            get("rate = 5\n", "select 1 as a"),
            "5:1: `rate` is not available in this version",
        ),
        (
            get("timeout = \"5\"\n", "select 1 as a"),
            "5:11: `timeout` takes a time",
        ),
        (
            get("cache = \"a\\nb\"\n", "select 1 as a"),
            "5:9: `cache` takes a value of Cache-Control",
        ),
        (
            post("cache = \"no-store\"\n", "select 1 as a"),
            "5:9: replies of `POST` are not kept",
        ),
        (
            get("[page]\ndefault = 5\n", "select 1 as a"),
            "6:1: unknown key `default`",
        ),
        (
            front("get /api/x", "") + "select 1 as a",
            "2:9: `get` is no method of a route\n  help: write `GET`",
        ),
        (front("FETCH /api/x", "") + "select 1 as a", "2:9: `FETCH` is no method"),
        (
            front("/api/x", "") + "select 1 as a",
            "2:9: `route` has a method and a path",
        ),
        (
            front("GET api/x", "") + "select 1 as a",
            "2:9: the path must begin with `/`",
        ),
        (
            front("GET /docs/x", "") + "select 1 as a",
            "2:9: the path belongs to Windlass: `/docs`",
        ),
        (
            front("GET /api/rpc/x", "") + "select 1 as a",
            "2:9: the path belongs to Windlass: `/api/rpc`",
        ),
        (
            front("GET /{x}/y", "") + "select :x::int as a",
            "2:9: a path of parameters alone",
        ),
        (
            front("GET /api/{x-y}", "") + "select 1 as a",
            "2:9: `{x-y}` is no parameter",
        ),
        (
            front("GET /api/{x}/{x}", "") + "select :x::int as a",
            "2:9: `{x}` stands there twice",
        ),
        (
            front("GET /api/{id}", "") + "select 1 as a",
            "2:9: no statement uses `{id}` of the path",
        ),
        (
            get("[params.kin]\nin = \"query\"\n", "select :kind::text as a"),
            "5:9: no statement has a parameter `:kin`\n  help: did you mean `kind`?",
        ),
        (
            get("[params.kind]\nin = \"path\"\n", "select :kind::text as a"),
            "6:6: the path has no `{kind}`",
        ),
        (
            get("[params.kind]\nin = \"body\"\n", "select :kind::text as a"),
            "6:6: a `GET` has no body to take `kind` from",
        ),
        (
            get("[params.kind]\nin = \"form\"\n", "select :kind::text as a"),
            "6:6: `in` knows no `form`",
        ),
        (
            get("[params.n]\nmin_length = 1\n", "select :n::int as a"),
            "6:14: `min_length` is for text, but `n` is `integer`",
        ),
        (
            get("[params.n]\nformt = \"email\"\n", "select :n::text as a"),
            "6:1: unknown key `formt`",
        ),
        (
            get("[params.n]\nge = 5\ndefault = 3\n", "select :n::int as a"),
            "7:11: the default of `n` must be at least 5",
        ),
        (
            get("[params.n]\ndefault = \"x\"\n", "select :n::int as a"),
            "6:11: the default of `n` must be an integer",
        ),
        (
            get(
                "[params.a]\nin = \"header\"\nname = \"Authorization\"\n",
                "select :a::text as a",
            ),
            "5:9: no route reads the header `Authorization`",
        ),
        (
            get(
                "[params.a]\nname = \"x\"\n[params.b]\nname = \"x\"\n",
                "select :a::text as a, :b::text as b",
            ),
            "7:9: two parameters are `x` in the query",
        ),
        (
            front("GET /api/{id}", "[params.id]\noptional = true\n") + "select :id::int as a",
            "6:12: a parameter of the path is always there",
        ),
        // The SQL.
        (get("", ""), "6:1: there is no statement before this"),
        (get("", "select 'a"), "6:8: this text has no end"),
        (
            get("", "select 1 as a; select 2"),
            "6:14: another statement follows here",
        ),
        (get("", "select $1::int as a"), "6:8: parameters have names here"),
        (get("", "vacuum"), "6:1: no statement of a route begins with `vacuum`"),
        (get("", "commit"), "6:1: no statement of a route begins with `commit`"),
        (
            get("", "-- ä\n  select nme\nfrom leads"),
            "7:10: column \"nme\" does not exist\n  help: Perhaps you meant to reference the column \"leads.name\".",
        ),
        (
            get("", "select id from leads where /* ä */ nme = :x"),
            "6:36: column \"nme\" does not exist",
        ),
        (
            get("", "select :a::int as a,\n  :a || b as c from leads"),
            "7:9: column \"b\" does not exist",
        ),
        (
            get("", "select name from leed"),
            "6:18: relation \"leed\" does not exist",
        ),
        (
            get("", "select name frm leads"),
            "6:17: syntax error at or near \"leads\"",
        ),
        (
            get("", "select id from leads where :x is null"),
            "6:28: could not determine data type of parameter :x\n  help: say of which type it is",
        ),
        (
            post(
                "",
                "insert into events (lead_id, kind) values (:id, 'a')\n-- then\nselect name from leads where name = :id",
            ),
            "8:37: `:id` is `text` here, and `bigint` before\n  help: say of which type it is: `:id::bigint`",
        ),
        (
            post("", "select 1 as a\n-- then\nselect nope from leads"),
            "8:8: column \"nope\" does not exist",
        ),
        (
            get("", "insert into events (lead_id, kind) values (1, 'a') returning kind"),
            "6:1: this statement writes, but a `GET` only reads",
        ),
        (
            get(
                "",
                "with w as (insert into events (lead_id, kind) values (1, 'a') returning kind) select kind from w",
            ),
            "6:1: this statement writes or locks rows",
        ),
        (
            get("", "select name from leads where id = :id for update"),
            "6:1: this statement writes or locks rows",
        ),
        (get("", "select 1"), "6:1: column 1 of the reply has no name"),
        (get("", "select 1 as a, 2 as a"), "6:1: two columns are `a`"),
        (
            post("", "insert into events (lead_id, kind) values (1, 'a')"),
            "4:11: the last statement gives no columns",
        ),
        (
            get("", "select 1 as a, 'x' as _status"),
            "6:1: `_status` is a whole number, not `text`",
        ),
        (
            get("", "select 1 as a, 'x' as _header_content_length"),
            "6:1: the header `content-length` is Windlass's own",
        ),
        (
            get("", "select 1 as a, 'x' as \"_header_a b\""),
            "6:1: `_header_a b` names no header",
        ),
        (
            "/*---\nroute = \"GET /api/x\"\naccess = [\"public\"]\nreturns = \"json\"\n---*/ select 1 as a".into(),
            "4:11: `json` takes one column of `jsonb`, found `integer`",
        ),
        (
            post("", "select :body::jsonb as a, :b::int as b"),
            "6:8: `:body` is the whole body, so there is no `b` beside it",
        ),
    ];
    with_app(
        Setup {
            schema: SCHEMA_WITH_WORDS,
            resources: RESOURCES,
            ..Setup::default()
        },
        |app| async move {
            let mut wrong = Vec::new();
            for (text, expected) in cases {
                let found = mistakes(&app, &[("x.sql", text.clone())]).await;
                if !found
                    .iter()
                    .any(|one| one.starts_with(&format!("routes/x.sql:{expected}")))
                {
                    wrong.push(format!("{text}\n  wanted {expected}\n  found {found:#?}"));
                }
            }
            assert!(wrong.is_empty(), "{}", wrong.join("\n"));
            // What is right, next to it, is.
            for text in [
                get("", "select name from leads where id = :id -- for update"),
                get("", "(select name from leads) union all values ('x')"),
                post(
                    "",
                    "with w as (insert into events (lead_id, kind) values (1, :kind) returning kind) select kind from w",
                ),
                get(
                    "",
                    "select address, '(1,2)'::point as at, meta, array[address] as all, row(1, 2) as both from leads",
                ),
                "/*---\nroute = \"GET /api/x\"\naccess = [\"public\"]\nreturns = \"exec\"\n---*/ select 1".to_owned(),
                "/*---\nroute = \"GET /api/x\"\naccess = [\"public\"]\nreturns = \"exec\"\n---*/ select pg_sleep(0), pg_sleep(0)"
                    .to_owned(),
            ] {
                assert_eq!(mistakes(&app, &[("x.sql", text)]).await, Vec::<String>::new());
            }
            // Hidden files and others are not routes.
            assert!(
                mistakes(
                    &app,
                    &[(".x.sql", "select".to_owned()), ("x.sql.bak", "select".to_owned())]
                )
                .await
                .is_empty()
            );
        },
    );
}

/// A key that may be any word, beside the other tables.
const SCHEMA_WITH_WORDS: &str = const_format();

const fn const_format() -> &'static str {
    concat!(
        include_str!("../../fixtures/sql_routes.sql"),
        "create table words (word text primary key);\n"
    )
}

#[test]
fn two_routes_for_one_request_are_refused() {
    let file = |route: &str| {
        front(route, "")
            + if route.contains("{id}") {
                "select :id::text as a"
            } else if route.contains("{x}") {
                "select :x::text as a"
            } else {
                "select 1 as a"
            }
    };
    let cases: &[(&[&str], &str)] = &[
        (
            &["GET /api/leads"],
            "`GET /api/leads` is a route of resources/leads.toml, too",
        ),
        (
            &["GET /api/leads/{id}"],
            "`GET /api/leads/{id}` is a route of resources/leads.toml, too",
        ),
        (
            &["GET /api/{x}"],
            "`GET /api/leads` is a route of resources/leads.toml, too",
        ),
        (
            &["GET /api/words/first"],
            "`GET /api/words/{word}` is a route of resources/words.toml, too",
        ),
        (
            &["POST /api/leads/{x}"],
            "resources/leads.toml writes this path `/api/leads/{id}`",
        ),
        (
            &["GET /api/a/{x}", "GET /api/a/{id}"],
            "`GET /api/a/{x}` is the route of routes/f0.sql, too",
        ),
        (
            &["GET /api/a/{x}", "POST /api/a/{id}"],
            "routes/f0.sql writes this path `/api/a/{x}`",
        ),
        // These are told apart.
        (&["POST /api/leads"], ""),
        (&["POST /api/leads/{id}"], ""),
        (&["GET /api/leads/best"], ""),
        (&["POST /api/words/first"], ""),
        (&["GET /api/a/{x}", "GET /api/a/me"], ""),
        (&["GET /api/a/{x}/c", "GET /api/a/b/{id}"], ""),
        (&["GET /api/a/{x}", "POST /api/a/{x}"], ""),
    ];
    with_app(
        Setup {
            schema: SCHEMA_WITH_WORDS,
            resources: RESOURCES,
            ..Setup::default()
        },
        |app| async move {
            for (routes, expected) in cases {
                let files: Vec<(String, String)> = routes
                    .iter()
                    .enumerate()
                    .map(|(n, route)| (format!("f{n}.sql"), file(route)))
                    .collect();
                let files: Vec<(&str, String)> =
                    files.iter().map(|(name, text)| (name.as_str(), text.clone())).collect();
                let found = mistakes(&app, &files).await;
                let last = format!("routes/f{}.sql:2:9: {expected}", routes.len() - 1);
                let fits = if expected.is_empty() {
                    found.is_empty()
                } else {
                    found.len() == 1 && found[0].starts_with(&last)
                };
                assert!(fits, "{routes:?}: {found:#?}");
            }
        },
    );
    assert!(SCHEMA_WITH_WORDS.starts_with(SCHEMA));
}
