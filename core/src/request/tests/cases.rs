//! What is read, and where reading stops.

use super::print::{meaning, query};
use crate::request::query::parse;

/// As a client writes it, and as it is printed back where that differs.
const READ: &[(&str, &str)] = &[
    ("a=lt.1", ""),
    ("a=not.lt.1", ""),
    ("a=eq.", ""),
    ("a=eq.x.y,z)", ""),
    ("a=is.null", ""),
    ("a=is.NOT_NULL", "a=is.not_null"),
    ("a=not.is.unknown", ""),
    ("a=in.()", ""),
    (r#"a=in.(1,"b,\"c",)"#, r#"a=in.(1,"b,\"c","")"#),
    ("a=like.x*", "a=like.x%"),
    ("a=ilike.*x*", "a=ilike.%x%"),
    ("a=match.^x.*y$", ""),
    ("a=imatch.[a-z]*x", ""),
    ("a=isdistinct.5", ""),
    ("a=eq(any).{1,2}", ""),
    ("a=gte(all).{1, 2 }", "a=gte(all).{1,2}"),
    ("a=eq(any).{}", ""),
    (r#"a=like(any).{x*,"y,z*"}"#, r#"a=like(any).{x%,"y,z%"}"#),
    (r"a=eq(any).{a\,b}", r#"a=eq(any).{"a,b"}"#),
    ("a=not.match(all).{^a,b$}", ""),
    ("a=fts.cat", "a=fts.'cat'"),
    ("a=fts(English).cat", "a=fts(english).'cat'"),
    ("a=plfts.the cat", ""),
    ("a=phfts(german).die katze", ""),
    ("a=wfts.cat -dog", ""),
    ("a=cs.{1,2}", ""),
    (r#"a=cd.{"a":1}"#, ""),
    ("a=ov.[1,5)", ""),
    ("a=sl.[1,5)", ""),
    ("a=sr.[1,5)", ""),
    ("a=nxr.[1,5)", ""),
    ("a=nxl.[1,5)", ""),
    ("a=adj.[1,5)", ""),
    ("m->a->>b=eq.1", ""),
    ("m->0=eq.1", ""),
    ("m->-1->>k=eq.1", ""),
    (r#"m->>"0"=eq.1"#, ""),
    (r#"m->"a.b"->>c=eq.1"#, ""),
    (r#""a.b"=eq.1"#, ""),
    (r#""or"=eq.1"#, ""),
    ("with space=eq.1", ""),
    ("or=(a.lt.1,b.lt.2)", ""),
    ("not.and=(a.not.lt.1,or(b.lt.2,c.not.lt.3),not.or(a.lt.1))", ""),
    (r#"or=(a.in.(1,2),b.cs.{1,2},c.eq."x,y",d->>e.is.null)"#, ""),
    (r#"or=(a.cs.{"x":"}"},b.eq(any).{1,2})"#, ""),
    (r#"or=(a.eq(any)."{1,2}",not.eq.1)"#, "or=(a.eq(any).{1,2},not.eq.1)"),
    ("select=*", ""),
    ("select=a,b:c,*", ""),
    ("select= a , b : c", "select=a,b:c"),
    ("select=m->a->>b,x:m->0", ""),
    ("select=a::text,b:c->>d::int", "select=a::text,b:c->>d::int4"),
    ("select=a::double precision", "select=a::float8"),
    ("select=count()", ""),
    ("select=n:count()::int,a", "select=n:count()::int4,a"),
    ("select=a.sum(),t:b.avg()::int", "select=a.sum(),t:b.avg()::int4"),
    ("select=m->>k::numeric.max()::text", ""),
    ("select=count:a", ""),
    ("select=o(id,name)", ""),
    ("select=x:o!fk!inner(id),p!left(*)", "select=x:o!fk!inner(id),p(*)"),
    ("select=...o(a,b:c)", ""),
    ("select=o()", ""),
    ("select=a(b(c(d(e(f)))))", ""),
    (r#"select="a,b","x:y":"c(d""#, ""),
    (
        "order=a,b.desc,c.asc.nullsfirst,d.nullslast",
        "order=a,b.desc,c.nullsfirst,d.nullslast",
    ),
    ("order=m->>k.desc", ""),
    ("order=o(name).desc.nullslast", ""),
    ("order=o(m->>k)", ""),
    ("limit=5&offset=10", ""),
    ("o.a=eq.1&o.order=b.desc&o.limit=3&o.offset=1", ""),
    ("o.or=(a.eq.1,b.eq.2)&o.p.c=is.null", ""),
    ("o.not.and=(a.eq.1)", ""),
    (r#"o."p.q"->>r=eq.1"#, ""),
    ("cursor=AQ&limit=3", ""),
];

#[test]
fn reads() {
    let mut wrong = Vec::new();
    for (text, printed) in READ {
        let wanted = if printed.is_empty() { text } else { printed };
        match parse(text) {
            Ok(read) if query(&read) == *wanted && parse(wanted).ok().map(meaning) == Some(meaning(read.clone())) => {}
            Ok(read) => wrong.push(format!("{text}: {}", query(&read))),
            Err(error) => wrong.push(format!("{text}: {:?}", error.details())),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What cannot be read: the position, and part of what was expected.
const REFUSED: &[(&str, usize, &str)] = &[
    ("a=5", 1, "an operator"),
    ("a=qe.5", 1, "an operator"),
    ("a=eq", 1, "an operator"),
    ("a=not.", 5, "an operator"),
    ("a=in.5", 4, "`(`"),
    ("a=in.(1,2", 8, "`,` or `)`"),
    ("a=in.(1)x", 7, "the end"),
    ("a=is.maybe", 4, "null, not_null"),
    ("a=like.a\\", 8, "after the last"),
    ("a=like(some).{a}", 6, "any or all"),
    ("a=like(any).a", 11, "`{`"),
    ("a=like(any).{a", 13, "`,` or `}`"),
    ("a=like(any).{a}b", 14, "the end"),
    ("a=eq(any).{null}", 10, "in quotes"),
    ("a=eq(any).{1,}", 12, "a value"),
    ("a=eq(any).{{1}}", 10, "in quotes"),
    ("a=eq(any).{\\", 11, "a character after"),
    ("a=eq()5", 4, "a word and `)`"),
    ("a=eq(any)5", 8, "`.` and a value"),
    ("a=neq(any).{1}", 4, "takes nothing"),
    ("a=is(any).null", 3, "takes nothing"),
    ("a=cs(any).{1}", 3, "takes nothing"),
    ("a=fts(en'glish).a", 5, "a language"),
    ("a=fts(1a).a", 5, "a language"),
    ("a=fts.a b", 7, "`&`"),
    ("a=fts.", 5, "a word"),
    ("a=wfts", 1, "an operator"),
    ("a->=eq.1", 4, "a key"),
    ("a->>b->c=eq.1", 6, "no further step"),
    ("a(b)=eq.1", 2, "the end of the name"),
    ("a:b=eq.1", 2, "the end of the name"),
    (".a=eq.1", 1, "a column"),
    ("a.=eq.1", 3, "a column"),
    ("\"a=eq.1", 1, "a closing"),
    ("a.b.c.d.e.f.g=eq.1", 14, "relations"),
    ("or=a.lt.1", 1, "`(`"),
    ("or=(a.lt.1", 8, "`,` or `)`"),
    ("or=(a.lt.1)x", 9, "the end"),
    ("or=(\"a.lt.1)", 2, "closing"),
    ("or=()", 2, "a column"),
    ("or=(a)", 3, "`.` and an operator"),
    ("or=(a.lt.1,)", 9, "a column"),
    ("or=(a.xx.1)", 4, "an operator"),
    ("select=", 1, "a column"),
    ("select=a,", 3, "a column"),
    ("select=a:", 3, "a column"),
    ("select=a:b:c", 4, "`,` or the end"),
    ("select=a::foo", 4, "a type"),
    ("select=a::", 4, "a type"),
    ("select=a.total()", 3, "count()"),
    ("select=a.sum", 6, "`()`"),
    ("select=a.sum(b)", 6, "`()`"),
    ("select=*a", 2, "`,`"),
    ("select=o(a", 4, "`,` or `)`"),
    ("select=o(a))", 5, "`,` or the end"),
    ("select=o(a)b", 5, "`,` or the end"),
    ("select=o!(a)", 3, "inner, left"),
    ("select=o!inner", 8, "`(`"),
    ("select=...o", 5, "`(`"),
    ("select=...x:o(a)", 5, "no name"),
    ("select=a(b(c(d(e(f(g))))))", 12, "at most 5 levels"),
    ("select=m->", 4, "a key"),
    ("order=", 1, "a column"),
    ("order=a,", 3, "a column"),
    ("order=a.up", 3, "asc, desc"),
    ("order=a.nullslast.desc", 13, "`,` or the end"),
    ("order=a.desc.asc", 8, "nullsfirst"),
    ("order=o(a", 4, "`)`"),
    ("order=o(a)b", 5, "`,` or the end"),
    ("order=m->>k->x", 6, "no further step"),
];

#[test]
fn refuses() {
    let mut wrong = Vec::new();
    for (text, position, expected) in REFUSED {
        let error = parse(text).expect_err(text);
        let details = error.details().unwrap_or_default();
        if !details.starts_with(&format!("character {position}: expected ")) || !details.contains(expected) {
            wrong.push(format!("{text} ({position}): {details}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn limits() {
    let deep = format!("or={}a.eq.1{}", "(and".repeat(40), ")".repeat(40));
    let wide = format!("or=({})", vec!["a.eq.1"; 201].join(","));
    let spread = vec!["a=eq.1"; 201].join("&");
    let items = format!("select={}", vec!["a"; 1601].join(","));
    let terms = format!("order={}", vec!["a"; 33].join(","));
    let values = format!("a=in.({})", vec!["1"; 10_001].join(","));
    let some = format!("a=eq(any).{{{}}}", vec!["1"; 10_001].join(","));
    let regex = format!("a=match.{}", "x".repeat(1001));
    let name = format!("{}=eq.1", "x".repeat(257));
    let steps = format!("a{}=eq.1", "->b".repeat(33));
    let parts: Vec<String> = (0..33).map(|n| format!("r{n}.a=eq.1")).collect();
    for text in [
        deep,
        wide,
        spread,
        items,
        terms,
        values,
        some,
        regex,
        name,
        steps,
        parts.join("&"),
    ] {
        let error = parse(&text).expect_err(&text);
        assert!(
            error.details().unwrap_or_default().contains("at most"),
            "{error} {:?}",
            error.details()
        );
    }
    for twice in [
        "limit=1&limit=1",
        "o.limit=1&o.limit=2",
        "select=a&select=b",
        "order=a&order=b",
    ] {
        assert!(parse(twice).is_err(), "{twice}");
    }
}
