use super::*;

fn plain(sql: &str, kind: Kind) -> PgType {
    PgType {
        sql: sql.to_owned(),
        base: sql.to_owned(),
        kind,
        domain_rules: Vec::new(),
    }
}

fn show(definition: &str) -> String {
    let text = Kind::Text { max_length: None };
    let types = [
        ("score", plain("integer", Kind::Int4)),
        ("big", plain("bigint", Kind::Int8)),
        ("ratio", plain("double precision", Kind::Float8)),
        (
            "price",
            plain(
                "numeric(10,2)",
                Kind::Numeric {
                    precision: Some(10),
                    scale: Some(2),
                },
            ),
        ),
        ("name", plain("text", text.clone())),
        (
            "code",
            plain("character varying(20)", Kind::Text { max_length: Some(20) }),
        ),
        ("land", plain("character(2)", Kind::Text { max_length: Some(2) })),
        ("mail", plain("public.citext", text.clone())),
        (
            "status",
            plain(
                "public.status",
                Kind::Enum {
                    labels: vec!["new".to_owned(), "old".to_owned()],
                },
            ),
        ),
        (
            "tags",
            plain(
                "text[]",
                Kind::Array {
                    item: Box::new(plain("text", text.clone())),
                },
            ),
        ),
        ("raw", plain("bytea", Kind::Bytea)),
        ("day", plain("date", Kind::Date)),
        ("Odd name", plain("integer", Kind::Int4)),
        ("VALUE", plain("text", text)),
    ];
    let found = understand(definition, |name| {
        types.iter().find(|(n, _)| *n == name).map(|(_, t)| t)
    });
    let shown: Vec<String> = found
        .into_iter()
        .map(|(name, known)| {
            let rule = match known {
                Known::Ge(n) => format!(">={n}"),
                Known::Gt(n) => format!(">{n}"),
                Known::Le(n) => format!("<={n}"),
                Known::Lt(n) => format!("<{n}"),
                Known::MinLength(n) => format!(" len>={n}"),
                Known::MaxLength(n) => format!(" len<={n}"),
                Known::MinItems(n) => format!(" items>={n}"),
                Known::MaxItems(n) => format!(" items<={n}"),
                Known::Pattern(regex) => format!(" ~ {regex}"),
                Known::OneOf(words) => format!(" in {}", words.join("|")),
            };
            format!("{name}{rule}")
        })
        .collect();
    shown.join("; ")
}

#[test]
fn what_is_understood() {
    for (definition, expected) in [
        ("CHECK ((score >= 0))", "score>=0"),
        ("CHECK (((score >= 0) AND (score <= 100)))", "score>=0; score<=100"),
        ("CHECK ((0 < score))", "score>0"),
        ("CHECK ((score = 5))", "score>=5; score<=5"),
        ("CHECK ((score >= '-90'::integer))", "score>=-90"),
        ("CHECK (((score)::numeric > 0.5))", "score>0.5"),
        ("CHECK ((price >= (0)::numeric))", "price>=0"),
        ("CHECK (((price)::numeric >= (0)::numeric))", "price>=0"),
        ("CHECK ((price < '99999.99'::numeric))", "price<99999.99"),
        ("CHECK ((price > ('-90'::integer)::numeric))", "price>-90"),
        (
            "CHECK (((ratio >= (0)::double precision) AND (ratio <= (0.5)::double precision)))",
            "ratio>=0; ratio<=0.5",
        ),
        ("CHECK ((\"Odd name\" > 0))", "Odd name>0"),
        ("CHECK ((big > '5000000000'::bigint)) NOT VALID", "big>5000000000"),
        ("CHECK ((score > 0)) NO INHERIT", "score>0"),
        ("CHECK ((char_length(name) <= 200))", "name len<=200"),
        (
            "CHECK (((length(name) >= 2) AND (length(name) < 10)))",
            "name len>=2; name len<=9",
        ),
        ("CHECK ((length((code)::text) = 8))", "code len>=8; code len<=8"),
        ("CHECK ((length(TRIM(BOTH FROM name)) > 0))", "name len>=1"),
        ("CHECK ((length(btrim(name)) <= 10))", ""),
        ("CHECK ((name <> ''::text))", "name len>=1"),
        ("CHECK (((code)::text <> ''::text))", "code len>=1"),
        (
            "CHECK ((name = ANY (ARRAY['a'::text, 'it''s'::text])))",
            "name in a|it's",
        ),
        (
            "CHECK (((code)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[])))",
            "code in a|b",
        ),
        (
            "CHECK (((code)::text = ANY (ARRAY[('a'::character varying)::text, ('b'::character varying)::text])))",
            "code in a|b",
        ),
        (
            "CHECK ((land = ANY (ARRAY['DE'::bpchar, 'FR'::bpchar])))",
            "land in DE|FR",
        ),
        ("CHECK ((status = ANY (ARRAY['new'::public.status])))", "status in new"),
        ("CHECK (((name = 'a'::text) OR (name = 'b'::text)))", "name in a|b"),
        ("CHECK ((name ~ '^[a-z]+$'::text))", "name ~ ^[a-z]+$"),
        ("CHECK (((code)::text ~ '^[A-Z]{2}$'::text))", "code ~ ^[A-Z]{2}$"),
        ("CHECK ((array_length(tags, 1) <= 5))", "tags items<=5"),
        (
            "CHECK (((cardinality(tags) >= 1) AND (cardinality(tags) <= 5)))",
            "tags items>=1; tags items<=5",
        ),
        ("CHECK ((VALUE ~ '@'::text))", "VALUE ~ @"),
        (
            "CHECK (((score > 0) AND ((name ~~ '%x'::text) IS TRUE) AND (score < big)))",
            "score>0",
        ),
        (
            "CHECK (((score > 0) AND (mail OPERATOR(public.~) '^x'::public.citext)))",
            "score>0",
        ),
        ("CHECK ((length((mail)::text) <= 254))", "mail len<=254"),
    ] {
        assert_eq!(show(definition), expected, "{definition}");
    }
}

