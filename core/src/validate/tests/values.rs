//! Numbers, lists, vectors and documents: what is taken and what is refused.

use super::*;

#[test]
fn scalars() {
    table(
        &field("flag", Kind::Bool),
        &[
            ("true", Ok("true")),
            ("1", Err("bool_type: must be true or false")),
            ("null", Err("bool_type: must not be null")),
        ],
    );
    table(
        &nullable(field("flag", Kind::Bool)),
        &[("null", Ok("NULL")), ("false", Ok("false"))],
    );
    table(
        &field("int2", Kind::Int2),
        &[
            ("32767", Ok("32767")),
            ("-32768", Ok("-32768")),
            ("32768", Err("less_than_equal: must be at most 32767")),
            ("-1e5", Err("greater_than_equal: must be at least -32768")),
            ("12.0", Ok("12")),
            ("1e2", Ok("100")),
            ("-0", Ok("0")),
            ("1.5", Err("int_from_float: must be a whole number")),
            ("\"12\"", Err("int_type: must be an integer")),
            ("[]", Err("int_type: must be an integer")),
        ],
    );
    table(
        &field("int8", Kind::Int8),
        &[
            ("9223372036854775807", Ok("9223372036854775807")),
            (
                "9223372036854775808",
                Err("less_than_equal: must be at most 9223372036854775807"),
            ),
            ("-9223372036854775808", Ok("-9223372036854775808")),
            ("1e100000", Err("less_than_equal: must be at most 9223372036854775807")),
        ],
    );
    let mut as_string = field("int8", Kind::Int8);
    as_string.json = JsonForm::String;
    table(
        &as_string,
        &[
            ("\"12\"", Ok("12")),
            ("12", Ok("12")),
            ("\"x\"", Err("int_parsing: must be an integer")),
        ],
    );
    table(
        &field("float8", Kind::Float8),
        &[
            ("1.5e300", Ok("1.5e300")),
            (
                "1e400",
                Err("finite_number: must be within the range of a 64-bit float"),
            ),
            (
                "1e-400",
                Err("finite_number: must be within the range of a 64-bit float"),
            ),
            ("0e-400", Ok("0e-400")),
            ("\"1\"", Err("float_type: must be a number")),
        ],
    );
    table(
        &field("float4", Kind::Float4),
        &[
            ("3e38", Ok("3e38")),
            ("4e38", Err("finite_number: must be within the range of a 32-bit float")),
        ],
    );
    let price = Kind::Numeric {
        precision: Some(5),
        scale: Some(2),
    };
    table(
        &field("price", price),
        &[
            ("123.45", Ok("123.45")),
            ("1.50", Ok("1.50")),
            ("1.505", Err("decimal_max_places: must have at most 2 decimal places")),
            (
                "1234",
                Err("decimal_whole_digits: must have at most 3 digits before the decimal point"),
            ),
            ("123456", Err("decimal_max_digits: must have at most 5 digits")),
            (
                "1e3",
                Err("decimal_whole_digits: must have at most 3 digits before the decimal point"),
            ),
        ],
    );
    table(
        &field(
            "any",
            Kind::Numeric {
                precision: None,
                scale: None,
            },
        ),
        &[
            ("12345678901234567890.123456789", Ok("12345678901234567890.123456789")),
            (
                "1e-20000",
                Err("decimal_max_places: must have at most 16383 decimal places"),
            ),
        ],
    );
    table(
        &field("id", Kind::Uuid),
        &[
            (
                "\"0195E7A0-0000-7000-8000-00000000000A\"",
                Ok("0195e7a0-0000-7000-8000-00000000000a"),
            ),
            ("\"0195e7a0\"", Err("uuid_parsing: not a UUID")),
            ("1", Err("uuid_type: must be a string with a UUID")),
        ],
    );
    table(
        &field(
            "state",
            Kind::Enum {
                labels: vec!["new".into(), "open".into(), "won".into()],
            },
        ),
        &[
            ("\"open\"", Ok("open")),
            (
                "\"opne\"",
                Err("enum: must be one of 'new', 'open' or 'won'; did you mean 'open'?"),
            ),
            ("3", Err("string_type: must be a string")),
        ],
    );
    table(
        &field("data", Kind::Bytea),
        &[
            ("\"aGk=\"", Ok("\\x6869")),
            ("\"aGk\"", Ok("\\x6869")),
            ("\"_-8\"", Ok("\\xffef")),
            ("\"a\"", Err("base64_decode: not base64")),
        ],
    );
    table(
        &field("net", Kind::Other),
        &[
            ("\"10.0.0.0/8\"", Ok("10.0.0.0/8")),
            ("{}", Err("string_type: must be a string")),
        ],
    );
    table(&field("span", Kind::Range), &[("\"[1,5)\"", Ok("[1,5)"))]);
}

