//! Functions that give rows, or several values: what they give is read like a list.

use super::{Code, Empty, Json, Text, get, post, run, with, with_functions};

#[test]
fn rows_are_read_like_a_list() {
    with_functions(|app| async move {
        run(
            &app,
            &[
                // The order is the function's own.
                with(
                    "everybody?select=id",
                    &[],
                    "",
                    200,
                    &[("content-range", "0-3/*"), ("!link", "")],
                    Json(r#"[{"id":4},{"id":3},{"id":2},{"id":1}]"#),
                ),
                get(
                    "everybody?select=id&order=id.asc&limit=2",
                    200,
                    Json(r#"[{"id":1},{"id":2}]"#),
                ),
                get(
                    "everybody?select=n:name&score=gte.30&mood=eq.calm",
                    200,
                    Json(r#"[{"n":"Cy"}]"#),
                ),
                get(
                    "everybody?select=id&or=(id.eq.1,id.eq.3)&id=not.eq.3",
                    200,
                    Json(r#"[{"id":1}]"#),
                ),
                with(
                    "everybody?select=id&limit=1&offset=1",
                    &[("prefer", "count=exact")],
                    "",
                    206,
                    &[("content-range", "1-1/4"), ("preference-applied", "count=exact")],
                    Json(r#"[{"id":3}]"#),
                ),
                with(
                    "everybody?select=id",
                    &[("range", "items=2-3")],
                    "",
                    200,
                    &[("content-range", "2-3/*")],
                    Json(r#"[{"id":2},{"id":1}]"#),
                ),
                with(
                    "everybody?select=id&offset=9",
                    &[("prefer", "count=exact")],
                    "",
                    416,
                    &[("content-range", "*/4")],
                    Code("range_not_satisfiable", ""),
                ),
                with(
                    "HEAD everybody",
                    &[("prefer", "count=exact")],
                    "",
                    200,
                    &[("content-range", "0-3/4")],
                    Empty,
                ),
                get("few?select=id", 200, Json(r#"[{"id":4},{"id":3}]"#)),
                with(
                    "few?select=id&limit=100",
                    &[],
                    "",
                    200,
                    &[("content-range", "0-2/*")],
                    Json(r#"[{"id":4},{"id":3},{"id":2}]"#),
                ),
                get("everybody?cursor=abc", 400, Code("bad_query", "no cursors")),
                get(
                    "everybody?select=nam",
                    400,
                    Code("unknown_column", "did you mean `name`?"),
                ),
                get("everybody?colour=eq.red", 400, Code("unknown_column", "colour")),
                get(
                    "everybody?colour=red",
                    404,
                    Code("unknown_function", "`colour` unknown"),
                ),
                // A name that is an argument's and a column's: an operator makes it a filter.
                get("by_mood?mood=calm&select=id", 200, Json(r#"[{"id":1},{"id":3}]"#)),
                get("by_mood?mood=calm&mood=neq.calm&select=id", 200, Json("[]")),
                get("by_mood?mood=calm&minimum=20&select=id", 200, Json(r#"[{"id":3}]"#)),
                post(
                    "POST by_mood?select=id&id=gt.2",
                    r#"{"mood": "busy"}"#,
                    200,
                    Json(r#"[{"id":4}]"#),
                ),
                with(
                    "POST by_mood?select=id&limit=1",
                    &[("prefer", "count=exact")],
                    r#"{"mood": "busy"}"#,
                    206,
                    &[("content-range", "0-0/2")],
                    Json(r#"[{"id":2}]"#),
                ),
                // What the resource hides stays hidden.
                get(
                    "all_teams",
                    200,
                    Json(r#"[{"id":1,"name":"red"},{"id":2,"name":"blue"}]"#),
                ),
                get("all_teams?hidden=eq.secret", 400, Code("unknown_column", "hidden")),
                get("logged", 200, Json("[]")),
                get(
                    "moods",
                    200,
                    Json(r#"[{"mood":"calm","people":2},{"mood":"busy","people":2}]"#),
                ),
                get(
                    "moods?people=gt.1&mood=eq.busy&select=people",
                    200,
                    Json(r#"[{"people":2}]"#),
                ),
                get(
                    "spans?order=last.desc",
                    200,
                    Json(r#"[{"first":3,"last":4},{"first":1,"last":2}]"#),
                ),
            ],
        )
        .await;
    });
}

#[test]
fn one_row_is_an_object() {
    with_functions(|app| async move {
        run(
            &app,
            &[
                get("first_person?select=id,name", 200, Json(r#"{"id":1,"name":"Ada"}"#)),
                with(
                    "first_person?select=meta",
                    &[],
                    "",
                    200,
                    &[("!content-range", "")],
                    Json(r#"{"meta":{"a":1}}"#),
                ),
                get("split?text=abc", 200, Json(r#"{"head":"a","tail":"bc"}"#)),
                with(
                    "split?text=abc",
                    &[("accept", "text/csv")],
                    "",
                    200,
                    &[],
                    Text("head,tail\r\na,bc\r\n"),
                ),
                get("split?text=abc&select=tail", 200, Json(r#"{"tail":"bc"}"#)),
                get("only_out", 200, Json(r#"{"answer":42}"#)),
                post("POST doubled", r#"{"n": 21}"#, 200, Json(r#"{"n":42}"#)),
                get("one_span", 200, Json(r#"{"first":5,"last":6}"#)),
                get("one_span?first=eq.1", 400, Code("bad_query", "no list")),
                with(
                    "everybody?id=eq.2&select=id",
                    &[("accept", "application/vnd.pgrst.object+json")],
                    "",
                    200,
                    &[],
                    Json(r#"{"id":2}"#),
                ),
                with(
                    "everybody?select=id",
                    &[("accept", "application/vnd.pgrst.object+json")],
                    "",
                    406,
                    &[],
                    Code("not_one_row", "4 rows"),
                ),
            ],
        )
        .await;
    });
}

#[test]
fn several_values_are_an_array() {
    with_functions(|app| async move {
        run(
            &app,
            &[
                get("counted?upto=3", 200, Json("[1,2,3]")),
                get("counted?upto=0", 200, Json("[]")),
                get("counted?upto=9&limit=2&offset=3", 200, Json("[4,5]")),
                with(
                    "counted?upto=9&limit=2",
                    &[("prefer", "count=exact")],
                    "",
                    206,
                    &[("content-range", "0-1/9")],
                    Json("[1,2]"),
                ),
                get("counted?upto=3&counted=eq.2", 400, Code("bad_query", "no columns")),
                post("POST counted", r#"{"upto": 2}"#, 200, Json("[1,2]")),
                with(
                    "counted?upto=2",
                    &[("accept", "text/csv")],
                    "",
                    200,
                    &[("content-type", "text/csv; charset=utf-8")],
                    Text("counted\r\n1\r\n2\r\n"),
                ),
                with(
                    "counted?upto=2",
                    &[("accept", "application/x-ndjson")],
                    "",
                    200,
                    &[],
                    Text("1\n2\n"),
                ),
            ],
        )
        .await;
    });
}

#[test]
fn rows_are_streamed() {
    with_functions(|app| async move {
        run(
            &app,
            &[
                with(
                    "moods",
                    &[("accept", "text/csv")],
                    "",
                    200,
                    &[],
                    Text("mood,people\r\ncalm,2\r\nbusy,2\r\n"),
                ),
                with(
                    "everybody?select=id,name&id=lt.3",
                    &[("accept", "application/x-ndjson")],
                    "",
                    200,
                    &[],
                    Text("{\"id\":2,\"name\":\"Bo\"}\n{\"id\":1,\"name\":\"Ada\"}\n"),
                ),
                with(
                    "HEAD everybody",
                    &[("accept", "text/csv"), ("prefer", "count=exact")],
                    "",
                    200,
                    &[("content-range", "0-3/4")],
                    Empty,
                ),
                with(
                    "POST by_mood?select=id",
                    &[("accept", "text/csv")],
                    r#"{"mood": "busy"}"#,
                    200,
                    &[],
                    Text("id\r\n2\r\n4\r\n"),
                ),
                with(
                    "lying_rows",
                    &[("accept", "text/csv")],
                    "",
                    400,
                    &[],
                    Code("database_rule", "declare it `volatile`"),
                ),
            ],
        )
        .await;
    });
}

#[test]
fn rows_of_a_resource_have_its_relations() {
    with_functions(|app| async move {
        run(
            &app,
            &[
                get(
                    "everybody?select=name,teams(name)&id=in.(1,4)",
                    200,
                    Json(r#"[{"name":"Di","teams":null},{"name":"Ada","teams":{"name":"red"}}]"#),
                ),
                get(
                    "everybody?select=name,teams!inner()&teams.name=eq.blue",
                    200,
                    Json(r#"[{"name":"Cy"}]"#),
                ),
                get(
                    "all_teams?select=name,people(id)&people.order=id.desc&people.limit=1",
                    200,
                    Json(r#"[{"name":"red","people":[{"id":2}]},{"name":"blue","people":[{"id":3}]}]"#),
                ),
                get(
                    "first_person?select=name,teams(hidden)",
                    400,
                    Code("unknown_column", "hidden"),
                ),
                get("moods?select=mood,people(id)", 400, Code("unknown_relation", "people")),
                get(
                    "everybody?select=meta-%3Ea&meta-%3E%3Ea=eq.1",
                    200,
                    Json(r#"[{"a":1}]"#),
                ),
                get("few?select=mood,score.sum()&order=mood", 400, Code("bad_query", "")),
                with(
                    "grouped?select=team_id,score.sum()&order=team_id",
                    &[("prefer", "count=planned")],
                    "",
                    200,
                    &[("content-range", "0-2/3"), ("preference-applied", "count=exact")],
                    Json(r#"[{"team_id":1,"sum":30},{"team_id":2,"sum":30},{"team_id":null,"sum":40}]"#),
                ),
                post(
                    "POST by_mood?select=name,teams(name)&score=gte.30",
                    r#"{"mood": "calm"}"#,
                    200,
                    Json(r#"[{"name":"Cy","teams":{"name":"blue"}}]"#),
                ),
            ],
        )
        .await;
    });
}
