//! Searches that cannot be: each is told what is wrong with it, and nothing whatever is a fault of the service.

use reqwest::Method;
use serde_json::{Value, json};

use super::{body, setup};
use crate::app::with_app;

#[test]
fn wrong_searches_are_refused() {
    with_app(setup(), async |app| {
        for (search, violations) in [
            (json!({"embedding": [1, 0]}), vec!["vector_dimensions body.embedding"]),
            (json!({"embedding": "[1,0,0]"}), vec!["list_type body.embedding"]),
            (json!({"embedding": [1, "NaN", 0]}), vec!["float_type body.embedding.1"]),
            (
                json!({"embedding": ["Infinity", null, [1]]}),
                vec![
                    "float_type body.embedding.0",
                    "float_type body.embedding.1",
                    "float_type body.embedding.2",
                ],
            ),
            (json!({"embedding": [1e30, 0, 0]}), vec!["finite_number body.embedding"]),
            (
                json!({"embedding": [0, 0, 0], "metric": "cosine"}),
                vec!["vector_zero_norm body.embedding"],
            ),
            (
                json!({"embedding": [1e-30, 0, 0], "metric": "cosine"}),
                vec!["vector_zero_norm body.embedding"],
            ),
            (json!({"metric": "hamming"}), vec!["enum body.metric"]),
            (json!({"metric": 1}), vec!["string_type body.metric"]),
            (json!({"k": 0}), vec!["greater_than_equal body.k"]),
            (json!({"k": -1}), vec!["greater_than_equal body.k"]),
            (json!({"k": 51}), vec!["less_than_equal body.k"]),
            (json!({"k": 1.5}), vec!["int_type body.k"]),
            (json!({"k": "10"}), vec!["int_type body.k"]),
            (json!({"ef_search": 0}), vec!["greater_than_equal body.ef_search"]),
            (json!({"ef_search": 401}), vec!["less_than_equal body.ef_search"]),
            (json!({"column": "name"}), vec!["enum body.column"]),
            (json!({"column": 1}), vec!["string_type body.column"]),
            (json!({"where": 1}), vec!["string_type body.where"]),
            (json!({"where": {"id": 1}}), vec!["string_type body.where.id"]),
            (json!({"select": ["id"]}), vec!["string_type body.select"]),
            (json!({"embeding": [1]}), vec!["extra_forbidden body.embeding"]),
            (json!({"embedding": null}), vec!["missing body.embedding"]),
            (json!({"like": 1}), vec!["value_error body.like"]),
            (json!({"embedding": null, "like": 99}), vec!["value_error body.like"]),
            (json!({"embedding": null, "like": 6}), vec!["value_error body.like"]),
            (json!({"embedding": null, "like": "x"}), vec!["int_parsing body.like"]),
            (
                json!({"embedding": null, "like": [1, 2]}),
                vec!["value_error body.like"],
            ),
            (json!({"embedding": null, "like": {}}), vec!["value_error body.like"]),
            (
                json!({"embedding": null, "like": 7, "metric": "cosine"}),
                vec!["vector_zero_norm body.like"],
            ),
            (
                json!({"k": 0, "ef_search": 5000, "embedding": [1]}),
                vec![
                    "greater_than_equal body.k",
                    "less_than_equal body.ef_search",
                    "vector_dimensions body.embedding",
                ],
            ),
        ] {
            let answer = app.post("/api/places/nearest", &body(search.clone())).await.is(422);
            assert_eq!(answer.violations(), violations, "{search}: {}", answer.text);
        }
        let overflow = r#"{"embedding": [1e39, 0, -1e300]}"#;
        let answer = app.post("/api/places/nearest", overflow).await.is(422);
        assert_eq!(
            answer.violations(),
            ["finite_number body.embedding.0", "finite_number body.embedding.2"]
        );
        let answer = app.post("/api/places/nearest", "[1,0,0]").await.is(422);
        assert_eq!(answer.violations(), ["model_type body"]);
        let answer = app.post("/api/mixed/nearest", r#"{"embedding":[1,0,0]}"#).await.is(422);
        assert_eq!(answer.violations(), ["missing body.column"]);
        let answer = app
            .post("/api/mixed/nearest", r#"{"embedding":[1,0,0],"column":"dense"}"#)
            .await
            .is(422);
        assert_eq!(answer.violations(), ["missing body.metric"]);
        let answer = app
            .post("/api/seen/nearest", r#"{"like":1,"metric":"l2"}"#)
            .await
            .is(422);
        assert_eq!(answer.violations(), ["value_error body.like"]);

        for (query, search, wanted) in [
            ("?order=id", json!({}), "takes no order"),
            ("?limit=5", json!({}), "takes no order"),
            ("", json!({"where": "offset=5"}), "takes no order"),
            ("", json!({"where": "id=is.5"}), "cannot be read"),
            ("", json!({"where": "nmae=eq.x"}), "did you mean `name`?"),
            ("", json!({"where": {"id": "eq.x"}}), "`x` is not an integer"),
            ("", json!({"select": "id,nope"}), "no column `nope`"),
            ("?select=id", json!({"select": "id"}), "given twice"),
            ("?distance=gt.1", json!({}), "by `lt` and `lte`"),
            ("?distance=lt.x", json!({}), "by `lt` and `lte`"),
            ("?distance=lt.NaN", json!({}), "by `lt` and `lte`"),
            ("?or=(distance.lt.1,id.eq.1)", json!({}), "no column `distance`"),
            ("?select=count()", json!({}), "Aggregates are not offered here"),
        ] {
            let answer = app
                .post(&format!("/api/places/nearest{query}"), &body(search.clone()))
                .await
                .is(400);
            assert!(answer.text.contains(wanted), "{query} {search}: {}", answer.text);
        }
        app.post("/api/places/nearest", "{").await.is(400);
        let plain = app
            .request(Method::POST, "/api/places/nearest")
            .body("{}")
            .send()
            .await
            .unwrap();
        assert_eq!(plain.status().as_u16(), 415);
    });
}

/// Numbers that look random and are always the same.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }

    fn one<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.roll(all.len())]
    }

    /// Something that is nearly a vector.
    fn vector(&mut self) -> String {
        const ITEMS: &[&str] = &[
            "0",
            "1",
            "-1",
            "0.5",
            "1e30",
            "1e39",
            "-1e400",
            "1e-50",
            "65504",
            "65520",
            "\"NaN\"",
            "null",
            "[1]",
            "{}",
            "true",
            "NaN",
            "Infinity",
            "",
            "1e",
            "00",
            "\"1\"",
            "-0",
            "9999999999999999999999",
        ];
        const ODD: &[&str] = &[
            "null",
            "1",
            "\"\"",
            "\"[1,2,3]\"",
            "\"{1:1}/3\"",
            "\"{1:1}/6\"",
            "\"{1:NaN}/6\"",
            "\"{7:1}/6\"",
            "\"{}/6\"",
            "\"{1:1e39}/6\"",
            "\"{1:1,1:1}/6\"",
            "{}",
            "[]",
            "[[1,2,3]]",
            "{\"dimensions\":6,\"indices\":[1],\"values\":[1]}",
            "{\"dimensions\":6,\"indices\":[0],\"values\":[1]}",
            "{\"dimensions\":-1,\"indices\":[],\"values\":[]}",
            "{\"dimensions\":1e99,\"indices\":[1e99],\"values\":[1]}",
            "\"\\u0000\"",
            "\"' or 1=1\"",
        ];
        if self.roll(3) == 0 {
            return self.one(ODD).to_owned();
        }
        let length = [3, 3, 3, 2, 0, 40][self.roll(6)];
        let wild = self.roll(2) == 0;
        let items: Vec<&str> = (0..length)
            .map(|_| {
                if wild {
                    self.one(ITEMS)
                } else {
                    self.one(&["0", "1", "-1", "0.5", "1e20", "1e-30"])
                }
            })
            .collect();
        format!("[{}]", items.join(","))
    }
}

