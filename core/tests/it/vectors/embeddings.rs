//! Columns with vectors: what is sent is what is read, in each form that is taken.

use reqwest::Method;
use serde_json::{Value, json};

use super::setup;
use crate::app::with_app;

#[test]
fn vectors_come_back_as_they_were_sent() {
    with_app(setup(), async |app| {
        let sparse = json!({"dimensions": 6, "indices": [1, 5], "values": [0.5, -3]});
        let row = json!({
            "a": 10, "b": "k", "dense": [0.1, -2, 300_000], "half": [0.5, -65504, 0.0001], "thin": sparse, "any_vector": [1, 2, 3, 4]
        });
        let made = app.post("/api/mixed", &row.to_string()).await.is(201).json();
        assert_eq!(made["dense"], json!([0.1, -2, 300_000]));
        // A half has eleven bits of precision.
        let half = made["half"].as_array().unwrap();
        assert_eq!(half.get(..2), Some([json!(0.5), json!(-65504)].as_slice()));
        assert!((half[2].as_f64().unwrap() - 0.0001).abs() < 1e-7);
        assert_eq!((&made["thin"], &made["any_vector"]), (&sparse, &row["any_vector"]));
        let again = app
            .send(Method::PUT, "/api/mixed/10,k", &without_key(&made).to_string())
            .await
            .is(200)
            .json();
        assert_eq!(again, made);
        assert_eq!(app.get("/api/mixed/10,k").await.is(200).json(), made);

        // pgvector's own text is read, whatever the order of its entries.
        let patch = |thin: Value| json!({ "thin": thin }).to_string();
        for (sent, read) in [
            (
                json!("{5:-3,1:0.5}/6"),
                json!({"dimensions": 6, "indices": [1, 5], "values": [0.5, -3]}),
            ),
            (json!("{}/6"), json!({"dimensions": 6, "indices": [], "values": []})),
            (
                json!({"dimensions": 6, "indices": [6, 2], "values": [1e-5, 0]}),
                json!({"dimensions": 6, "indices": [6], "values": [1e-5]}),
            ),
            (Value::Null, Value::Null),
        ] {
            let row = app
                .send(Method::PATCH, "/api/mixed/10,k", &patch(sent))
                .await
                .is(200)
                .json();
            assert_eq!(row["thin"], read);
        }
        let batch = json!([
            {"a": 11, "b": "k", "thin": {"dimensions": 6, "indices": [2], "values": [4]}},
            {"a": 12, "b": "k", "thin": "{3:1}/6"}
        ]);
        let rows = app.post("/api/mixed", &batch.to_string()).await.is(201).json();
        assert_eq!(rows[0]["thin"], json!({"dimensions": 6, "indices": [2], "values": [4]}));
        assert_eq!(rows[1]["thin"]["indices"], json!([3]));

        // Related rows and CSV have them, too.
        let place = app.get("/api/places/1?select=at,owners(at)").await.is(200).json();
        assert_eq!(place, json!({"at": [1, 0, 0], "owners": {"at": [1, 0]}}));
        let csv = app
            .request(Method::GET, "/api/mixed?select=half,thin&a=eq.2")
            .header("accept", "text/csv")
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap();
        assert_eq!(
            csv,
            "half,thin\r\n\"[0.5,0,-2]\",\"{\"\"dimensions\"\":6,\"\"indices\"\":[2],\"\"values\"\":[0.25]}\"\r\n"
        );
    });
}

fn without_key(row: &Value) -> Value {
    let mut row = row.clone();
    let entries = row.as_object_mut().unwrap();
    entries.remove("a");
    entries.remove("b");
    row
}

#[test]
fn wrong_vectors_are_refused() {
    with_app(setup(), async |app| {
        for (body, violations) in [
            (json!({"dense": [1, 2]}), vec!["vector_dimensions body.dense"]),
            (json!({"dense": "[1,2,3]"}), vec!["list_type body.dense"]),
            (
                json!({"dense": [1, "NaN", null]}),
                vec!["float_type body.dense.1", "float_type body.dense.2"],
            ),
            (json!({"half": [65505, 0, 0]}), vec!["finite_number body.half.0"]),
            (json!({"thin": [1]}), vec!["model_type body.thin"]),
            (json!({"thin": "{7:1}/6"}), vec!["sparse_vector_parsing body.thin"]),
            (json!({"thin": "{1:1}/5"}), vec!["vector_dimensions body.thin"]),
            (
                json!({"thin": {"dimensions": 6, "indices": [0, 7, 1, 1], "values": [1, 1, 1, "Infinity"]}}),
                vec![
                    "greater_than_equal body.thin.indices.0",
                    "less_than_equal body.thin.indices.1",
                    "value_error body.thin.indices.3",
                    "float_type body.thin.values.3",
                ],
            ),
            (
                json!({"thin": {"dimensions": 6, "indices": [1]}}),
                vec!["missing body.thin.values"],
            ),
            (json!({"any_vector": []}), vec!["vector_dimensions body.any_vector"]),
        ] {
            let answer = app
                .send(Method::PATCH, "/api/mixed/1,x%2Cy", &body.to_string())
                .await
                .is(422);
            assert_eq!(answer.violations(), violations, "{body}");
        }
        let overflow = r#"{"dense": [1e39, 0, -1e39]}"#;
        let answer = app.send(Method::PATCH, "/api/mixed/1,x%2Cy", overflow).await.is(422);
        assert_eq!(
            answer.violations(),
            ["finite_number body.dense.0", "finite_number body.dense.2"]
        );
        let most: Vec<u32> = (1..=16_001).collect();
        let long = json!({"thin": {"dimensions": 6, "indices": most, "values": []}});
        let answer = app
            .send(Method::PATCH, "/api/mixed/1,x%2Cy", &long.to_string())
            .await
            .is(422);
        assert_eq!(answer.violations(), ["too_long body.thin.indices"]);
    });
}
