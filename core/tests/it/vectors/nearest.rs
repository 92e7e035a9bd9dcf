//! `POST …/nearest`: distances against exact values, filters, columns, forms of replies.

use reqwest::Method;
use serde_json::{Value, json};

use super::{all, body, ids, setup};
use crate::app::{Answer, with_app};

fn near(left: &Value, right: f64) -> bool {
    (left.as_f64().unwrap() - right).abs() < 1e-6
}

#[test]
fn each_metric_gives_its_distances() {
    with_app(setup(), async |app| {
        let third = 1.0 - 0.5_f64.sqrt();
        for (metric, wanted) in [
            (
                "l2",
                vec![
                    (1, 0.0),
                    (5, 1.0),
                    (7, 1.0),
                    (2, 2_f64.sqrt()),
                    (3, 2_f64.sqrt()),
                    (4, 4.0),
                ],
            ),
            ("l1", vec![(1, 0.0), (5, 1.0), (7, 1.0), (2, 2.0), (3, 2.0), (4, 4.0)]),
            // What has no direction is at no distance.
            ("cosine", vec![(1, 0.0), (4, 0.0), (5, third), (2, 1.0), (3, 1.0)]),
            (
                "inner_product",
                vec![(4, -5.0), (1, -1.0), (5, -1.0), (2, 0.0), (3, 0.0), (7, 0.0)],
            ),
        ] {
            let rows = app
                .post("/api/places/nearest", &body(json!({"metric": metric, "select": "id"})))
                .await
                .is(200)
                .json();
            assert_eq!(
                ids(&rows),
                wanted.iter().map(|(id, _)| *id).collect::<Vec<_>>(),
                "{metric}"
            );
            for (distance, (id, exact)) in all(&rows, "distance").iter().zip(&wanted) {
                assert!(near(distance, *exact), "{metric} {id}: {distance} is not {exact}");
            }
        }
        // The overlay's metric; all fields and the distance behind them.
        let answer = app.post("/api/places/nearest", &body(json!({"k": 1}))).await.is(200);
        assert_eq!(
            answer.text,
            r#"[{"id":1,"name":"east","kind":"shop","at":[1,0,0],"owner_id":1,"distance":0.0}]"#
        );
    });
}

#[test]
fn every_kind_of_vector_has_neighbours() {
    with_app(setup(), async |app| {
        for (search, wanted) in [
            (
                json!({"column": "half", "metric": "l2", "embedding": [0.5, 0, -2]}),
                json!([2, 3, 1]),
            ),
            (
                json!({"column": "half", "metric": "l1", "embedding": [1, 2, 3]}),
                json!([1, 3, 2]),
            ),
            (
                json!({"column": "thin", "metric": "cosine", "embedding": {"dimensions": 6, "indices": [3], "values": [1]}}),
                json!([3, 1, 2]),
            ),
            (
                json!({"column": "thin", "metric": "inner_product", "embedding": "{4:1}/6"}),
                json!([3, 1, 2]),
            ),
            (
                json!({"column": "dense", "metric": "cosine", "embedding": [1, 2, 3]}),
                json!([1, 3, 2]),
            ),
        ] {
            let answer = app.post("/api/mixed/nearest", &search.to_string()).await.is(200);
            assert_eq!(json!(all(&answer.json(), "a")), wanted, "{search}: {}", answer.text);
        }
        // A field of that name keeps it.
        let search = json!({"column": "dense", "metric": "l2", "embedding": [1, 2, 3], "k": 1, "select": "a,distance"});
        let row = app.post("/api/mixed/nearest", &search.to_string()).await.is(200).json();
        assert_eq!(row, json!([{"a": 1, "distance": 4.5, "_distance": 0.0}]));
        let search = json!({"column": "dense", "metric": "l2", "embedding": [1, 2, 3], "where": "distance=gt.1&_distance=lt.100"});
        let rows = app.post("/api/mixed/nearest", &search.to_string()).await.is(200).json();
        assert_eq!(all(&rows, "a"), [1]);
        // A column whose rows have vectors of other lengths cannot be compared: that is told, not a fault.
        let search = json!({"column": "any_vector", "metric": "l2", "embedding": [1]});
        app.post("/api/mixed/nearest", &search.to_string()).await.is(400);
        // Related rows come along; views have neighbours, too.
        let rows = app
            .post(
                "/api/places/nearest",
                &body(json!({"k": 2, "select": "name,owners(name)"})),
            )
            .await
            .is(200)
            .json();
        assert_eq!(
            rows,
            json!([{"name": "east", "owners": {"name": "ada"}, "distance": 0.0}, {"name": "north-east", "owners": null, "distance": 1.0}])
        );
        let rows = app
            .post("/api/seen/nearest", &body(json!({"metric": "l2", "select": "id"})))
            .await
            .is(200)
            .json();
        assert_eq!(ids(&rows).len(), 5);
    });
}

