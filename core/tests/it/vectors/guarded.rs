//! Searches under the cost guard, and the distance's name beside other names.

use serde_json::json;

use crate::app::{Setup, with_app};

const SCHEMA: &str = "
create table public.big (id integer primary key, parent_id integer references public.big, title text not null, at vector(2));
insert into public.big select n, null, 't' || n, format('[%s,%s]', n, n % 7)::vector from generate_series(1, 3000) n;
create index on public.big using hnsw (at vector_l2_ops);
analyze public.big;
";

const RESOURCES: &[(&str, &str)] = &[(
    "big",
    "[access]\nread = ['public']\n[cost]\nunindexed = 'refuse'\nmax_cost = 100000\n[fields.at]\nmetric = 'l2'\n",
)];

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
