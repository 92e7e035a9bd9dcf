//! The cost guard: which filters an index serves, estimates over a bound, and what becomes of either.

use reqwest::Method;
use tokio_postgres::types::ToSql;
use windlass_core::config::{CostRules, Stance};
use windlass_core::contract;
use windlass_core::db::introspect;
use windlass_core::sql;

use crate::app::{Answer, App, Setup, with_app};
use crate::dialect::{plans, uri};

/// `big` has 3,000 rows and every kind of index, `plain` none but its key; `small` has few rows; `posts` and `tags` are joined.
const SCHEMA: &str = include_str!("../fixtures/cost.sql");

/// Filters of `big`, and what of them is refused.
const FILTERS: &[(&str, &str)] = &[
    // Comparisons.
    ("id=eq.7", ""),
    ("id=in.(1,2)", ""),
    ("id=gt(any).{1,2}", ""),
    ("id=gt(all).{1,2}", "`id` of big with `gt`"),
    ("id=not.lt.7", ""),
    ("id=not.neq.7", ""),
    ("id=not.eq.7", "`id` of big with `not.eq`"),
    ("id=not.in.(1,2)", "`not.in`"),
    ("id=neq.7", "`neq`"),
    ("id=isdistinct.7", "`isdistinct`"),
    ("id=not.eq(all).{1,2}", "`not.eq`"),
    ("note=eq.x", "`note` of big with `eq`"),
    ("note=is.null", "`is`"),
    ("name=is.null", ""),
    ("name=not.is.null", ""),
    ("done=is.true", ""),
    ("done=eq.false", ""),
    ("done=neq.false", ""),
    ("done=not.is.true", "`not.is`"),
    // One of those that must hold is enough; of those of which one must, each is needed.
    ("id=gt.7&note=eq.x", ""),
    ("or=(id.eq.7,note.eq.x)", "`note` of big with `eq`"),
    ("or=(id.eq.7,name.eq.x)", ""),
    ("or=(id.eq.7,and(name.eq.x,note.eq.x))", ""),
    ("or=(id.eq.7,note.eq.x)&name=eq.y", ""),
    ("not.or=(id.lt.7,note.eq.x)", ""),
    ("not.and=(id.lt.7,note.eq.x)", "`not.eq`"),
    // Composite, hash, partial, hidden.
    ("kind=eq.a", ""),
    ("rank=eq.7", "`rank`"),
    ("kind=eq.a&rank=eq.7", ""),
    ("extra=eq.7", "`extra`"),
    ("digest=eq.x", ""),
    ("digest=gt.x", "`gt`"),
    ("digest=is.null", "`is`"),
    ("email=eq.x", "`email`"),
    ("email=eq.x&gone=is.null", ""),
    ("email=eq.x&gone=eq.2026-01-01", ""),
    ("or=(email.eq.x,gone.is.null)", "`email`"),
    ("code=eq.x", "`code`"),
    // Texts.
    ("name=like.ab*", ""),
    ("name=like.*ab", "`like`"),
    ("name=not.like.ab*", "`not.like`"),
    ("name=like(any).{ab*,cd*}", "`like`"),
    ("name=ilike.ab*", "`ilike`"),
    ("name=ilike.12*", ""),
    ("name=match.^ab", ""),
    ("name=match.ab", "`match`"),
    ("name=imatch.^ab", "`imatch`"),
    ("label=like.ab*", "`label`"),
    ("label=like.ab", ""),
    ("label=gt.ab", ""),
    ("bytes=like.ab*", ""),
    ("bytes=eq.ab", "`bytes`"),
    // Arrays, ranges, JSON, documents.
    ("tags=cs.{a}", ""),
    ("tags=cd.{a}", ""),
    ("tags=ov.{a}", ""),
    ("tags=eq.{a}", ""),
    ("tags=gt.{a}", "`gt`"),
    ("tags=is.null", "`is`"),
    ("tags->>0=eq.a", "`tags->>0`"),
    ("during=cs.[1,2)", ""),
    ("during=sl.[1,2)", ""),
    ("during=adj.[1,2)", ""),
    ("during=gt.[1,2)", "`gt`"),
    ("span=ov.[1,2)", ""),
    ("place=eq.(1,2)", "`place`"),
    ("place=is.null", ""),
    ("meta=cs.{\"a\":1}", ""),
    ("meta=cd.{\"a\":1}", "`cd`"),
    ("meta->>k=eq.x", ""),
    ("meta->>other=eq.x", "`meta->>other` of big with `eq`"),
    ("meta->a->>b=eq.x", ""),
    ("meta->>a=eq.x", "`meta->>a`"),
    ("story=fts(english).x", ""),
    ("story=plfts(german).x", "`plfts`"),
    ("story=fts.x", "`fts`"),
    ("story=not.fts(english).x", "`not.fts`"),
    ("doc=wfts.x", ""),
    ("at=gt.2026-01-01T00:00:00Z", ""),
];

