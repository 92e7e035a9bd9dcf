//! Every place of a request in which a string can stand.

use reqwest::Method;
use serde_json::json;

/// One request that carries a string somewhere.
pub struct Sent {
    pub method: Method,
    pub path: String,
    pub headers: Vec<(&'static str, Vec<u8>)>,
    pub body: Option<String>,
}

fn get(path: String) -> Sent {
    Sent {
        method: Method::GET,
        path,
        headers: Vec::new(),
        body: None,
    }
}

fn with_header(sent: Sent, name: &'static str, value: &str) -> Sent {
    let mut headers = sent.headers;
    headers.push((name, value.as_bytes().to_vec()));
    Sent { headers, ..sent }
}

fn written(method: Method, path: &str, body: String) -> Sent {
    Sent {
        method,
        body: Some(body),
        ..get(path.to_owned())
    }
}

/// What is not to be stored: everything happens but the commit.
fn undone(sent: Sent) -> Sent {
    with_header(sent, "prefer", "tx=rollback, return=representation")
}

/// How the names of places begin that there are for each column.
pub const COLUMN: &str = "column ";

/// Its name, and what makes a request that carries a string there.
pub type Place = (String, Box<dyn Fn(&str) -> Sent + Send + Sync>);

/// A place in a query string: `{}` stands for the string, encoded.
fn in_query(pattern: &str) -> Place {
    let owned = pattern.to_owned();
    let make = move |string: &str| get(format!("/api/{}", owned.replace("{}", &encoded(string))));
    (pattern.to_owned(), Box::new(make))
}

/// Encoded so that nothing in it separates anything.
pub fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// Inside of double quotes.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

/// Places in paths and query strings.
pub fn queries(columns: &[String]) -> Vec<Place> {
    let mut each: Vec<String> = Vec::new();
    for column in columns {
        let column = encoded(column);
        each.push(format!("kinds?{column}=eq.{{}}"));
        each.push(format!("kinds?or=({column}.not.in.({{}}),{column}.gte.{{}})"));
    }
    let mut patterns: Vec<String> = Vec::new();
    for operator in windlass_core::request::OPERATORS {
        let columns: &[&str] = match *operator {
            "cs" | "cd" => &["a_jsonb", "some_words", "a_range"],
            "ov" => &["some_words", "a_range"],
            "sl" | "sr" | "nxr" | "nxl" | "adj" => &["a_range"],
            "fts" | "plfts" | "phfts" | "wfts" => &["a_text", "a_json", "a_tsvector"],
            _ => &["a_text", "a_json->>a"],
        };
        patterns.extend(columns.iter().map(|column| format!("kinds?{column}={operator}.{{}}")));
    }
    for column in [
        "query", "path", "xml", "class", "proc", "kind", "config", "words", "paths", "ref", "mac", "lines",
    ] {
        for operand in ["eq.{}", "in.({})"] {
            patterns.push(format!("languages?{column}={operand}"));
        }
    }
    for pattern in [
        // Names, paths, casts, aggregates.
        "kinds?{}=eq.1",
        "kinds?{}.a=eq.1",
        "kinds?select={}",
        "kinds?select=*,{}",
        "kinds?select={}:a_text",
        "kinds?select={}:a_text,count()",
        "kinds?select=a_jsonb->{}",
        "kinds?select=a_jsonb->>{}::int",
        "kinds?select=x:a_jsonb->a->{}->>b,count()",
        "kinds?select=a_text::{}",
        "kinds?select=a_int4.{}()",
        "kinds?select=a_int4.sum()::{}",
        "kinds?select={}(id)",
        "kinds?select=...{}(id)",
        "kinds?select=id,lines({})",
        "kinds?select=id,lines!{}(note)",
        "kinds?select=id,{}:lines(note)",
        "kinds?select=id,lines({}:note)",
        "kinds?order={}",
        "kinds?order=a_text.{}",
        "kinds?order=a_jsonb->>{}",
        "kinds?order=a_jsonb->{},id.desc",
        "kinds?order=lines({})",
        "lines?select=note,kinds(id)&order=kinds({})",
        "lines?select=note,kinds(id)&order=kinds(a_jsonb->>{})",
        "kinds?limit={}",
        "kinds?offset={}",
        "kinds?cursor={}",
        "kinds?order=a_text&limit=1&cursor={}",
        // Logic, modifiers, lists.
        "kinds?or={}",
        "kinds?and=({})",
        "kinds?not.or=({},{})",
        "kinds?or=(a_text.{})",
        "kinds?or=(a_jsonb->>{}.eq.1,a_jsonb->{}.is.null)",
        "kinds?a_text={}",
        "kinds?a_text=not.{}",
        "kinds?a_text=fts({}).x",
        "kinds?a_text=wfts(english).{}",
        "kinds?a_tsvector=fts(simple).{}",
        "kinds?a_jsonb=phfts(german).{}",
        "kinds?a_text=eq({}).x",
        "kinds?a_text=eq(any).{{}}",
        "kinds?a_text=like(all).{{},a*}",
        "kinds?a_text=imatch(any).{{}}",
        "kinds?some_words=eq(any).{{}}",
        "kinds?a_jsonb->>{}=like.{}",
        "kinds?a_jsonb->{}->0->>{}=fts.x",
        "kinds?a_json->{}=eq.1",
        // Related rows.
        "kinds?select=id,lines(note)&lines.note=eq.{}",
        "kinds?select=id,lines(note)&lines.note=match.{}",
        "kinds?select=id,lines(note)&lines.{}=eq.1",
        "kinds?select=id,lines(note)&lines.order={}",
        "kinds?select=id,lines(note)&lines.limit={}",
        "kinds?select=id,lines(note)&lines.offset={}",
        "kinds?select=id,lines(note)&lines.or=(note.eq.{},line_no.in.({}))",
        "kinds?select=id,lines!inner()&{}.note=eq.x",
        "kinds?select=id,lines()&lines={}",
        "kinds?select=id,lines(note,parts(id))&lines.parts.id=eq.{}",
        "lines?select=note,kinds!inner(a_text)&kinds.a_text=ilike.{}",
        // Other resources, keys, paths.
        "kinds/{}",
        "kinds/1?select={}",
        "lines/{},1",
        "lines/1,{}",
        "plain_view?a_text=eq.{}",
        "sum_view?n=eq.{}&order={}",
        "kept?a_text=like.{}*",
        "{}",
        "{}/{}",
        "kinds/{}/{}",
        "../{}",
    ] {
        patterns.push(pattern.to_owned());
    }
    let mut places: Vec<Place> = patterns.iter().map(|pattern| in_query(pattern)).collect();
    places.extend(
        each.iter()
            .map(|pattern| in_query(pattern))
            .map(|(place, make)| (format!("{COLUMN}{place}"), make)),
    );
    // In quotes.
    for pattern in [
        "kinds?\"{}\"=eq.1",
        "kinds?select=\"{}\":a_text",
        "kinds?select=a_jsonb->\"{}\"",
        "kinds?order=a_jsonb->>\"{}\".desc",
        "kinds?a_jsonb->>\"{}\"=eq.1",
        "kinds?a_text=in.(\"{}\",\"x\")",
        "kinds?some_words=cs.{\"{}\"}",
        "kinds?or=(a_text.eq.\"{}\",a_jsonb->>\"{}\".like.\"{}\")",
        "kinds?a_text=like(any).{\"{}\"}",
        "kinds?select=id,\"{}\"(id)",
        "kinds?select=id,lines!\"{}\"(note)",
    ] {
        let owned = pattern.to_owned();
        let make = move |string: &str| get(format!("/api/{}", owned.replace("{}", &encoded(&escaped(string)))));
        places.push((format!("{pattern} (escaped)"), Box::new(make)));
    }
    places
}

/// Places in headers.
pub fn headers() -> Vec<Place> {
    let mut places: Vec<Place> = Vec::new();
    for name in [
        "prefer",
        "range",
        "range-unit",
        "accept",
        "if-none-match",
        "x-request-id",
        "authorization",
        "content-type",
    ] {
        let make = move |string: &str| with_header(get("/api/kinds?limit=2".to_owned()), name, string);
        places.push((format!("GET {name}"), Box::new(make)));
        let make = move |string: &str| with_header(get("/api/kinds/1".to_owned()), name, string);
        places.push((format!("GET item {name}"), Box::new(make)));
    }
    for (name, before) in [
        ("prefer", "handling=strict, return="),
        ("range", "items="),
        ("prefer", "count=exact, max-affected="),
    ] {
        let make = move |string: &str| with_header(get("/api/kinds".to_owned()), name, &format!("{before}{string}"));
        places.push((format!("{name}: {before}"), Box::new(make)));
    }
    for name in ["if-match", "if-none-match", "prefer"] {
        let make = move |string: &str| {
            let sent = written(Method::PATCH, "/api/kinds/1", "{\"a_int2\":1}".to_owned());
            undone(with_header(sent, name, &format!("\"{string}\"")))
        };
        places.push((format!("PATCH {name}"), Box::new(make)));
    }
    places
}

/// Places in bodies, and in the query strings of writes.
pub fn bodies(columns: &[String]) -> Vec<Place> {
    let mut places: Vec<Place> = Vec::new();
    let mut add = |name: String, make: Box<dyn Fn(&str) -> Sent + Send + Sync>| places.push((name, make));
    for column in columns {
        let column = column.clone();
        add(
            format!("{COLUMN}PATCH {column}"),
            Box::new(move |string| {
                undone(written(
                    Method::PATCH,
                    "/api/kinds/1",
                    json!({&column: string}).to_string(),
                ))
            }),
        );
    }
    for column in [
        "query", "path", "xml", "class", "proc", "kind", "config", "words", "ref", "mac", "lines",
    ] {
        add(
            format!("PATCH languages {column}"),
            Box::new(move |string| {
                undone(written(
                    Method::PATCH,
                    "/api/languages/1",
                    json!({column: string}).to_string(),
                ))
            }),
        );
    }
    let kept =
        |string: &str| json!({"a_text": string, "some_words": [string], "a_jsonb": {string: string}, "tags": [string]});
    add(
        "POST".to_owned(),
        Box::new(move |string| undone(written(Method::POST, "/api/kinds", kept(string).to_string()))),
    );
    add(
        "POST batch".to_owned(),
        Box::new(move |string| {
            let rows = json!([kept(string), {"a_text": "x", "a_json": [string]}]);
            undone(written(Method::POST, "/api/kinds", rows.to_string()))
        }),
    );
    add(
        "POST field names".to_owned(),
        Box::new(|string| {
            undone(written(
                Method::POST,
                "/api/kinds",
                json!({"a_text": "x", string: 1}).to_string(),
            ))
        }),
    );
    add(
        "POST anything".to_owned(),
        Box::new(|string| undone(written(Method::POST, "/api/kinds", string.to_owned()))),
    );
    for parameter in ["columns", "on_conflict", "select", "filter"] {
        add(
            format!("POST {parameter}"),
            Box::new(move |string| {
                let path = format!("/api/kinds?{parameter}={}", encoded(string));
                let sent = written(Method::POST, &path, json!({"a_text": "x"}).to_string());
                with_header(
                    sent,
                    "prefer",
                    "tx=rollback, resolution=merge-duplicates, missing=default",
                )
            }),
        );
    }
    add(
        "PATCH rows".to_owned(),
        Box::new(|string| {
            let path = format!(
                "/api/kinds?or=(a_text.eq.{0},a_jsonb->>{0}.eq.{0})&select=id,x:a_jsonb->{0}",
                encoded(string)
            );
            undone(written(Method::PATCH, &path, "{\"a_int2\":2}".to_owned()))
        }),
    );
    // No row has such a name, so none goes.
    add(
        "DELETE rows".to_owned(),
        Box::new(|string| Sent {
            method: Method::DELETE,
            ..get(format!("/api/kinds?a_text=eq.{}", encoded(string)))
        }),
    );
    add(
        "PUT".to_owned(),
        Box::new(|string| {
            undone(written(
                Method::PUT,
                &format!("/api/lines/{},{}", encoded(string), encoded(string)),
                json!({"kind_id": 1, "note": string}).to_string(),
            ))
        }),
    );
    // What is stored is the string and nothing else.
    add(
        "POST made".to_owned(),
        Box::new(|string| {
            let body = json!({"name": string, "note": string, "meta": {string: [string]}}).to_string();
            with_header(written(Method::POST, "/api/made", body), "x-made", "1")
        }),
    );
    add(
        "Idempotency-Key".to_owned(),
        Box::new(|string| {
            let sent = written(Method::POST, "/api/made", json!({"name": "key"}).to_string());
            with_header(sent, "idempotency-key", string)
        }),
    );
    places
}