#[test]
fn number_rules() {
    let half = ruled(
        field(
            "n",
            Kind::Numeric {
                precision: None,
                scale: None,
            },
        ),
        |r| {
            (r.gt, r.lt, r.multiple_of) = (Decimal::parse("0"), Decimal::parse("10.5"), Decimal::parse("0.25"));
        },
    );
    table(
        &half,
        &[
            ("10.25", Ok("10.25")),
            ("0", Err("greater_than: must be greater than 0")),
            ("10.5", Err("less_than: must be less than 10.5")),
            ("3.1", Err("multiple_of: must be a multiple of 0.25")),
            (
                "-0.1",
                Err("greater_than: must be greater than 0 | multiple_of: must be a multiple of 0.25"),
            ),
        ],
    );
    let whole = ruled(field("n", Kind::Int4), |r| {
        (r.ge, r.le, r.multiple_of) = (
            Decimal::parse("0.5"),
            Decimal::parse("99999999999"),
            Decimal::parse("5"),
        );
    });
    table(
        &whole,
        &[
            ("5", Ok("5")),
            ("0", Err("greater_than_equal: must be at least 0.5")),
            ("7", Err("multiple_of: must be a multiple of 5")),
            ("5000000000", Err("less_than_equal: must be at most 2147483647")),
        ],
    );
    let error = body(&leads(Vec::new()), Model::Update, &parse(b"{\"score\":140}").unwrap()).unwrap_err();
    assert_eq!(error.violations()[0].ctx, Some(json!({"le": 100})));
    assert_eq!(error.violations()[0].input.as_ref().unwrap().get(), "140");
}

