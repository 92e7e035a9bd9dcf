//! What cannot be read, through the front door: 400 with the position and what was expected; unknown names with a suggestion
//! among those that this principal may see. What the parser alone refuses is in `request/tests/cases.rs`.

use reqwest::Method;
use serde_json::Value;

use super::{READ, uri};
use crate::app::{Answer, App, Setup, with_app};

const OPEN: &str =
    "[access]\nread = [\"public\"]\ncreate = [\"public\"]\nupdate = [\"public\"]\ndelete = [\"public\"]\n";

/// As the dialect's, but with a hidden column, and two resources that may not be read.
fn setup() -> Setup<'static> {
    Setup {
        schema: super::SCHEMA,
        resources: RESOURCES,
        ..Setup::default()
    }
}

const RESOURCES: &[(&str, &str)] = &[
    (
        "people",
        "hidden = [\"token\", \"story\"]\n[access]\nread = [\"public\"]\ncreate = [\"public\"]\nupdate = [\"public\"]\n\
         delete = [\"public\"]\n[page]\nmax_groups = 3\n",
    ),
    (
        "stories",
        "table = \"public.people\"\nhidden = [\"token\"]\n[access]\nread = [\"public\"]\n",
    ),
    ("teams", OPEN),
    ("people_skills", OPEN),
    (
        "skills",
        "[access]\nread = [\"scope:skills.read\"]\ncreate = [\"public\"]\n",
    ),
    ("odd", "table = 'public.Odd, names'\n[access]\nread = [\"public\"]\n"),
    ("active_people", READ),
];