const REFUSE: &str =
    "[access]\nread = [\"public\"]\nupdate = [\"public\"]\ndelete = [\"public\"]\n[cost]\nunindexed = \"refuse\"\n";

fn setup<'a>(resources: &'a [(&'a str, &'a str)]) -> Setup<'a> {
    Setup {
        schema: SCHEMA,
        resources,
        ..Setup::default()
    }
}

/// Asks each query; those that are to be refused name what their details must hold.
async fn judge(app: &App, cases: &[(&str, &str)]) {
    let mut wrong = Vec::new();
    for (path, refused) in cases {
        let answer = app.get(&uri(path)).await;
        let fits = if refused.is_empty() {
            answer.status < 300
        } else {
            let json = if answer.status == 400 {
                answer.json()
            } else {
                serde_json::Value::Null
            };
            json["code"] == "unindexed_filter" && json["details"].as_str().is_some_and(|text| text.contains(refused))
        };
        if !fits {
            wrong.push(format!("{path}: {} {}", answer.status, answer.text));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
}

#[test]
fn filters_are_served_or_refused() {
    let resources = [
        (
            "big",
            "hidden = [\"secret\"]\n[access]\nread = [\"public\"]\n[cost]\nunindexed = \"refuse\"\n[page]\nmax_groups = 10\n",
        ),
        ("plain", REFUSE),
        ("small", REFUSE),
        ("empty", REFUSE),
        ("parted", REFUSE),
        (
            "seen",
            "key = [\"id\"]\n[access]\nread = [\"public\"]\n[cost]\nunindexed = \"refuse\"\n",
        ),
        (
            "kept",
            "key = [\"id\"]\n[access]\nread = [\"public\"]\n[cost]\nunindexed = \"refuse\"\n",
        ),
    ];
    with_app(setup(&resources), |app| async move {
        let filters: Vec<(String, &str)> = FILTERS
            .iter()
            .map(|(filter, refused)| (format!("/api/big?{filter}"), *refused))
            .collect();
        let filters: Vec<(&str, &str)> = filters
            .iter()
            .map(|(path, refused)| (path.as_str(), *refused))
            .collect();
        judge(&app, &filters).await;
        judge(
            &app,
            &[
                // Pages follow the key.
                ("/api/big", ""),
                ("/api/big?order=note&limit=1", ""),
                ("/api/big?select=n:count()", ""),
                // Tables that need none, and what nothing is known of.
                ("/api/plain?note=eq.x", "`note` of plain"),
                ("/api/small?note=eq.x", ""),
                ("/api/empty?note=eq.x", ""),
                ("/api/seen?note=eq.x", ""),
                ("/api/kept?note=eq.x", "`note` of kept"),
                ("/api/kept?name=eq.x", ""),
                ("/api/parted?day=eq.7", ""),
                ("/api/parted?note=eq.x", "`note` of parted"),
            ],
        )
        .await;
        // What is said names what is known to all, and nothing else.
        let answer = app.get("/api/big?note=eq.secretive").await;
        let json = answer.json();
        assert_eq!(json["title"], "No index can serve the filters of the request");
        let hint = json["hint"].as_str().unwrap();
        assert!(
            hint.contains("of big that has an index") && hint.contains(": id, name, done, kind, "),
            "{hint}"
        );
        for word in ["secret", "email", "select", "::"] {
            assert!(!answer.text.to_lowercase().contains(word), "{word}: {}", answer.text);
        }
        // Items are found by their key, whatever else.
        assert_eq!(app.get("/api/plain/7").await.status, 200);
        // A table that has grown since the contracts were read is small no more.
        let owner = app.owner().await;
        owner
            .batch_execute("insert into empty select n, 'n' || n from generate_series(1, 30000) n")
            .await
            .unwrap();
        judge(&app, &[("/api/empty?note=eq.x", "`note` of empty")]).await;
    });
}

#[test]
fn related_rows_are_found_by_an_index() {
    let resources = [
        ("posts", REFUSE),
        ("authors", REFUSE),
        ("notes", REFUSE),
        ("remarks", REFUSE),
        ("tags", REFUSE),
        ("posts_tags", REFUSE),
    ];
    with_app(setup(&resources), |app| async move {
        judge(
            &app,
            &[
                ("/api/posts?select=id,authors(name)", ""),
                ("/api/authors?select=id,posts(id)", ""),
                ("/api/posts?select=id,notes(id)", ""),
                (
                    "/api/posts?select=id,remarks(id)",
                    "no index of remarks begins with `post_id`",
                ),
                (
                    "/api/authors?select=id,posts(remarks(id))",
                    "no index of remarks begins with `post_id`",
                ),
                // Each post's remarks are found by an index of their own.
                ("/api/posts?select=id,remarks(id)&remarks.word=eq.x", ""),
                ("/api/posts?select=id,tags(name)", ""),
                (
                    "/api/tags?select=id,posts(id)",
                    "no index of posts_tags begins with `tag_id`",
                ),
                // `!inner` narrows the rows around it.
                ("/api/posts?select=id,notes!inner(id)", ""),
                ("/api/posts?select=id,notes!inner(id)&title=eq.x", "`title` of posts"),
                ("/api/posts?select=id,notes!inner(id)&notes.word=eq.x", ""),
                (
                    "/api/posts?select=id,notes!inner(id)&notes.body=eq.x",
                    "`body` of notes",
                ),
                ("/api/posts?select=id,authors!inner(name)&authors.name=eq.x", ""),
                (
                    "/api/posts?select=id,authors!inner(name)&authors.about=eq.x",
                    "`about` of authors",
                ),
                ("/api/posts?select=id,authors(name)&authors.about=eq.x", ""),
                (
                    "/api/notes?select=id,posts!inner(id)&posts.title=eq.x",
                    "`title` of posts",
                ),
                (
                    "/api/remarks?select=id,posts!inner(id)&posts.slug=eq.x",
                    "no index of remarks begins with `post_id`",
                ),
                (
                    "/api/posts?select=id,tags!inner(name)&tags.name=eq.x",
                    "no index of posts_tags begins with `tag_id`",
                ),
                // Rows without related ones.
                ("/api/posts?select=id,notes()&notes=is.null", ""),
                ("/api/posts?select=id,remarks()&remarks=is.null", "no index of remarks"),
                (
                    "/api/posts?select=id,notes()&or=(notes.is.null,title.eq.x)",
                    "`title` of posts",
                ),
            ],
        )
        .await;
    });
}

#[test]
fn related_rows_keep_their_own_rules() {
    const OPEN: &str = "[access]\nread = [\"public\"]\n";
    let bounded = format!("{OPEN}[cost]\nmax_rows = 1\n");
    let writable = "[access]\nread = [\"public\"]\ncreate = [\"public\"]\nupdate = [\"public\"]\n";
    let resources = [
        ("posts", writable),
        ("authors", bounded.as_str()),
        ("notes", OPEN),
        ("remarks", REFUSE),
        (
            "all_posts",
            "function = \"public.all_posts\"\n[access]\ncall = [\"public\"]\n",
        ),
    ];
    with_app(setup(&resources), |app| async move {
        let missing = "no index of remarks begins with `post_id`";
        judge(
            &app,
            &[
                // No rule of posts keeps its rows.
                ("/api/posts?title=eq.x", ""),
                ("/api/posts?select=id,notes(id)&title=eq.x", ""),
                ("/api/posts?select=id,remarks(id)", missing),
                ("/api/posts?select=id,remarks()&remarks=is.null", "no index of remarks"),
                // One row by its key, and what is related to it.
                ("/api/posts/7?select=id,notes(id)", ""),
                ("/api/posts/7?select=id,remarks(id)", missing),
                ("/api/posts/7", ""),
                ("/api/rpc/all_posts?select=id,notes(id)&title=eq.x", ""),
                ("/api/rpc/all_posts?select=id,remarks(id)", missing),
            ],
        )
        .await;
        for (method, path, body) in [
            (Method::PATCH, "/api/posts/7?select=id,remarks(id)", r#"{"title":"x"}"#),
            (Method::POST, "/api/posts?select=id,remarks(id)", r#"{"id":9001}"#),
        ] {
            let refused = app.send(method, path, body).await;
            assert_eq!(refused.json()["code"], "unindexed_filter", "{path}: {}", refused.text);
        }
        app.get("/api/posts/9001").await.is(404);
        let ordered = app
            .get("/api/posts?select=id,authors()&order=authors(name)&limit=1")
            .await;
        assert_eq!(ordered.json()["code"], "too_costly", "{}", ordered.text);
        let answer = app.get("/api/posts?select=id,authors(name)&limit=50").await;
        assert_eq!(
            (answer.status, answer.json()["code"].as_str()),
            (400, Some("too_costly")),
            "{}",
            answer.text
        );
        assert_eq!(app.get("/api/posts?limit=50").await.status, 200);
    });
}

#[test]
fn it_guards_every_way_to_the_rows() {
    let resources = [("plain", REFUSE)];
    with_app(setup(&resources), |app| async move {
        let refused = "/api/plain?note=eq.n7";
        let head = Answer::of(app.request(Method::HEAD, refused)).await;
        assert_eq!(head.status, 400);
        for (name, value) in [
            ("prefer", "count=exact"),
            ("prefer", "count=planned"),
            ("accept", "application/x-ndjson"),
            ("accept", "text/csv"),
        ] {
            let answer = Answer::of(app.request(Method::GET, refused).header(name, value)).await;
            assert_eq!(
                (answer.status, answer.json()["code"].as_str()),
                (400, Some("unindexed_filter"))
            );
            let head = Answer::of(app.request(Method::HEAD, refused).header(name, value)).await;
            assert_eq!(head.status, 400, "{value}");
        }
        for (method, body) in [(Method::PATCH, "{\"other\":\"x\"}"), (Method::DELETE, "")] {
            let answer = app.send(method.clone(), refused, body).await;
            assert_eq!(answer.json()["code"], "unindexed_filter");
            let answer = app.send(method, "/api/plain?note=eq.n7&id=eq.7", body).await;
            assert_eq!(answer.status, 204, "{}", answer.text);
        }
        let owner = app.owner().await;
        let left: i64 = owner.query_one("select count(*) from plain", &[]).await.unwrap().get(0);
        assert_eq!(left, 2999);
    });
}

#[test]
fn settings_of_project_resource_and_role() {
    let resources = [
        ("plain", "[access]\nread = [\"public\"]\n"),
        ("big", "[access]\nread = [\"public\"]\n[cost]\nunindexed = \"off\"\n"),
        (
            "small",
            "table = \"public.plain\"\n[access]\nread = [\"public\"]\n[cost]\nunindexed = \"refuse\"\n[cost.roles.anonymous]\nunindexed = \"warn\"\n[cost.roles.analyst]\nunindexed = \"off\"\n",
        ),
        (
            "kept",
            "key = [\"id\"]\n[access]\nread = [\"public\"]\n[cost]\nunindexed = \"off\"\n[cost.roles.anonymous]\nunindexed = \"refuse\"\n",
        ),
    ];
    let mut setup = setup(&resources);
    setup.limits.cost = CostRules {
        unindexed: Some(Stance::Refuse),
        ..CostRules::default()
    };
    with_app(setup, |app| async move {
        judge(
            &app,
            &[
                ("/api/plain?note=eq.x", "`note`"),
                ("/api/big?note=eq.x", ""),
                ("/api/small?note=eq.x", ""),
                ("/api/kept?note=eq.x", "`note`"),
            ],
        )
        .await;
    });
}

#[test]
fn estimates_are_bounded() {
    let file = |cost: &str| {
        format!(
            "table = \"public.plain\"\n[access]\nread = [\"public\"]\nupdate = [\"public\"]\ndelete = [\"public\"]\n{cost}"
        )
    };
    let rows = file("[cost]\nmax_rows = 500\n");
    let cost = file("[cost]\nmax_cost = 40\n");
    let warn = file("[cost]\nmax_cost = 40\nover = \"warn\"\n");
    let off = file("[cost]\nmax_cost = 40\n[cost.roles.anonymous]\nover = \"off\"\n");
    let role = file("[cost]\nmax_rows = 5\n[cost.roles.anonymous]\nmax_rows = 4000\n");
    let resources = [
        ("rows", rows.as_str()),
        ("dear", cost.as_str()),
        ("warned", warn.as_str()),
        ("free", off.as_str()),
        ("mine", role.as_str()),
    ];
    with_app(setup(&resources), |app| async move {
        let mut wrong = Vec::new();
        for (path, refused) in [
            // A page reads no more of the key's index than it has rows.
            ("/api/rows?limit=50", ""),
            ("/api/rows?limit=600", "estimated rows 601, at most 500"),
            ("/api/rows?limit=50&order=note", "estimated rows 3000, at most 500"),
            ("/api/rows?id=lt.100&order=note", ""),
            ("/api/rows?note=eq.n7", ""),
            ("/api/dear?limit=50", ""),
            ("/api/dear?id=eq.7", ""),
            ("/api/dear?note=eq.n7", "estimated cost "),
            ("/api/dear?limit=50&order=note", "estimated cost "),
            ("/api/warned?note=eq.n7", ""),
            ("/api/free?note=eq.n7", ""),
            ("/api/mine?order=note", ""),
            ("/api/mine/7", ""),
        ] {
            let answer = app.get(path).await;
            let fits = if refused.is_empty() {
                answer.status == 200
            } else {
                let json = answer.json();
                json["code"] == "too_costly" && json["details"].as_str().is_some_and(|text| text.contains(refused))
            };
            if !fits {
                wrong.push(format!("{path}: {} {}", answer.status, answer.text));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        let counted = Answer::of(
            app.request(Method::GET, "/api/dear?limit=1")
                .header("prefer", "count=exact"),
        )
        .await;
        assert_eq!(counted.json()["code"], "too_costly");
        let csv = Answer::of(
            app.request(Method::GET, "/api/dear?note=eq.n7")
                .header("accept", "text/csv"),
        )
        .await;
        assert_eq!(csv.json()["code"], "too_costly");
        for (method, body) in [(Method::PATCH, "{\"other\":\"x\"}"), (Method::DELETE, "")] {
            let answer = app.send(method.clone(), "/api/dear?note=eq.n7", body).await;
            assert_eq!(answer.json()["code"], "too_costly");
            let answer = app.send(method, "/api/dear?id=eq.7", body).await;
            assert_eq!(answer.status, 204, "{}", answer.text);
        }
    });
}

#[test]
fn mistakes_are_told_with_their_place() {
    with_app(setup(&[]), |app| async move {
        let catalog = introspect::catalog(&app.owner().await).await.unwrap();
        let file = std::path::Path::new("resources/plain.toml");
        let told = |text: &str| -> Vec<String> {
            let read = contract::read_resource(file, text, &catalog, &|_| Err(String::new()));
            let mistakes = read.err().unwrap_or_default().into_iter();
            let told = mistakes.map(|one| {
                let help = one.help.unwrap_or_default();
                format!("{}:{} {} ({help})", one.line, one.column, one.message)
            });
            told.collect()
        };
        for (text, wanted) in [
            (
                "[cost]\nunindexed = \"refuse\"\n[cost.roles.analyst]\nmax_rows = 7\nover = \"warn\"",
                "",
            ),
            (
                "[cost]\nunindexd = \"off\"",
                "2:1 unknown key `unindexd` (did you mean `unindexed`?)",
            ),
            (
                "[cost]\nunindexed = \"wrn\"",
                "2:13 `unindexed` knows no `wrn` (did you mean `warn`?)",
            ),
            ("[cost]\nunindexed = true", "2:13 `unindexed` takes a string ()"),
            (
                "[cost]\nmax_rows = 0",
                "2:12 `max_rows` takes a whole number, at least 1 ()",
            ),
            (
                "[cost.roles.a]\nmax_cos = 1",
                "2:1 unknown key `max_cos` (did you mean `max_cost`?)",
            ),
            ("[cost.roles.a.roles]", "1:15 unknown key `roles`"),
            ("[cost]\nroles = 7", "2:9 `roles` takes a table"),
            ("cost = 7", "1:8 `cost` takes a table"),
        ] {
            let told = told(text).join("\n");
            let fits = told.is_empty() == wanted.is_empty() && told.starts_with(wanted);
            assert!(fits, "{text}: {told}");
        }
    });
}

/// What Postgres serves by an index is judged served, and what it does not is not.
#[test]
fn postgres_agrees() {
    let resources = [("big", "[access]\nread = [\"public\"]\n")];
    with_app(setup(&resources), |app| async move {
        let published = app.context.published.load_full();
        let resource = published.snapshot.resources.first().unwrap();
        let owner = app.owner().await;
        owner.batch_execute("set enable_seqscan = off").await.unwrap();
        let mut wrong = Vec::new();
        for (filter, refused) in FILTERS {
            // Postgres would read this index from end to end.
            if *filter == "rank=eq.7" {
                continue;
            }
            // Without an order, which the key's index might give.
            let made = sql::read::planned(&plans::read(resource, &uri(filter))).unwrap();
            let binds: Vec<&(dyn ToSql + Sync)> = made.binds.iter().map(|bind| bind as _).collect();
            let text = made.text.replace("(FORMAT JSON)", "");
            let rows = owner.query(&text, &binds).await.unwrap();
            let plan: Vec<&str> = rows.iter().map(|row| row.get(0)).collect();
            let served = plan.iter().any(|line| line.contains("Index Cond"));
            if served != refused.is_empty() {
                wrong.push(format!("{filter}\n{}", plan.join("\n")));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    });
}