#[test]
fn filters_columns_and_a_row_in_place_of_a_vector() {
    with_app(setup(), async |app| {
        for (query, search, wanted) in [
            ("", json!({"where": "kind=eq.bar"}), json!([2, 4])),
            ("", json!({"where": "?kind=eq.bar&id=lt.4"}), json!([2])),
            ("", json!({"where": {"kind": "eq.bar"}}), json!([2, 4])),
            ("", json!({"where": {"id": ["gt.1", "lt.4"]}}), json!([2, 3])),
            (
                "",
                json!({"where": {"or": "(name.eq.up,name.eq.\"far east\")"}}),
                json!([3, 4]),
            ),
            ("", json!({"where": {"name": "eq.north-east"}}), json!([5])),
            ("?kind=eq.bar", json!({"where": "id=gt.2"}), json!([4])),
            ("?distance=lt.1.2&id=neq.7", json!({}), json!([1, 5])),
            (
                "?distance=lte.1",
                json!({"where": {"kind": "eq.shop"}}),
                json!([1, 5, 7]),
            ),
            ("?distance=lt.0", json!({}), json!([])),
            ("", json!({"embedding": null, "like": 5, "k": 3}), json!([1, 2, 7])),
            (
                "",
                json!({"embedding": null, "like": "5", "metric": "cosine", "k": 2}),
                json!([1, 2]),
            ),
            (
                "?select=id,owners!inner()",
                json!({"where": "owners.name=eq.ada"}),
                json!([1, 3]),
            ),
        ] {
            let mut search = search;
            if search.get("select").is_none() && !query.contains("select") {
                search["select"] = json!("id");
            }
            let answer = app
                .post(&format!("/api/places/nearest{query}"), &body(search.clone()))
                .await
                .is(200);
            assert_eq!(json!(ids(&answer.json())), wanted, "{query} {search}: {}", answer.text);
        }
        // A key of two parts.
        let search = json!({"column": "dense", "metric": "l2", "like": [1, "x,y"], "select": "b"});
        let rows = app.post("/api/mixed/nearest", &search.to_string()).await.is(200).json();
        assert_eq!(json!(all(&rows, "b")), json!(["z", "w"]));
        let search = json!({"column": "thin", "metric": "cosine", "like": [2, "z"], "k": 1, "select": "b"});
        let rows = app.post("/api/mixed/nearest", &search.to_string()).await.is(200).json();
        assert_eq!(json!(all(&rows, "b")), json!(["x,y"]));
        // The distance alone, and under an alias beside it.
        let rows = app
            .post("/api/places/nearest", &body(json!({"k": 1, "select": "distance"})))
            .await
            .is(200);
        assert!(rows.text.contains("\"distance\":0.0"), "{}", rows.text);
        let rows = app
            .post("/api/places/nearest", &body(json!({"k": 1, "select": "distance:name"})))
            .await
            .is(200);
        assert_eq!(rows.text, r#"[{"distance":"east","_distance":0.0}]"#);
        let rows = app
            .post("/api/places/nearest?select=owners()", &body(json!({"k": 1})))
            .await
            .is(200);
        assert_eq!(rows.text, r#"[{"distance":0.0}]"#);
    });
}

#[test]
fn forms_of_replies_and_methods() {
    with_app(setup(), async |app| {
        let asked = async |accept: &str, search: Value| {
            Answer::of(
                app.request(Method::POST, "/api/places/nearest")
                    .header("content-type", "application/json")
                    .header("accept", accept)
                    .body(body(search)),
            )
            .await
        };
        let two = || json!({"k": 2, "select": "id,name"});
        let lines = asked("application/x-ndjson", two()).await.is(200);
        assert_eq!(
            lines.text,
            "{\"id\":1,\"name\":\"east\",\"distance\":0.0}\n{\"id\":5,\"name\":\"north-east\",\"distance\":1.0}\n"
        );
        let csv = asked("text/csv", two()).await.is(200);
        assert_eq!(csv.text, "id,name,distance\r\n1,east,0.0\r\n5,north-east,1.0\r\n");
        let object = "application/vnd.pgrst.object+json";
        assert_eq!(
            asked(object, json!({"k": 1, "select": "id"})).await.is(200).text,
            r#"{"id":1,"distance":0.0}"#
        );
        asked(object, two()).await.is(406);
        // No key of a number is that word: there is nothing but the search.
        let answer = app.get("/api/places/nearest").await.is(405);
        assert_eq!(answer.header("allow"), "POST, OPTIONS");
        let answer = app.send(Method::OPTIONS, "/api/places/nearest", "").await.is(204);
        assert_eq!(answer.header("allow"), "POST, OPTIONS");
        let answer = app.send(Method::OPTIONS, "/api/seen/nearest", "").await.is(204);
        assert_eq!(answer.header("allow"), "POST, OPTIONS");
        app.get("/api/seen/nearest").await.is(405);
        app.post("/api/people/nearest", "{}").await.is(404);
        app.post("/api/places/1/nearest", "{}").await.is(404);
        // Who may not read may not search.
        app.post("/api/secret/nearest", r#"{"embedding": [1, 0], "metric": "l2"}"#)
            .await
            .is(401);
        app.post("/api/secret/nearest", "{").await.is(401);
    });
}