#[test]
fn what_stays_with_the_database() {
    for definition in [
        "CHECK (((score > 0) OR (score < '-10'::integer)))",
        "CHECK (((score IS NULL) OR (score > 0)))",
        "CHECK (((name = 'a'::text) OR (code = 'b'::text)))",
        "CHECK (((name = 'a'::text) OR (score = 1)))",
        "CHECK (((name = 'a'::text) OR (name ~ 'b'::text)))",
        "CHECK ((NOT (score > 0)))",
        "CHECK (((score > 0) IS NOT TRUE))",
        "CHECK ((score < big))",
        "CHECK (((score + 1) > 0))",
        "CHECK (((price)::integer >= 1))",
        "CHECK ((score > ALL (ARRAY[1, 2])))",
        "CHECK ((name = ANY (ARRAY['a'::text, NULL::text])))",
        "CHECK ((name <> 'a'::text))",
        "CHECK ((name >= 'a'::text))",
        "CHECK ((name !~ 'a'::text))",
        "CHECK ((name ~* '^a'::text))",
        "CHECK ((name ~ '^[[:alpha:]]+$'::text))",
        "CHECK ((land = 'D'::bpchar))",
        "CHECK ((land = ANY (ARRAY['D'::bpchar, 'FR'::bpchar])))",
        "CHECK ((char_length(land) <= 1))",
        "CHECK ((mail = 'a'::public.citext))",
        "CHECK ((octet_length(name) <= 5))",
        "CHECK ((length(raw) <= 5))",
        "CHECK ((public.length(name) <= 5))",
        "CHECK ((array_length(tags, 1) >= 1))",
        "CHECK ((array_length(tags, 2) <= 1))",
        "CHECK ((day > '2020-01-01'::date))",
        "CHECK ((price <= (0.555)::numeric(3,2)))",
        "CHECK ((score <= (0.5)::integer))",
        "CHECK ((ratio <= 'Infinity'::double precision))",
        "CHECK ((unknown > 0))",
        "CHECK ((score > 0)) NOT ENFORCED",
        "CHECK ((length(name) >= 0))",
        "CHECK ((length(name) < 0))",
        "CHECK (CASE WHEN (score > 0) THEN true ELSE false END)",
        "CHECK (((tags[1] = 'a'::text) AND (tags @> ARRAY['a'::text])))",
        "nonsense ((",
    ] {
        assert_eq!(show(definition), "", "{definition}");
    }
}

#[test]
fn the_narrower_bound_stays() {
    let mut rules = FieldRules::default();
    for known in [
        Known::Ge(Decimal::from(0)),
        Known::Ge(Decimal::from(5)),
        Known::Le(Decimal::from(100)),
        Known::Le(Decimal::from(200)),
        Known::MaxLength(9),
        Known::MaxLength(3),
        Known::OneOf(vec!["a".to_owned(), "b".to_owned()]),
        Known::OneOf(vec!["b".to_owned(), "c".to_owned()]),
    ] {
        known.narrow(&mut rules);
    }
    assert_eq!((rules.ge, rules.le), (Some(Decimal::from(5)), Some(Decimal::from(100))));
    assert_eq!(rules.max_length, Some(3));
    assert_eq!(rules.one_of.as_deref(), Some(&["b".to_owned()][..]));
}
