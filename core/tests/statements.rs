//! No request of any kind changes the text of a statement but by what the contract knows: made-up requests, and the seeds
//! of the fuzz targets, before the same judge. The targets themselves look further; see `core/fuzz`.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

use std::path::{Path, PathBuf};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::prelude::*;
use proptest::sample::select;
use windlass_core::{catalog, contract, error, plan, request, sql, validate};

#[path = "../fuzz/src/blank.rs"]
mod blank;
#[path = "../fuzz/src/contracts.rs"]
mod contracts;
#[path = "../fuzz/src/stages.rs"]
mod stages;
#[path = "../fuzz/src/words.rs"]
mod words;

use contracts::SNAPSHOT;
use stages::{Request, page_on};

/// Seeds that are refused, as they are meant to be.
const REFUSED: &[&str] = &["hidden", "hidden2", "closed", "broken", "empty", "range"];

fn seeds(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let read = |path: PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        (name, std::fs::read(&path).unwrap())
    };
    files.map(read).collect()
}

#[test]
fn the_seeds_give_statements() {
    let mut refused = Vec::new();
    for target in ["query", "headers", "body"] {
        for (name, text) in seeds(target) {
            let answered = Request::read(std::str::from_utf8(&text).unwrap()).run();
            if let Err(error) = answered
                && !REFUSED.contains(&name.as_str())
            {
                refused.push(format!("{target}/{name}: {error} {:?}", error.details()));
            }
        }
    }
    assert!(refused.is_empty(), "{refused:#?}");
    for (_, bytes) in seeds("cursor") {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let (head, values) = text.split_once('\n').unwrap_or((&text, ""));
        // The second line is the direction.
        let values = values.split_once('\n').map_or("", |(_, values)| values);
        let (path, query) = head.split_once('?').unwrap_or((head, ""));
        for backward in [true, false] {
            page_on(path, query, values.as_bytes(), backward);
        }
    }
}

/// Values of every kind of column, and some of none.
const VALUES: &[&str] = &[
    "1",
    "-5",
    "1.50",
    "true",
    "a",
    "a*",
    "O'Brien",
    "new",
    "it's done",
    "2026-01-31",
    "10:00",
    "10:00Z",
    "2026-01-31T10:00:00",
    "2026-01-31T10:00:00Z",
    "P1DT2H",
    "6f6e0c86-9a55-4a5b-8f3a-0a8f8f1f8c11",
    "AAE=",
    "{\"a\":[1]}",
    "[1,2,3]",
    "[1,5)",
    "{a,b}",
    "{1,2}",
    "(1,2)",
    "10.0.0.1",
    "fat&(cat|!rat)",
    "null",
    "(1,2)",
    "(a,\"b,c\")",
    "{}",
    "()",
    "\"",
    "\\",
    "';--",
    "$1",
    "%",
];

const CASTS: &[&str] = &[
    "",
    "",
    "",
    "::text",
    "::int",
    "::numeric",
    "::jsonb",
    "::timestamptz",
    "::bool",
    "::regclass",
];

fn piece(texts: &'static [&'static str]) -> impl Strategy<Value = String> {
    select(texts).prop_map(str::to_owned)
}

/// A column of some resource, perhaps with a path, perhaps in quotes.
fn column() -> impl Strategy<Value = String> {
    let resources = SNAPSHOT.resources.iter();
    let mut names: Vec<String> = resources
        .flat_map(|resource| resource.fields.iter().map(|field| field.name.clone()))
        .collect();
    names.sort();
    names.dedup();
    names.push(contracts::HIDDEN.to_owned());
    let path = piece(&["", "", "", "->a", "->>a", "->0->>k", "->-1", "->\"x;y\"->>\"'\""]);
    (select(names), path).prop_map(|(name, path)| request::column::quoted(&name) + &path)
}

fn test() -> impl Strategy<Value = (String, String)> {
    let modifier = piece(&["", "", "", "", "(any)", "(all)", "(english)", "(klingon)"]);
    let value = prop_oneof![9 => piece(VALUES), 1 => any::<String>()];
    (column(), any::<bool>(), select(request::OPERATORS), modifier, value).prop_map(
        |(column, negated, operator, modifier, value)| {
            let not = if negated { "not." } else { "" };
            (column, format!("{not}{operator}{modifier}.{value}"))
        },
    )
}