/// A path with its query; the character in `details`, and part of what was expected.
const PLACED: &[(&str, usize, &str)] = &[
    // Operators.
    ("people?id=5", 1, "an operator and `.`, found `5`"),
    ("people?id=", 1, "an operator and `.`, found the end"),
    ("people?id=eq", 1, "an operator"),
    ("people?id=equals.5", 1, "an operator"),
    ("people?id=EQ.5", 1, "an operator"),
    ("people?id==.5", 1, "an operator and `.`, found `=`"),
    ("people?id=not.not.eq.5", 5, "an operator"),
    ("people?id=not.5", 5, "an operator"),
    ("people?name=like(one).{a}", 6, "any or all"),
    ("people?name=like().{a}", 6, "a word and `)`"),
    ("people?name=like(any", 6, "a word and `)`"),
    ("people?name=like(any).a", 11, "`{` and a list"),
    ("people?name=like(any).(a)", 11, "`{`"),
    ("people?name=like(any).{a", 13, "`,` or `}`"),
    ("people?name=like(any).{a}}", 14, "the end"),
    ("people?id=in(any).(1)", 3, "takes nothing in parentheses"),
    ("people?id=isdistinct(all).1", 11, "takes nothing"),
    ("people?id=in.1,2", 4, "`(` and a list"),
    ("people?id=in.[1,2]", 4, "`(` and a list"),
    ("people?id=in.(1,2", 8, "`,` or `)`"),
    ("people?id=in.(1,2))", 9, "the end"),
    ("people?active=is.yes", 4, "null, not_null, true, false or unknown"),
    ("people?active=is.", 4, "null, not_null"),
    ("people?name=is.not null", 4, "null, not_null"),
    ("people?name=ilike.a\\", 9, "a character after the last `\\`"),
    ("stories?story=fts(eng lish).a", 5, "a language"),
    ("stories?story=fts(\"english\").a", 5, "a language"),
    ("stories?story=fts.a%26b%26", 9, "a word"),
    ("stories?story=fts.a b", 7, "`&`, `|`, `<->` or the end"),
    ("stories?story=fts.(a", 7, "`)`"),
    ("stories?story=fts.a:", 7, "`*` or a weight"),
    ("stories?story=fts.'a", 7, "a closing `'`"),
    ("stories?story=fts.a <99999> b", 7, "up to 16384"),
    ("people?words=fts.| a", 5, "a word"),
    // JSON paths.
    ("people?meta->=eq.1", 7, "a key or an index"),
    ("people?meta->>=eq.1", 8, "a key"),
    ("people?meta->a->=eq.1", 10, "a key"),
    ("people?meta->>a->b=eq.1", 9, "no further step"),
    ("people?meta->\"a=eq.1", 7, "a closing `\"`"),
    ("people?meta-> =eq.1&select=meta->", 7, "a key"),
    ("people?select=meta->", 7, "a key"),
    ("people?select=meta->>a->>b", 9, "no further step"),
    ("people?order=meta->", 7, "a key"),
    ("people?order=meta->>a->b", 9, "no further step"),
    ("people?or=(meta->.eq.1)", 8, "a key"),
    ("people?select=a:meta->>", 10, "a key"),
    // Quotes.
    ("people?\"name=eq.a", 1, "a closing `\"`"),
    ("people?select=\"name", 1, "a closing `\"`"),
    ("people?select=id,\"\"", 4, "a column"),
    ("people?select=\"id\"name", 5, "`,` or the end"),
    ("people?order=\"name", 1, "a closing `\"`"),
    ("people?name=in.(\"a,b)", 5, "a closing `\"`"),
    ("people?name=in.(\"a\"b)", 8, "`,` or `)`"),
    ("people?name=eq(any).{\"a}", 10, "a closing `\"`"),
    ("people?name=eq(any).{a\"b\"}", 11, "in quotes"),
    ("people?or=(name.eq.\"a)", 10, "a closing `\"`"),
    ("people?or=(name.eq.\"a\"b)", 13, "`,` or `)`"),
    ("people?select=teams!\"a(id)", 7, "a closing `\"`"),
    // Logic trees.
    ("people?or=", 1, "`(`"),
    ("people?or=id.eq.1", 1, "`(`"),
    ("people?or=(id.eq.1,id.eq.2", 17, "`,` or `)`"),
    ("people?or=(id.eq.1)(id.eq.2)", 10, "the end"),
    ("people?and=(id)", 4, "`.` and an operator"),
    ("people?and=(id.5)", 5, "an operator"),
    ("people?and=(,id.eq.1)", 2, "a column"),
    ("people?not.or=(id.eq.1,)", 10, "a column"),
    ("people?or=(and(id.eq.1,id.eq.2)", 22, "`,` or `)`"),
    ("people?or=(not(id.eq.1))", 5, "`.` and an operator"),
    ("people?or=(id=eq.1)", 8, "an operator"),
    // Casts.
    ("people?select=id::", 5, "a type"),
    ("people?select=id::varchar2", 5, "a type: text, int2"),
    ("people?select=id::text[]", 5, "a type"),
    ("people?select=id::numeric(10,2)", 12, "`,` or the end"),
    ("people?select=id::public.stage", 5, "a type"),
    ("people?select=id::regclass", 5, "a type"),
    ("people?select=id::int::text", 8, "`,` or the end"),
    ("people?select=meta->>a::", 11, "a type"),
    ("people?select=score.sum()::points", 14, "a type"),
    ("people?id::text=eq.1", 3, "the end of the name"),
    ("people?order=id::text", 3, "`,` or the end"),
    // Embeds.
    ("people?select=teams(", 7, "a column"),
    ("people?select=teams(id", 9, "`,` or `)`"),
    ("people?select=teams(id))", 10, "`,` or the end"),
    ("people?select=teams(id)name", 10, "`,` or the end"),
    ("people?select=teams!(id)", 7, "inner, left or a hint"),
    ("people?select=teams!inner", 12, "`(`"),
    ("people?select=...teams", 9, "`(`"),
    ("people?select=...a:teams(id)", 5, "no name for a spread relation"),
    ("people?select=teams(id,)", 10, "a column"),
    ("people?select=x:(id)", 3, "a column or a relation"),
    ("people?select=teams()&teams.=eq.1", 7, "a column"),
    ("people?select=teams()&teams.id=5", 1, "an operator"),
    ("people?select=teams()&teams.order=id.up", 4, "asc, desc"),
    (
        "people?select=teams()&teams.limit=x",
        1,
        "a whole number, at least 0, found `x`",
    ),
    ("people?select=teams()&teams.or=(id)", 4, "`.` and an operator"),
    ("people?a.b.c.d.e.f.g=eq.1", 14, "at most 5 relations"),
    // Order and aggregates.
    ("people?order=", 1, "a column"),
    ("people?order=id,", 4, "a column"),
    ("people?order=id.ascending", 4, "asc, desc"),
    ("people?order=id.desc.nulls", 9, "nullsfirst or nullslast"),
    ("people?order=teams(name", 11, "`)`"),
    ("people?select=score.median()", 7, "count(), sum()"),
    ("people?select=score.sum", 10, "`()`"),
    ("people?select=score.sum(1)", 10, "`()`"),
    ("people?select=count(id)::", 10, "`,` or the end"),
    ("people?select=*,", 3, "a column"),
    ("people?select=**", 2, "`,` after `*`"),
    // Pages and lists of names.
    ("people?limit=-1", 1, "a whole number, at least 0, found `-`"),
    ("people?limit=", 1, "a whole number, at least 0, found the end"),
    ("people?limit=1.5", 2, "a whole number, at least 0, found `.`"),
    ("people?limit=10 ", 3, "a whole number"),
    ("people?offset=1e3", 2, "a whole number"),
    ("people?offset=99999999999999999999", 1, "that fits 64 bits"),
    ("people?columns=", 1, "a name, found the end"),
    ("people?columns=id,", 4, "a name"),
    ("people?columns=id,id", 4, "a name that has not come before"),
    ("people?columns=\"id", 1, "a closing `\"`"),
    ("people?on_conflict=id,,name", 4, "a name, found `,`"),
    ("people?on_conflict=\"id\"name", 5, "`,` or the end"),
    ("people?cursor=a.b", 2, "found `.`"),
    ("people?cursor=AQ é", 3, "found ` `"),
    // Encoding: positions are those in the query string as it came.
    ("people?name=eq.a%ff", 5, "UTF-8, found `%`"),
    ("people?name=eq.%c3", 4, "UTF-8"),
    ("people?name=eq.%00", 4, "text without U+0000"),
    ("people?%ff=eq.1", 1, "UTF-8"),
];

