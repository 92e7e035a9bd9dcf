//! `order=embedding.nearest.[…]` in lists.

use reqwest::Method;
use serde_json::json;

use super::{ids, setup};
use crate::app::{Answer, with_app};

#[test]
fn lists_are_ordered_by_distance() {
    with_app(setup(), async |app| {
        for (query, wanted) in [
            ("order=at.nearest.[1,0,0]", json!([1, 5, 7, 2, 3, 4])),
            ("order=at.nearest.l2.[1,0,0]&limit=2", json!([1, 5])),
            ("order=at.nearest.[1,0,0]&limit=2&offset=1", json!([5, 7])),
            ("order=at.nearest.[1,0,0],id.desc", json!([1, 7, 5, 3, 2, 4])),
            ("order=at.nearest.[1,0,0],name", json!([1, 7, 5, 2, 3, 4])),
            ("order=at.nearest.cosine.[1,0,0]&id=gt.3", json!([4, 5])),
            ("order=at.nearest.inner_product.[1,0,0]&limit=1", json!([4])),
            ("order=at.nearest.l1.[0.9,%201e-1,0]&limit=1", json!([1])),
            ("order=at.nearest.[1,0,0]&kind=eq.bar", json!([2, 4])),
        ] {
            let answer = app.get(&format!("/api/places?select=id&{query}")).await.is(200);
            assert_eq!(json!(ids(&answer.json())), wanted, "{query}");
            assert_eq!(answer.header("link"), "", "{query}");
        }
        let sparse = "/api/mixed?select=id:a&order=thin.nearest.l2.";
        for vector in ["{3:1}/6", r#"{"dimensions":6,"indices":[3],"values":[1]}"#] {
            let answer = app.get(&format!("{sparse}{vector}&limit=1")).await.is(200);
            assert_eq!(answer.text, r#"[{"id":2}]"#, "{vector}");
        }
        let counted = Answer::of(
            app.request(Method::GET, "/api/places?order=at.nearest.[1,0,0]&limit=2&select=id")
                .header("prefer", "count=exact"),
        )
        .await
        .is(206);
        assert_eq!(
            (ids(&counted.json()), counted.header("content-range")),
            (vec![1, 5], "0-1/6")
        );
        let csv = Answer::of(
            app.request(
                Method::GET,
                "/api/places?order=at.nearest.[1,0,0]&limit=2&select=id,name",
            )
            .header("accept", "text/csv"),
        )
        .await
        .is(200);
        assert_eq!(csv.text, "id,name\r\n1,east\r\n5,north-east\r\n");
    });
}

#[test]
fn wrong_orders_are_refused() {
    with_app(setup(), async |app| {
        for (query, status, wanted) in [
            ("order=at.nearest", 400, "character 11: expected `.` and a vector"),
            ("order=at.nearest.", 400, "expected a metric or a vector"),
            ("order=at.nearest.l2", 400, "expected `.` and a vector"),
            ("order=at.nearest.[1,2", 400, "expected a vector such as"),
            ("order=at.nearest.[1,0,0].desc", 400, "expected `,` or the end"),
            ("order=at.desc.nearest.[1,0,0]", 400, "expected nullsfirst"),
            ("order=name.nearest.[1,0,0]", 400, "only columns with vectors"),
            ("order=it.nearest.[1,0,0]", 400, "no column `it`"),
            ("order=id,at.nearest.[1,0,0]", 400, "by nothing before it"),
            (
                "order=at.nearest.[1,0,0],at.nearest.[1,0,0]",
                400,
                "by nothing before it",
            ),
            (
                "order=owners(at).nearest.[1,0]&select=id,owners(id)",
                400,
                "only columns with vectors",
            ),
            (
                "select=id,owners(id)&owners.order=at.nearest.[1,0]",
                400,
                "by nothing before it",
            ),
            ("order=at.nearest.[1,0]", 422, "must have 3 dimensions, not 2"),
            ("order=at.nearest.[1,0,x]", 422, "must be an array of numbers"),
            ("order=at.nearest.[1,0,1e39]", 422, "32-bit float"),
            ("order=at.nearest.[1,0,1e30]", 422, "too large"),
            ("order=at.nearest.[1,0,\"NaN\"]", 422, "must be a number"),
            ("order=at.nearest.cosine.[0,0,0]", 422, "must not be all zeros"),
            ("order=at.nearest.cosine.[1e-30,0,0]", 422, "too small"),
            ("order=at.nearest.hamming.[1,0,0]", 422, "must be 'cosine', 'l2'"),
        ] {
            let answer = app.get(&format!("/api/places?{query}")).await.is(status);
            assert!(answer.text.contains(wanted), "{query}: {}", answer.text);
            if status == 422 {
                assert!(answer.violations()[0].contains(" query.order"), "{}", answer.text);
            }
        }
        let answer = app.get("/api/mixed?order=half.nearest.[1,0,0]").await.is(422);
        assert_eq!(answer.violations(), ["missing query.order"]);
    });
}