#[test]
fn lists() {
    let of = |kind: Kind| Kind::Array {
        item: Box::new(pg_type(kind)),
    };
    let tags = ruled(field("tags", of(TEXT)), |r| {
        (r.min_items, r.max_items) = (Some(1), Some(3));
        r.items = Some(Box::new(FieldRules {
            max_length: Some(5),
            normalize: vec![Normalize::Trim],
            ..FieldRules::default()
        }));
    });
    table(
        &tags,
        &[
            (
                r#"["a","b \"q\" \\ ",null]"#,
                Err("1 string_too_long: must have at most 5 characters"),
            ),
            (r#"["a","\"\\ ",null]"#, Ok(r#"{"a","\"\\",NULL}"#)),
            (r#"["NULL","",",{}"]"#, Ok(r#"{"NULL","",",{}"}"#)),
            ("[]", Err("too_short: must have at least 1 item")),
            (r#"["a","b","c","d"]"#, Err("too_long: must have at most 3 items")),
            (r#"["a",5]"#, Err("1 string_type: must be a string")),
            (r#"[["a"],["b"]]"#, Ok(r#"{{"a"},{"b"}}"#)),
            (r#""a""#, Err("list_type: must be an array")),
        ],
    );
    let grid = "list_type: must be an array as long as its neighbours, and not empty: nested arrays form a grid";
    table(
        &field("grid", of(Kind::Int4)),
        &[
            ("[]", Ok("{}")),
            ("[1,2.0,null]", Ok("{1,2,NULL}")),
            ("[[1,2],[3,4]]", Ok("{{1,2},{3,4}}")),
            ("[[1,2],[3]]", Err(&format!("1 {grid}"))),
            ("[[1],2]", Err(&format!("1 {grid}"))),
            ("[[]]", Err(&format!("0 {grid}"))),
            ("[1,[2]]", Err("1 int_type: must be an integer")),
            ("[[[[[[[1]]]]]]]", Err("list_type: must have at most 6 dimensions")),
        ],
    );
    table(
        &field("docs", of(Kind::Jsonb)),
        &[(r#"[[1],{"a":"b"}]"#, Ok(r#"{"[1]","{\"a\":\"b\"}"}"#))],
    );
    table(
        &field("at", of(Kind::TimestampTz)),
        &[(r#"["2024-01-31T10:30:00Z"]"#, Ok(r#"{"2024-01-31T10:30:00Z"}"#))],
    );
}

#[test]
fn vectors() {
    let cosine = ruled(field("v", Kind::Vector { dimensions: Some(3) }), |r| {
        r.metric = Some(Metric::Cosine)
    });
    table(
        &cosine,
        &[
            ("[1,-2.5,3e-2]", Ok("[1,-2.5,3e-2]")),
            ("[1,2]", Err("vector_dimensions: must have 3 dimensions, not 2")),
            (
                "[0,0,-0.0]",
                Err("vector_zero_norm: must not be all zeros: it has no direction to compare by cosine"),
            ),
            (
                "[1,\"2\",1e39]",
                Err("1 float_type: must be a number | 2 finite_number: must be within the range of a 32-bit float"),
            ),
            ("\"[1,2,3]\"", Err("list_type: must be an array of numbers")),
        ],
    );
    table(
        &field("v", Kind::Vector { dimensions: None }),
        &[
            ("[0]", Ok("[0]")),
            ("[]", Err("vector_dimensions: must have between 1 and 16000 dimensions")),
        ],
    );
    table(
        &field("h", Kind::HalfVec { dimensions: Some(1) }),
        &[
            ("[65504]", Ok("[65504]")),
            (
                "[65520]",
                Err("0 finite_number: must be within ±65504, the range of a 16-bit float"),
            ),
        ],
    );
    let half_cosine = ruled(field("h", Kind::HalfVec { dimensions: None }), |r| {
        r.metric = Some(Metric::Cosine)
    });
    table(
        &half_cosine,
        &[
            (
                "[1e-8,0]",
                Err("vector_zero_norm: must not be all zeros: it has no direction to compare by cosine"),
            ),
            ("[1e-7,0]", Ok("[1e-7,0]")),
            (
                "[-65505]",
                Err("0 finite_number: must be within ±65504, the range of a 16-bit float"),
            ),
        ],
    );
}

#[test]
fn sparse_vectors() {
    let wrong = "sparse_vector_parsing: not a sparse vector such as {1:0.5,7:2}/10";
    table(
        &field("s", Kind::SparseVec { dimensions: Some(10) }),
        &[
            ("\"{1:0.5,7:2}/10\"", Ok("{1:0.5,7:2}/10")),
            ("\"{}/10\"", Ok("{}/10")),
            ("\"{}/9\"", Err("vector_dimensions: must have 10 dimensions, not 9")),
            ("\"{0:1}/10\"", Err(wrong)),
            ("\"{1:1,1:2}/10\"", Err(wrong)),
            ("\"{1:x}/10\"", Err(wrong)),
            ("\"{1:NaN}/10\"", Err(wrong)),
            ("\"{1:1e39}/10\"", Err(wrong)),
            (
                "[1]",
                Err(
                    "model_type: must be an object with dimensions, indices and values, or a string such as {1:0.5,7:2}/10",
                ),
            ),
            (
                r#"{"dimensions":10,"indices":[7,1],"values":[2,0.5]}"#,
                Ok("{7:2,1:0.5}/10"),
            ),
            (r#"{"values":[],"indices":[],"dimensions":1e1}"#, Ok("{}/10")),
            (
                r#"{"dimensions":9,"indices":[1],"values":[1]}"#,
                Err(r#""dimensions" vector_dimensions: must have 10 dimensions, not 9"#),
            ),
            (
                r#"{"dimensions":10,"indices":[0,11,2,2,1.5,"1"],"values":[1,1e39,"NaN",null,1,1]}"#,
                Err(concat!(
                    r#""indices" 0 greater_than_equal: must be at least 1: indices count from 1 | "#,
                    r#""indices" 1 less_than_equal: must be at most 10, the dimensions | "indices" 3 value_error: is there twice | "#,
                    r#""indices" 4 int_type: must be an integer | "indices" 5 int_type: must be an integer | "#,
                    r#""values" 1 finite_number: must be within the range of a 32-bit float | "#,
                    r#""values" 2 float_type: must be a number | "values" 3 float_type: must be a number"#
                )),
            ),
            (
                r#"{"dimensions":10,"indices":[1,2],"values":[1]}"#,
                Err(r#""values" value_error: must be as many as the indices, 2, not 1"#),
            ),
            (
                r#"{"indices":1,"values":[],"size":1}"#,
                Err(
                    r#""dimensions" missing: is required | "size" extra_forbidden: is not a member of a sparse vector | "indices" list_type: must be an array of numbers"#,
                ),
            ),
        ],
    );
    let cosine = ruled(field("s", Kind::SparseVec { dimensions: None }), |r| {
        r.metric = Some(Metric::Cosine)
    });
    let zero = "vector_zero_norm: must not be all zeros: it has no direction to compare by cosine";
    table(
        &cosine,
        &[
            ("\"{}/3\"", Err(zero)),
            (r#"{"dimensions":3,"indices":[1],"values":[0.0]}"#, Err(zero)),
            (
                r#"{"dimensions":1000000001,"indices":[],"values":[]}"#,
                Err("\"dimensions\" vector_dimensions: must have between 1 and 1000000000 dimensions"),
            ),
        ],
    );
}

#[test]
fn documents() {
    table(
        &field("doc", Kind::Jsonb),
        &[
            (r#"{ "n": 1.10, "b": [1e2] }"#, Ok(r#"{"n":1.10,"b":[1e2]}"#)),
            (
                r#"{"a":[1e5000]}"#,
                Err(r#""a" 0 finite_number: must have at most 1000 digits on either side of the decimal point"#),
            ),
            ("null", Err("json_type: must not be null")),
            ("\"x\"", Ok("\"x\"")),
        ],
    );
    let source = json!({"type": "object", "properties": {"utm": {"type": "array", "items": {"type": "string"}}}, "required": ["utm"]});
    let shape = Shape {
        validator: Arc::new(jsonschema::validator_for(&source).unwrap()),
        source: Arc::new(source),
    };
    table(
        &ruled(field("meta", Kind::Jsonb), |r| r.schema = Some(shape)),
        &[
            (r#"{"utm":["a"]}"#, Ok(r#"{"utm":["a"]}"#)),
            (
                r#"{"utm":["a",2]}"#,
                Err(r#""utm" 1 json_schema: the value is not of type "string""#),
            ),
            ("{}", Err(r#"json_schema: "utm" is a required property"#)),
        ],
    );
}
