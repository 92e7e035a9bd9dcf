//! Columns of a reply: names, casts, JSON paths and aggregates.

use super::{ask, with_dialect};

const CASES: &[(&str, u16, &str)] = &[
    ("/api/all?id=eq.1&select=id,name", 200, r#"[{"id":1,"name":"Ada"}]"#),
    (
        "/api/all?id=eq.1&select=key:id,who:name",
        200,
        r#"[{"key":1,"who":"Ada"}]"#,
    ),
    (
        "/api/teams?select=*",
        200,
        r#"[{"id":1,"name":"Red"},{"id":2,"name":"Blue"}]"#,
    ),
    (
        "/api/teams?select=*,again:name&id=eq.1",
        200,
        r#"[{"id":1,"name":"Red","again":"Red"}]"#,
    ),
    (
        "/api/teams?select= id , name &id=eq.1",
        200,
        r#"[{"id":1,"name":"Red"}]"#,
    ),
    ("/api/teams/1?select=n:name", 200, r#"{"n":"Red"}"#),
    ("/api/active_people?select=id&order=id", 200, r#"[{"id":1},{"id":4}]"#),
    // JSON paths; the last key that is a name is the label.
    ("/api/all?id=eq.1&select=meta->city", 200, r#"[{"city":"London"}]"#),
    ("/api/all?id=eq.1&select=meta->>age", 200, r#"[{"age":"36"}]"#),
    ("/api/all?id=eq.1&select=meta->age", 200, r#"[{"age":36}]"#),
    (
        "/api/all?id=eq.1&select=meta->pets->0",
        200,
        r#"[{"pets":{"kind":"cat"}}]"#,
    ),
    (
        "/api/all?id=eq.1&select=meta->pets->1->>kind",
        200,
        r#"[{"kind":"dog"}]"#,
    ),
    (
        "/api/all?id=eq.1&select=where:meta->>city,a:meta->age",
        200,
        r#"[{"where":"London","a":36}]"#,
    ),
    ("/api/all?id=eq.5&select=meta->2->deep", 200, r#"[{"deep":true}]"#),
    ("/api/all?id=eq.5&select=meta->-3", 200, r#"[{"meta":1}]"#),
    (r#"/api/all?id=eq.1&select=meta->"a.b""#, 200, r#"[{"a.b":1}]"#),
    ("/api/all?id=eq.1&select=raw->k,x:raw->>k", 200, r#"[{"k":1,"x":"1"}]"#),
    ("/api/all?id=eq.4&select=meta->a->b", 200, r#"[{"b":null}]"#),
    ("/api/all?id=eq.1&select=tags->0", 200, r#"[{"tags":"a"}]"#),
    // Casts.
    ("/api/all?id=eq.1&select=id::text", 200, r#"[{"id":"1"}]"#),
    ("/api/all?id=eq.1&select=amount::int", 200, r#"[{"amount":11}]"#),
    (
        "/api/all?id=eq.1&select=amount::text,ratio::numeric",
        200,
        r#"[{"amount":"10.50","ratio":0.5}]"#,
    ),
    ("/api/all?id=eq.1&select=a:meta->>age::int", 200, r#"[{"a":36}]"#),
    ("/api/all?id=eq.1&select=meta->age::int8", 200, r#"[{"age":36}]"#),
    ("/api/all?id=eq.1&select=seen::date", 200, r#"[{"seen":"2026-01-01"}]"#),
    ("/api/all?id=eq.1&select=active::int", 200, r#"[{"active":1}]"#),
    (
        "/api/all?id=eq.1&select=active::text,stage::text",
        200,
        r#"[{"active":"true","stage":"won"}]"#,
    ),
    (
        "/api/all?id=eq.1&select=tags::text,during::varchar",
        200,
        r#"[{"tags":"{a,b}","during":"[1,5)"}]"#,
    ),
    (
        "/api/all?id=eq.1&select=born::timestamp",
        200,
        r#"[{"born":"1815-12-10T00:00:00"}]"#,
    ),
    ("/api/all?id=eq.1&select=raw::jsonb", 200, r#"[{"raw":{"k":1}}]"#),
    (
        "/api/all?id=eq.1&select=big::text",
        200,
        r#"[{"big":"9007199254740993"}]"#,
    ),
    ("/api/all?id=eq.1&select=score::bool", 200, r#"[{"score":true}]"#),
    ("/api/all?id=eq.1&select=name::int", 400, ""),
    ("/api/all?id=eq.1&select=big::int2", 400, ""),
    ("/api/all?id=eq.1&select=born::uuid", 400, ""),
    (
        "/api/all?id=eq.1&select=id::regclass",
        400,
        "character 5: expected a type",
    ),
    ("/api/all?id=eq.1&select=id::int)", 400, "character 8"),
    ("/api/all?select=id,id", 400, "twice"),
    ("/api/all?select=id,x:id,x:name", 400, "`x` twice"),
    ("/api/all?select=nmae", 400, "did you mean `name`?"),
    ("/api/all?select=id->a", 400, "nothing inside"),
    ("/api/all?select=", 400, "character 1"),
    ("/api/all?select=id,", 400, "character 4"),
    // Aggregates.
    ("/api/all?select=count()", 200, r#"[{"count":5}]"#),
    ("/api/all?select=n:count()::text", 200, r#"[{"n":"5"}]"#),
    (
        "/api/all?select=score.sum(),score.count()",
        200,
        r#"[{"sum":150,"count":4}]"#,
    ),
    (
        "/api/all?select=score.min(),score.max()",
        200,
        r#"[{"min":0,"max":90}]"#,
    ),
    ("/api/all?select=a:score.avg()::int", 200, r#"[{"a":38}]"#),
    ("/api/all?select=amount.sum()", 200, r#"[{"sum":30.75}]"#),
    (
        "/api/all?select=big.sum()&id=lt.2",
        200,
        r#"[{"sum":9007199254740993}]"#,
    ),
    (
        "/api/all?select=stage,count()",
        200,
        r#"[{"stage":"new","count":2},{"stage":"open","count":2},{"stage":"won","count":1}]"#,
    ),
    (
        "/api/all?select=stage,count()&order=stage.desc&limit=1",
        200,
        r#"[{"stage":"won","count":1}]"#,
    ),
    (
        "/api/all?select=stage,count()&offset=2",
        200,
        r#"[{"stage":"won","count":1}]"#,
    ),
    (
        "/api/all?select=s:stage,score.sum()&id=lt.4",
        200,
        r#"[{"s":"open","sum":60},{"s":"won","sum":90}]"#,
    ),
    (
        "/api/all?select=team_id,stage.max()&order=team_id.desc.nullslast",
        200,
        r#"[{"team_id":2,"max":"open"},{"team_id":1,"max":"won"},{"team_id":null,"max":"new"}]"#,
    ),
    (
        "/api/all?select=meta->>city,count()&id=lt.3&order=meta->>city",
        200,
        r#"[{"city":"London","count":1},{"city":"Paris","count":1}]"#,
    ),
    ("/api/all?select=meta->>age::int.sum()", 200, r#"[{"sum":43}]"#),
    ("/api/all?select=name.min(),born.min()", 400, "`min` twice"),
    (
        "/api/all?select=a:name.min(),b:born.max(),c:address.max()",
        200,
        r#"[{"a":"Ada","b":"2024-02-29","c":"10.0.0.2"}]"#,
    ),
    ("/api/all?select=count()&id=gt.100", 200, r#"[{"count":0}]"#),
    ("/api/all?select=score.sum()&id=gt.100", 200, r#"[{"sum":null}]"#),
    (
        "/api/people?select=id,count()&limit=100",
        200,
        r#"[{"id":1,"count":1},{"id":2,"count":1},{"id":3,"count":1}]"#,
    ),
    ("/api/teams?select=count()", 400, "max_groups"),
    ("/api/all/1?select=count()", 400, "max_groups"),
    ("/api/all?select=name.sum()", 400, "no sum()"),
    ("/api/all?select=active.max()", 400, "no max()"),
    ("/api/all?select=place,raw,count()", 400, "cannot be grouped by `raw`"),
    (
        "/api/all?select=stage,count()&order=id",
        400,
        "Groups cannot be ordered by `id`",
    ),
    ("/api/all?select=name::int.sum()", 400, ""),
    ("/api/all?select=score.total()", 400, "character 7: expected count()"),
    ("/api/all?select=score.sum", 400, "expected `()`"),
    ("/api/all?select=teams(a(b(c(d(e(f))))))", 400, "at most 5 levels"),
];

#[test]
fn columns() {
    with_dialect(|app| async move {
        ask(&app, CASES).await;
    });
}
