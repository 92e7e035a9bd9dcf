//! Searches under the cost guard, and the distance's name beside other names.

use serde_json::json;

use crate::app::{Setup, with_app};

const SCHEMA: &str = "
create table public.big (id integer primary key, parent_id integer references public.big, title text not null, at vector(2));
insert into public.big select n, null, 't' || n, format('[%s,%s]', n, n % 7)::vector from generate_series(1, 3000) n;
create index on public.big using hnsw (at vector_l2_ops);
create table public.kin (id integer primary key, parent integer, at vector(2));
insert into public.kin select n, n / 2, format('[%s,1]', n)::vector from generate_series(1, 50) n;
create function public.kids(kin) returns setof kin language sql stable as 'select * from kin where parent = $1.id';
create type place as enum ('near', 'nearest');
create table public.ties (id integer primary key, at vector(2));
insert into public.ties select n, format('[%s,1]', n % 3)::vector from generate_series(1, 400) n;
create index on public.ties using hnsw (at vector_l2_ops);
create table public.spots (name place primary key, at vector(2));
insert into public.spots values ('near', '[1,2]'), ('nearest', '[1,1]');
analyze public.big;
";

const RESOURCES: &[(&str, &str)] = &[
    (
        "big",
        "[access]\nread = ['public']\n[cost]\nunindexed = 'refuse'\nmax_cost = 100000\n[fields.at]\nmetric = 'l2'\n",
    ),
    (
        "kin",
        "computed = ['kids']\n[access]\nread = ['public']\n[fields.at]\nmetric = 'l2'\n",
    ),
    ("ties", "[access]\nread = ['public']\n[fields.at]\nmetric = 'l2'\n"),
    ("spots", "[access]\nread = ['public']\n[fields.at]\nmetric = 'l2'\n"),
];

#[test]
fn pages_of_what_is_equally_far_are_complete() {
    let setup = Setup {
        schema: SCHEMA,
        resources: RESOURCES,
        ..Setup::default()
    };
    with_app(setup, async |app| {
        // By the index, and without one.
        for metric in ["", "l1."] {
            let mut ids = Vec::new();
            for offset in (0..400).step_by(20) {
                let path = format!("/api/ties?select=id&order=at.nearest.{metric}[0,0]&limit=20&offset={offset}");
                let page = app.get(&path).await.is(200).json();
                ids.extend(page.as_array().unwrap().iter().map(|row| row["id"].as_i64().unwrap()));
            }
            let far = |id: &i64| (id % 3, *id);
            assert!(ids.is_sorted_by_key(far), "{metric}: {ids:?}");
            ids.dedup();
            assert_eq!(ids.len(), 400, "{metric}");
        }
        let search = json!({"embedding": [0, 0], "k": 2, "select": "id"}).to_string();
        let found = app.post("/api/ties/nearest", &search).await.is(200).json();
        assert_eq!(found, json!([{"id": 3, "distance": 1.0}, {"id": 6, "distance": 1.0}]));
    });
}

#[test]
fn a_key_may_be_the_word_that_searches_stand_at() {
    let setup = Setup {
        schema: SCHEMA,
        resources: RESOURCES,
        ..Setup::default()
    };
    with_app(setup, async |app| {
        let row = app.get("/api/spots/nearest?select=name").await.is(200).json();
        assert_eq!(row, json!({"name": "nearest"}));
        let search = json!({"like": ["near"], "k": 1, "select": "name"}).to_string();
        let found = app.post("/api/spots/nearest", &search).await.is(200).json();
        assert_eq!(found[0]["name"], "nearest");
        let refused = app
            .request(reqwest::Method::POST, "/api/spots/nearest")
            .header("content-profile", "other");
        crate::app::Answer::of(refused.body(search)).await.is(406);
    });
}

#[test]
fn searches_are_guarded_like_lists() {
    let setup = Setup {
        schema: SCHEMA,
        resources: RESOURCES,
        ..Setup::default()
    };
    with_app(setup, async |app| {
        let list = app
            .get("/api/big?select=id&order=at.nearest.[10,3]&limit=1")
            .await
            .is(200);
        assert_eq!(list.json(), json!([{"id": 10}]));
        let search = |rest: serde_json::Value| {
            let mut search = json!({"embedding": [10, 3], "k": 1, "select": "id"});
            search
                .as_object_mut()
                .unwrap()
                .extend(rest.as_object().unwrap().clone());
            search.to_string()
        };
        let found = app.post("/api/big/nearest", &search(json!({}))).await.is(200).json();
        assert_eq!(found, json!([{"id": 10, "distance": 0.0}]));
        for rest in [
            json!({"where": "title=ilike.*zzz*"}),
            json!({"where": {"parent_id": "eq.1"}}),
        ] {
            let refused = app.post("/api/big/nearest", &search(rest)).await.is(400).json();
            assert_eq!(refused["code"], "unindexed_filter", "{refused}");
        }
        // Nobody filters by what goes without saying.
        let like = json!({"like": [5], "k": 1, "select": "id"}).to_string();
        app.post("/api/big/nearest", &like).await.is(200);
        let refused = app.get("/api/big?at=is.null&limit=1").await.is(400).json();
        assert_eq!(refused["code"], "unindexed_filter", "{refused}");
        assert!(!refused["hint"].as_str().unwrap().contains(" at"), "{refused}");
        // A function takes the table's row, wherever it stands.
        for query in [
            "select=id,kids!inner(id)",
            "select=id,kids()&kids=not.is.null",
            "select=id,kids(id)",
        ] {
            for prefer in ["count=exact", "count=estimated", "count=planned"] {
                let path = format!("/api/kin?{query}&order=at.nearest.[10,3]&limit=1");
                let request = app.request(reqwest::Method::GET, &path).header("prefer", prefer);
                let answer = crate::app::Answer::of(request).await;
                assert!(
                    answer.status < 300,
                    "{path} {prefer}: {} {}",
                    answer.status,
                    answer.text
                );
            }
        }
        // No member comes twice, whatever `select` calls the others.
        for (select, members) in [
            ("distance:id", &["distance", "_distance"][..]),
            ("_distance:id,distance:title", &["_distance", "distance", "__distance"]),
            ("id,...parent_id(distance:title)", &["id", "distance", "_distance"]),
        ] {
            let found = app
                .post("/api/big/nearest", &search(json!({"select": select})))
                .await
                .is(200);
            let row = found.json()[0].clone();
            let names: Vec<&str> = row.as_object().unwrap().keys().map(String::as_str).collect();
            assert_eq!(names, members, "{}", found.text);
            assert_eq!(found.text.matches("\":").count(), members.len(), "{}", found.text);
        }
    });
}