#[test]
fn no_vector_of_any_kind_gives_a_5xx() {
    with_app(setup(), async |app| {
        let mut dice = Dice(7);
        let (mut answered, mut wrong) = (0, Vec::new());
        for _ in 0..1_500 {
            let (resource, column) = [
                ("places", "at"),
                ("mixed", "dense"),
                ("mixed", "half"),
                ("mixed", "thin"),
                ("mixed", "any_vector"),
                ("grid", "at"),
            ][dice.roll(6)];
            let metric = dice.one(&["cosine", "l2", "l1", "inner_product", "x", ""]);
            let vector = dice.vector();
            let extra = dice.one(&[
                "",
                ",\"k\":1",
                ",\"k\":1e9",
                ",\"ef_search\":1",
                ",\"where\":{\"id\":\"lt.3\"}",
            ]);
            let search = format!("{{\"embedding\":{vector},\"metric\":\"{metric}\",\"column\":\"{column}\"{extra}}}");
            let found = app.post(&format!("/api/{resource}/nearest"), &search).await;
            let text: String = serde_json::from_str::<Value>(&vector)
                .ok()
                .and_then(|value| value.as_str().map(str::to_owned))
                .unwrap_or(vector);
            let encoded = percent_encoding::utf8_percent_encode(&text, percent_encoding::NON_ALPHANUMERIC);
            let ordered = app
                .get(&format!("/api/{resource}?order={column}.nearest.{metric}.{encoded}"))
                .await;
            let written = app
                .post(&format!("/api/{resource}"), &format!("{{\"{column}\":{text}}}"))
                .await;
            for answer in [found, ordered, written] {
                answered += u32::from(answer.status == 200);
                if answer.status >= 500 {
                    wrong.push(format!("{resource}.{column} {metric} {text}: {}", answer.text));
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        assert!(answered > 80, "only {answered} searches were answered");
    });
}