/// A header and its value; the character in `details`, and part of what was expected.
const HEADERS: &[(&str, &str, usize, &str)] = &[
    ("range", "items=", 1, "the first row"),
    ("range", "items=-5", 1, "the first row"),
    ("range", "items=5", 2, "`-` and the last row"),
    ("range", "items=5-4", 3, "a last row that is not before the first"),
    ("range", "items=0-9,20-29", 4, "a digit or the end, found `,`"),
    ("range", "items=0-9x", 4, "a digit or the end"),
    ("range", "items=0-99999999999999999999", 3, "fits 64 bits"),
    ("range", "a-b", 1, "the first row"),
    ("if-match", "abc", 1, "`*` or a tag in double quotes, found `a`"),
    ("if-match", "\"a", 3, "a closing `\"`"),
    ("if-match", "\"a\" \"b\"", 5, "`,` or the end"),
    ("if-match", "w/\"a\"", 1, "a tag in double quotes"),
    ("if-match", "\"a b\"", 3, "without spaces"),
    ("if-none-match", "W/a", 3, "a tag in double quotes"),
    ("if-none-match", ",", 1, "a tag in double quotes"),
    ("idempotency-key", "a b", 2, "visible ASCII"),
    ("idempotency-key", "\"\u{e9}\"", 1, "visible ASCII"),
];

