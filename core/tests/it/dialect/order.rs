//! Order and pages.

use super::{ask, uri, with_dialect};

const ORDERED: &[(&str, &[i64])] = &[
    ("order=id.desc", &[5, 4, 3, 2, 1]),
    ("order=name", &[1, 2, 3, 5, 4]),
    ("order=score", &[5, 3, 2, 1, 4]),
    ("order=score.asc.nullsfirst", &[4, 5, 3, 2, 1]),
    ("order=score.desc", &[4, 1, 2, 3, 5]),
    ("order=score.desc.nullslast", &[1, 2, 3, 5, 4]),
    ("order=score.nullsfirst", &[4, 5, 3, 2, 1]),
    ("order=stage,id.desc", &[5, 4, 3, 2, 1]),
    ("order=active.desc.nullslast,name.desc", &[4, 1, 5, 2, 3]),
    ("order=meta->>city.desc.nullslast", &[2, 1, 3, 4, 5]),
    ("order=meta->age.desc.nullslast", &[1, 2, 3, 4, 5]),
    ("order=raw->k.desc.nullslast", &[2, 1, 3, 4, 5]),
    ("order=tags", &[3, 5, 1, 2, 4]),
    ("order=during", &[3, 1, 5, 2, 4]),
    (r#"order="name".desc"#, &[4, 5, 3, 2, 1]),
    ("order=id&limit=2", &[1, 2]),
    ("order=id&limit=2&offset=3", &[4, 5]),
    ("order=id&offset=9", &[]),
    ("order=id&limit=0", &[]),
];

#[test]
fn orders() {
    with_dialect(|app| async move {
        let mut wrong = Vec::new();
        for (order, ids) in ORDERED {
            let answer = app.get(&uri(&format!("/api/all?select=id&{order}"))).await;
            let wanted: Vec<String> = ids.iter().map(|id| format!("{{\"id\":{id}}}")).collect();
            if answer.text != format!("[{}]", wanted.join(",")) {
                wrong.push(format!("{order}: {} {}", answer.status, answer.text));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        ask(
            &app,
            &[
                ("/api/all?order=nmae", 400, "did you mean"),
                ("/api/all?order=place", 400, "cannot be ordered"),
                ("/api/all?order=raw", 400, "cannot be ordered"),
                ("/api/all?order=id,id", 400, "twice"),
                ("/api/all?order=id.up", 400, "character 4: expected asc, desc"),
                ("/api/all?order=id.desc.asc", 400, "character 9"),
                ("/api/all?order=", 400, "character 1"),
                ("/api/all?order=id,", 400, "character 4"),
                ("/api/all?order=id->a", 400, "nothing inside"),
                ("/api/all?order=meta->>a->b", 400, "character 9"),
                ("/api/all?order=id&order=name", 400, "given twice"),
                ("/api/all?limit=x", 400, "a whole number"),
            ],
        )
        .await;
    });
}

#[test]
fn pages_go_on_over_paths_that_lead_nowhere() {
    with_dialect(|app| async move {
        for order in [
            "id,meta->>nowhere",
            "id.desc,meta->pets->0",
            "meta->>nowhere,id",
            "id,meta->age.desc.nullslast",
        ] {
            let (mut path, mut seen) = (format!("/api/all?select=id&limit=1&order={order}"), 0);
            loop {
                let page = app.get(&uri(&path)).await.is(200);
                seen += page.json().as_array().unwrap().len();
                let next = page
                    .header("link")
                    .split(", ")
                    .find(|link| link.ends_with("rel=\"next\""))
                    .map(str::to_owned);
                match next {
                    Some(next) => path = next.trim_start_matches('<').split('>').next().unwrap().to_owned(),
                    None => break,
                }
            }
            assert_eq!(seen, 5, "{order}");
        }
    });
}