fn item() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        (
            column(),
            piece(CASTS),
            piece(&["", "", ".sum()", ".count()", ".max()::text"]),
            piece(&["", "x:", "\"'\":"])
        )
            .prop_map(|(column, cast, aggregate, alias)| format!("{alias}{column}{cast}{aggregate}")),
        piece(&["*", "count()", "n:count()::text"]),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        let relation = piece(&[
            "teams",
            "people",
            "skills",
            "people_skills",
            "notes",
            "kinds",
            "chief_id",
            "c:chief_id",
            "closed_zq",
            "people!people_chief_id_fkey",
            "skills!inner",
            "...teams",
            "...people!chief_id",
            "notes!inner",
        ]);
        (relation, prop::collection::vec(inner, 0..4))
            .prop_map(|(relation, items)| format!("{relation}({})", items.join(",")))
    })
}

fn parameter() -> impl Strategy<Value = (String, String)> {
    let items = |most| prop::collection::vec(item(), 1..most).prop_map(|items| items.join(","));
    let way = piece(&["", "", ".desc", ".asc.nullsfirst", ".nullslast", ".up"]);
    let term = (column(), way).prop_map(|(column, way)| column + &way);
    let related = (
        piece(&["teams", "chief_id", "notes", "people", "skills", "kinds"]),
        test(),
    );
    let tree = prop::collection::vec(test(), 1..4).prop_map(|tests| {
        let members: Vec<String> = tests.iter().map(|(column, test)| format!("{column}.{test}")).collect();
        format!("({})", members.join(","))
    });
    prop_oneof![
        4 => test(),
        2 => items(5).prop_map(|items| ("select".to_owned(), items)),
        2 => prop::collection::vec(term, 1..4).prop_map(|terms| ("order".to_owned(), terms.join(","))),
        2 => related.prop_map(|(relation, (column, test))| (format!("{relation}.{column}"), test)),
        1 => (piece(&["or", "and", "not.or", "teams.or", "people.not.and"]), tree),
        1 => (piece(&["limit", "offset", "teams.limit", "people.offset", "cursor"]), piece(&["0", "5", "x", "99999999999"])),
        1 => (piece(&["people.order", "notes.order"]), column()),
        1 => (piece(&["on_conflict", "columns"]), column()),
    ]
}

fn asked() -> impl Strategy<Value = String> {
    let resources = [
        "kinds",
        "kinds",
        "people",
        "people",
        "teams",
        "skills",
        "people_skills",
        "notes",
        "odd",
        "view",
        "keyless",
    ];
    let method = select(vec!["GET", "GET", "GET", "POST", "PUT", "PATCH", "DELETE"]);
    let item = piece(&[
        "",
        "",
        "",
        "",
        "/1",
        "/1,2",
        "/%27",
        "/6f6e0c86-9a55-4a5b-8f3a-0a8f8f1f8c11,x",
    ]);
    let prefer = piece(&[
        "",
        "",
        "\nprefer: count=exact",
        "\nprefer: count=estimated",
        "\nprefer: count=planned, return=representation",
        "\nprefer: resolution=merge-duplicates, handling=strict, max-affected=3",
        "\nprefer: resolution=ignore-duplicates",
    ]);
    let parameters = prop::collection::vec(parameter(), 0..5);
    (method, select(resources.to_vec()), item, parameters, prefer).prop_map(
        |(method, resource, item, parameters, prefer)| {
            let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
            let pairs: Vec<String> = parameters
                .iter()
                .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)))
                .collect();
            format!("{method} {resource}{item}?{}{prefer}", pairs.join("&"))
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn no_request_reaches_a_statement_but_as_a_value(text in asked()) {
        _ = Request::read(&text).run();
    }

    #[test]
    fn no_cursor_does(parameters in prop::collection::vec(parameter(), 0..3), values in any::<Vec<u8>>(), backward in any::<bool>()) {
        let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let pairs: Vec<String> = parameters.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
        for resource in ["kinds", "people", "odd"] {
            page_on(resource, &pairs.join("&"), &values, backward);
        }
    }
}