/// What is no question of position: the refusal's code, and part of what it says.
const SAID: &[(&str, &str, &str)] = &[
    // Unknown columns: the nearest that may be seen, or all of these.
    ("people?nmae=eq.1", "unknown_column", "did you mean `name`?"),
    ("people?Name=eq.1", "unknown_column", "did you mean `name`?"),
    ("people?select=idd", "unknown_column", "did you mean `id`?"),
    ("people?select=x:scor", "unknown_column", "did you mean `score`?"),
    ("people?select=scores.sum()", "unknown_column", "did you mean `score`?"),
    ("people?order=teamid", "unknown_column", "did you mean `team_id`?"),
    ("people?or=(nam.eq.1)", "unknown_column", "did you mean `name`?"),
    ("people?mta->>a=eq.1", "unknown_column", "did you mean `meta`?"),
    ("people?order=id desc", "unknown_column", "has no column `id desc`"),
    ("people?select=id;name", "unknown_column", "has no column `id;name`"),
    ("people?zzz=eq.1", "unknown_column", "columns are id, name, team_id"),
    ("people?select=teams(nam)", "unknown_column", "did you mean `name`?"),
    (
        "people?select=teams()&teams.nam=eq.1",
        "unknown_column",
        "did you mean `name`?",
    ),
    (
        "people?select=teams()&teams.order=nam",
        "unknown_column",
        "did you mean `name`?",
    ),
    (
        "people?select=teams()&order=teams(nam)",
        "unknown_column",
        "did you mean `name`?",
    ),
    ("odd?or.x=eq.1", "unknown_relation", "is not embedded"),
    ("odd?ab=eq.1", "unknown_column", "did you mean `a.b`?"),
    // Hidden columns are as unknown as any other, and are never suggested.
    ("people?token=eq.1", "unknown_column", "people has no column `token`"),
    ("people?tokn=eq.1", "unknown_column", "columns are id"),
    ("people?toke=eq.1", "unknown_column", "columns are id"),
    ("people?select=token", "unknown_column", "has no column `token`"),
    ("people?order=token", "unknown_column", "has no column `token`"),
    ("people?select=story.max()", "unknown_column", "has no column `story`"),
    ("people?storry=eq.1", "unknown_column", "columns are id"),
    ("people?token->a=eq.1", "unknown_column", "has no column `token`"),
    ("people?or=(token.is.null)", "unknown_column", "has no column `token`"),
    (
        "people?select=chief_id!people(token)",
        "unknown_column",
        "has no column `token`",
    ),
    ("people?token->>=eq.1", "bad_query", "a key"),
    // Relations: what may not be read is as if it were not there.
    ("people?select=team(id)", "unknown_relation", "did you mean `teams`?"),
    (
        "people?select=skills(name)",
        "unknown_relation",
        "people has no relation to `skills`",
    ),
    (
        "people?select=skill(name)",
        "unknown_relation",
        "people has no relation to `skill`",
    ),
    (
        "people?select=people_skills(skills(name))",
        "unknown_relation",
        "people_skills has no relation to `skills`",
    ),
    (
        "people_skills?select=skill_id(name)",
        "unknown_relation",
        "has no relation to `skill_id`",
    ),
    (
        "people_skills?select=skill(name)",
        "unknown_relation",
        "has no relation to `skill`",
    ),
    (
        "people?select=teams!chief_id(id)",
        "unknown_relation",
        "none goes by the hint `chief_id`",
    ),
    (
        "people?teams.name=eq.a",
        "unknown_relation",
        "add `teams()` to `select`",
    ),
    ("people?skills=is.null", "unknown_column", "has no column `skills`"),
    ("active_people?select=teams(id)", "unknown_relation", "no relations"),
    // Values of another type.
    ("people?id=eq.five", "bad_query", "`five` is not an integer"),
    ("people?id=in.(1,,2)", "bad_query", "`` is not an integer"),
    ("people?ratio=eq.1,5", "bad_query", "is not a number"),
    ("people?stage=eq.opn", "bad_query", "is not one of"),
    ("people?born=eq.2026-13-01", "bad_query", "is not a date"),
    ("people?words=eq.'a", "bad_query", "a text search vector"),
    ("people?meta=eq.{a}", "bad_query", "is not JSON"),
    (
        "stories?story=fts(klingon).a",
        "bad_query",
        "text search language `klingon`",
    ),
    ("stories?story=fts(englsh).a", "bad_query", "did you mean `english`?"),
    // What comes twice, or does not go together.
    ("people?limit=1&limit=2", "bad_query", "`limit` is given twice"),
    ("people?select=id&select=name", "bad_query", "`select` is given twice"),
    ("people?cursor=AQ&offset=1", "bad_query", "cannot be given together"),
    ("people?=eq.1", "bad_query", "has no name"),
    ("people?cursor=AQ", "bad_query", "The cursor cannot be used"),
    ("people?cursor=", "bad_query", "The cursor cannot be used"),
    ("people?select=id,id", "bad_query", "names `id` twice"),
    (
        "people?select=id,count()&order=name",
        "bad_query",
        "Groups cannot be ordered",
    ),
    ("teams?select=count()", "bad_query", "max_groups"),
];

/// Whether what a refusal says is what was wanted.
fn fits(answer: &Answer, code: &str, wanted: &str) -> bool {
    let json = answer.json();
    let text = |member: &str| json[member].as_str().unwrap_or("").to_owned();
    let said = [text("message"), text("details"), text("hint")].join(" ");
    answer.status == 400 && json["code"] == code && said.contains(wanted)
}

/// No refusal names what may not be seen, unless the request did.
fn tells(request: &str, answer: &Answer) -> Option<&'static str> {
    let words = ["token", "story", "skills.read"];
    let shown = answer.text.as_str();
    words
        .into_iter()
        .find(|word| shown.contains(word) && !request.contains(word))
}

async fn get(app: &App, path: &str) -> Answer {
    app.get(&uri(&format!("/api/{path}"))).await
}

#[test]
fn every_refusal_says_where_and_what() {
    with_app(setup(), |app| async move {
        let mut wrong = Vec::new();
        for (path, place, expected) in PLACED {
            let answer = get(&app, path).await;
            let details = answer.json()["details"].as_str().unwrap_or("").to_owned();
            let placed = details.contains(&format!("character {place}: expected "));
            if !placed || !fits(&answer, "bad_query", expected) {
                wrong.push(format!("{path} ({place}): {} {}", answer.status, answer.text));
            }
            wrong.extend(tells(path, &answer).map(|word| format!("{path} tells of {word}")));
        }
        for (name, value, place, expected) in HEADERS {
            let method = if *name == "idempotency-key" {
                Method::POST
            } else {
                Method::GET
            };
            let request = app
                .request(method, "/api/teams")
                .header("content-type", "application/json")
                .header(*name, *value)
                .body("{\"id\":9,\"name\":\"x\"}");
            let answer = Answer::of(request).await;
            let details = answer.json()["details"].as_str().unwrap_or("").to_owned();
            if !details.starts_with(&format!("character {place}: expected ")) || !fits(&answer, "bad_header", expected)
            {
                wrong.push(format!("{name}: {value} ({place}): {} {}", answer.status, answer.text));
            }
        }
        for (path, code, said) in SAID {
            let answer = get(&app, path).await;
            if !fits(&answer, code, said) {
                wrong.push(format!("{path}: {} {}", answer.status, answer.text));
            }
            wrong.extend(tells(path, &answer).map(|word| format!("{path} tells of {word}")));
        }
        let total = PLACED.len() + HEADERS.len() + SAID.len();
        assert!(wrong.is_empty(), "{} of {total}:\n{}", wrong.len(), wrong.join("\n"));
        assert!(total >= 120, "{total}");
    });
}

#[test]
fn writes_are_refused_as_clearly() {
    with_app(setup(), |app| async move {
        let mut wrong = Vec::new();
        for (method, path, body, status, said) in [
            (Method::POST, "people?columns=nmae", "{}", 400, "did you mean `name`?"),
            (Method::POST, "people?columns=token", "{}", 400, "has no column `token`"),
            (Method::POST, "people?columns=tokn", "{}", 400, "has no column `tokn`"),
            (Method::POST, "people?on_conflict=idd", "{}", 422, ""),
            (Method::POST, "people?select=idd", "{}", 422, ""),
            (
                Method::POST,
                "people",
                "{\"id\":1,\"nmae\":\"x\",\"stage\":\"new\"}",
                422,
                "did you mean",
            ),
            (Method::POST, "people", "{\"id\":1,\"tokn\":\"x\"}", 422, "tokn"),
            (Method::POST, "people", "{\"id\":1,", 400, ""),
            (
                Method::PATCH,
                "people?nmae=eq.x",
                "{\"score\":1}",
                400,
                "did you mean `name`?",
            ),
            (
                Method::PATCH,
                "people?id=5",
                "{\"score\":1}",
                400,
                "character 1: expected an operator",
            ),
            (
                Method::PATCH,
                "people?id=eq.x",
                "{\"score\":1}",
                400,
                "`x` is not an integer",
            ),
            (Method::DELETE, "people?or=(id.eq.1", "", 400, "`,` or `)`"),
            (Method::DELETE, "people?token=eq.x", "", 400, "has no column `token`"),
            (Method::DELETE, "people/x", "", 422, "must be an integer"),
            (
                Method::PUT,
                "teams?name=eq.x",
                "{\"id\":1,\"name\":\"x\"}",
                400,
                "PUT needs the whole key",
            ),
            (
                Method::PUT,
                "teams?id=gt.1",
                "{\"id\":1,\"name\":\"x\"}",
                400,
                "id=eq.…",
            ),
        ] {
            let answer = app.send(method.clone(), &uri(&format!("/api/{path}")), body).await;
            if answer.status != status
                || !answer
                    .text
                    .contains(&serde_json::to_string(said).unwrap().trim_matches('"').to_owned())
            {
                wrong.push(format!("{method} {path}: {} {}", answer.status, answer.text));
            }
            wrong.extend(tells(&format!("{path}{body}"), &answer).map(|word| format!("{path} tells of {word}")));
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        let prefer = app
            .request(Method::GET, "/api/people")
            .header("prefer", "handling=strict, retrun=minimal");
        let answer: Value = Answer::of(prefer).await.is(400).json();
        assert_eq!(answer["details"], "retrun=minimal");
        assert!(answer["hint"].as_str().unwrap().contains("return=minimal"));
        // A cursor of another order, and one that was changed.
        let first = app.get("/api/people?order=name&limit=1").await.is(200);
        let link = first.header("link").to_owned();
        let cursor = link.split("cursor=").nth(1).unwrap().split(['&', '>']).next().unwrap();
        app.get(&format!("/api/people?order=name&limit=1&cursor={cursor}"))
            .await
            .is(200);
        for path in [
            format!("people?order=name.desc&limit=1&cursor={cursor}"),
            format!("people?order=name&id=gt.0&cursor={cursor}"),
            format!("stories?order=name&cursor={cursor}"),
            format!("people?order=name&cursor={cursor}A"),
            format!("people?order=name&cursor={}", cursor.get(1..).unwrap()),
        ] {
            let answer = get(&app, &path).await;
            assert!(
                fits(&answer, "bad_query", "The cursor cannot be used"),
                "{path}: {}",
                answer.text
            );
        }
    });
}
